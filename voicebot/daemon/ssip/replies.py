"""What speech-dispatcher answers: the codes are those of its clients, the words those of its version 0.11.4; no I/O."""

from __future__ import annotations

from enum import StrEnum


class Reply(StrEnum):
    """The last line of an answer: 2xx done, 3xx could not, 4xx must not, 5xx not understood."""

    LANGUAGE_SET = "201 OK LANGUAGE SET"
    PRIORITY_SET = "202 OK PRIORITY SET"
    RATE_SET = "203 OK RATE SET"
    PITCH_SET = "204 OK PITCH SET"
    PUNCTUATION_SET = "205 OK PUNCTUATION SET"
    CAPITALS_SET = "206 OK CAP LET RECOGNITION SET"
    SPELLING_SET = "207 OK SPELLING SET"
    CLIENT_NAME_SET = "208 OK CLIENT NAME SET"
    VOICE_SET = "209 OK VOICE SET"
    STOPPED = "210 OK STOPPED"
    PAUSED = "211 OK PAUSED"
    RESUMED = "212 OK RESUMED"
    CANCELED = "213 OK CANCELED"
    OUTPUT_MODULE_SET = "216 OK OUTPUT MODULE SET"
    PAUSE_CONTEXT_SET = "217 OK PAUSE CONTEXT SET"
    VOLUME_SET = "218 OK VOLUME SET"
    SSML_MODE_SET = "219 OK SSML MODE SET"
    NOTIFICATION_SET = "220 OK NOTIFICATION SET"
    QUEUED = "225 OK MESSAGE QUEUED"
    NOTHING_TO_SAY = "227 OK MESSAGE CANCELED"
    RECEIVING = "230 OK RECEIVING DATA"
    BYE = "231 HAPPY HACKING"
    CLIENT_ID = "245 OK CLIENT ID SENT"
    HELP = "248 OK HELP SENT"
    VOICES = "249 OK VOICE LIST SENT"
    MODULES = "250 OK MODULE LIST SENT"
    GOT = "251 OK GET RETURNED"
    IN_BLOCK = "260 OK INSIDE BLOCK"
    OUT_OF_BLOCK = "261 OK OUTSIDE BLOCK"
    PITCH_RANGE_SET = "263 OK PITCH RANGE SET"

    INTERNAL = "300 ERR INTERNAL"
    NO_PRIORITY = "301 ERR COULDNT SET PRIORITY"
    NO_LANGUAGE = "302 ERR COULDNT SET LANGUAGE"
    NO_RATE = "303 ERR COULDNT SET RATE"
    NO_PITCH = "304 ERR COULDNT SET PITCH"
    NO_PUNCTUATION = "305 ERR COULDNT SET PUNCT MODE"
    NO_CAPITALS = "306 ERR COULDNT SET CAP LET RECOG"
    NO_SPELLING = "307 ERR COULDNT SET SPELLING"
    NO_VOICE = "309 ERR COULDNT SET VOICE"
    NO_CLIENT_NAME = "311 ERR COULDNT SET CLIENT_NAME"
    NO_NOTIFICATION = "316 ERR COULDNT SET NOTIFICATION"
    NO_DEBUGGING = "317 ERR COULDNT SET DEBUGGING"
    NO_VOICES = "321 ERR COULDNT LIST VOICES"
    ALREADY_IN_BLOCK = "330 ERR ALREADY INSIDE BLOCK"
    ALREADY_OUT_OF_BLOCK = "331 ERR ALREADY OUTSIDE BLOCK"
    NOT_IN_BLOCK = "332 ERR NOT ALLOWED INSIDE BLOCK"
    NOT_YET = "380 ERR NOT YET IMPLEMENTED"
    NO_CLIENT = "401 ERR NO CLIENT"
    NO_MESSAGE = "403 ERR NO MESSAGE"
    NO_SUCH_ID = "406 ERR ID DOESNT EXIST"
    UNKNOWN_PRIORITY = "408 ERR UNKNOWN PRIORITY"
    RATE_HIGH = "409 ERR RATE TOO HIGH"
    RATE_LOW = "410 ERR RATE TOO LOW"
    PITCH_HIGH = "411 ERR PITCH TOO HIGH"
    PITCH_LOW = "412 ERR PITCH TOO LOW"
    VOLUME_HIGH = "413 ERR VOLUME TOO HIGH"
    VOLUME_LOW = "414 ERR PITCH TOO LOW"  # its words, not ours
    PITCH_RANGE_HIGH = "415 ERR PITCH RANGE TOO HIGH"
    PITCH_RANGE_LOW = "416 ERR PITCH RANGE TOO LOW"
    INVALID = "500 ERR INVALID COMMAND"
    ENCODING = "501 ERR INVALID ENCODING"
    MISSING = "510 ERR MISSING PARAMETER"
    NO_NUMBER = "511 ERR PARAMETER NOT A NUMBER"
    NOT_ON_OR_OFF = "513 ERR PARAMETER NOT ON OR OFF"
    BAD_PARAMETER = "514 ERR PARAMETER INVALID"


class Happening(StrEnum):
    """What clients are told of their messages without asking."""

    INDEX_MARK = "700 INDEX MARK"
    BEGIN = "701 BEGIN"
    END = "702 END"
    CANCELED = "703 CANCELED"
    PAUSED = "704 PAUSED"
    RESUMED = "705 RESUMED"


NOTIFICATIONS = {
    "begin": Happening.BEGIN,
    "end": Happening.END,
    "cancel": Happening.CANCELED,
    "pause": Happening.PAUSED,
    "resume": Happening.RESUMED,
    "index_marks": Happening.INDEX_MARK,
}
"""What a client calls them when it switches them on or off."""


def encode(last: Reply | Happening, *data: object) -> bytes:
    """An answer, or an event: a line for each of `data`, whatever is in it, and the last one."""
    code = last[:3]
    lines = [f"{code}-{_one_line(str(one))}" for one in data]
    return "".join(f"{line}\r\n" for line in [*lines, last]).encode("utf-8", "replace")


def _one_line(text: str) -> str:
    """`text` without what would end its line; a tab stands between the columns of a list."""
    return "".join(" " if one != "\t" and not one.isprintable() else one for one in text)
