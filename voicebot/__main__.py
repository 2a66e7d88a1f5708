"""`python -m voicebot` is the `voicebot` command."""

from voicebot.cli.main import main

main()
