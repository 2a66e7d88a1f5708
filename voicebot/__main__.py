"""`voicebot`, and `python -m voicebot`."""

# These three are there when Python starts, where `signal` and even `__future__` would be read from files first.
import _signal  # type: ignore[import-not-found] # in C
import os
import sys

_signal.signal(_signal.SIGINT, lambda *_: os._exit(130))  # Ctrl-C ends it quietly from here on


def main() -> None:
    """Run the command."""
    _open_closed_streams()
    from voicebot.daemon.verbs import try_light  # what a daemon that runs is asked needs little of us

    code = try_light(sys.argv[1:])
    if code is not None:
        sys.stdout.flush()
        os._exit(code)
    if sys.argv[1:] == ["daemon", "run", "--detached"]:  # somebody waits for it to speak
        from voicebot.cli.daemon_process import run_detached

        run_detached()
    from voicebot.cli.main import main as run

    run()


def _open_closed_streams() -> None:
    """Let a standard stream that the caller has closed (`>&-`) lead nowhere.

    Python has none then, and the next file that is opened would get its number: a library's warning, written to
    standard error, would end in the history.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - until the end


if __name__ == "__main__":
    main()
