"""`voicebot`, and `python -m voicebot`."""

from __future__ import annotations

import os
import signal


def main() -> None:
    """Run the command. Ctrl-C ends it quietly from here on, before anything is imported that takes its time."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    from voicebot.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
