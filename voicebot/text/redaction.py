"""Takes secrets out of text that leaves the process: some servers repeat in an error what they were sent."""

from __future__ import annotations

import re
from collections.abc import Iterable

REDACTED = "[secret]"
_SHORTEST = 8
"""Characters; shorter ones are words such as EMPTY or ollama, which stand for no key and may stand in any reply."""
_USER_INFORMATION = re.compile(r"(?<=://)[^\s/?#@\"'<>]*:[^\s/?#\"'<>]*@")


def spellings(secrets: Iterable[str]) -> tuple[str, ...]:
    """What to look for in text: each secret as it is, in an address, in JSON and in Base64; the longest first."""
    import json  # not before there is a secret: `voicebot --help` would wait for them
    from base64 import b64encode
    from urllib.parse import quote

    found: set[str] = set()
    for secret in map(str.strip, secrets):
        if len(secret) >= _SHORTEST:
            found |= {secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1]}
            found.add(b64encode(secret.encode("utf-8", "replace")).decode())
    return tuple(sorted(found, key=len, reverse=True))


def redact(text: str, spelled: Iterable[str]) -> str:
    """`text` without the secrets that are `spelled` in it, as `spellings` names them."""
    for spelling in spelled:
        text = text.replace(spelling, REDACTED)
    return text


def without_passwords(text: str) -> str:
    """`text` without user and password in its addresses, for what is no person's own words."""
    return _USER_INFORMATION.sub("", text) if "://" in text else text
