"""An engine that speaks the protocol of pyttsx3_child.py and misbehaves when told.

`python engines.py WAYS LOG FILE [ja]`: WAYS are words with commas between: crash-on-start, hang-on-start,
fail-on-start. What is said decides the rest: see `misbehave`. Every start and every text is a line in LOG.
"""

from __future__ import annotations

import io
import json
import os
import struct
import sys
import time
import wave


def answer(header: dict[str, object], payload: bytes = b"") -> None:
    encoded = json.dumps(header).encode()
    sys.stdout.buffer.write(struct.pack(">II", len(encoded), len(payload)) + encoded + payload)
    sys.stdout.buffer.flush()


def sound(frames: int) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\1\0" * frames)
    return buffer.getvalue()


def misbehave(text: str, said_before: int) -> bool:
    """Do what `text` asks for; False if it asks for nothing of the kind."""
    if "hang" in text:
        time.sleep(3600)
    if "linger" in text:
        time.sleep(0.15)
    if "crash always" in text or ("crash once" in text and not said_before):
        os._exit(3)
    if "empty" in text:
        answer({}, sound(0))
    elif "nothing" in text:
        answer({})
    elif "garbage" in text:
        answer({}, b"<html>no sound</html>")
    elif "complain" in text:
        answer({"error": "ValueError: cannot say that"})
    elif "babble" in text:
        sys.stdout.buffer.write(b"\0\0\0\2\0\0\0\0??")
        sys.stdout.buffer.flush()
    else:
        return False
    return True


def main() -> None:
    ways, log = sys.argv[1].split(","), sys.argv[2]
    with open(log, "a+") as file:
        file.write(f"start {os.getpid()}\n")
    if "crash-on-start" in ways:
        os._exit(3)
    if "hang-on-start" in ways:
        time.sleep(3600)
    if "fail-on-start" in ways:
        answer({"error": "OSError: no engine"})
        return
    answer({"driver": "fake"})
    for line in sys.stdin:
        request = json.loads(line)
        if request["op"] == "voices":
            answer({"voices": [{"id": "x/anna", "name": "Anna", "languages": ["de"]}]})
            continue
        if request["op"] == "expect":
            with open(log, "a+") as file:
                file.write(f"expect {request['language']}\n")
            continue
        text = request["text"]
        with open(log, "a+") as file:
            file.seek(0)
            said_before = file.read().count(json.dumps(text))
            file.write(json.dumps(text) + "\n")
        if not misbehave(text, said_before):
            answer({}, sound(100 * len(text)))


if __name__ == "__main__":
    main()
