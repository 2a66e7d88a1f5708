"""A VOICEVOX engine on loopback: the real one's answers, made of captured shapes, and every way to misbehave.

with fake_voicevox() as engine:
    engine.answers["/synthesis"] = Answer(500, b'{"detail": "Internal Server Error"}')
    ... use engine.url ...
    assert engine.requests[-1].path == "/synthesis"
"""

from __future__ import annotations

import io
import json
import math
import re
import socket
import sys
import threading
import wave
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import parse_qsl, urlsplit

CONTRACTS = Path(__file__).parent / "data" / "contracts" / "voicevox"
FRAMES_A_SECOND = 93.75
INTERROGATIVE_SECONDS = 0.15

Json = Any  # Any: JSON, whose shape the tests know


def contract(name: str) -> Json:
    """Return a captured answer."""
    return json.loads((CONTRACTS / f"{name}.json").read_text(encoding="utf-8"))


OPENAPI = contract("openapi-requests")
QUERIES: Mapping[str, Json] = {
    captured["request"]["query"]["text"]: captured["response"]
    for captured in (contract(path.stem) for path in sorted(CONTRACTS.glob("audio_query-*.json")))
}
SPEAKERS: Json = [
    {
        "name": character,
        "speaker_uuid": f"00000000-0000-4000-8000-{number:012}",
        "styles": [{"name": style, "id": style_id, "type": type_} for style, style_id, type_ in styles],
        "version": "0.16.0",
        "supported_features": {"permitted_synthesis_morphing": "ALL"},
    }
    for number, (character, styles) in enumerate(
        {
            "四国めたん": [("ノーマル", 2, "talk"), ("あまあま", 0, "talk"), ("ささやき", 36, "talk")],
            "ずんだもん": [("ヒソヒソ", 38, "sing"), ("ノーマル", 3, "talk"), ("あまあま", 1, "talk")],
            "春日部つむぎ": [("ノーマル", 8, "talk")],
        }.items()
    )
]


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer in place of the right thing."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request that arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Json = None


@dataclass(slots=True)
class FakeVoicevox:
    """The engine; its fields may be changed while it runs."""

    port: int = 0
    """Where to listen; 0: on a free port."""
    url: str = ""
    generation: Literal["0.25.2", "0.26.0"] = "0.26.0"
    """The older one takes any style id and a body without content type."""
    speakers: Json = field(default_factory=lambda: SPEAKERS)
    brand: str = "VOICEVOX"
    """brand_name of its manifest."""
    sample_rate: int = 24_000
    """outputSamplingRate of its queries, and default_sampling_rate of its manifest."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """Path → what it answers instead."""
    next_answers: dict[str, list[Answer]] = field(default_factory=dict)
    """Path → what it answers instead, once each."""
    delays: dict[str, float] = field(default_factory=dict)
    """Path → seconds until it answers."""
    hang_ups: set[str] = field(default_factory=set)
    """Paths at which it hangs up instead of answering."""
    requests: list[Recorded] = field(default_factory=list)
    most_at_once: int = 0
    """The largest number of requests it worked at, at the same time."""
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Released once for every request."""
    closing: threading.Event = field(default_factory=threading.Event)
    mistakes: list[BaseException] = field(default_factory=list)
    """What went wrong in the fake itself."""
    working: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def paths(self) -> list[str]:
        """The paths of the requests so far, in order."""
        return [request.path for request in self.requests]

    def last(self, path: str) -> Recorded:
        """Return the latest request to `path`."""
        return next(request for request in reversed(self.requests) if request.path == path)

    def style_types(self) -> dict[int, str]:
        """Return the type of every style by its id."""
        return {style["id"]: style.get("type", "talk") for speaker in self.speakers for style in speaker["styles"]}


class Refused(Exception):
    """The engine says no."""

    def __init__(self, status: int, content: Json) -> None:
        super().__init__(status)
        self.answer = Answer(status, json.dumps(content, ensure_ascii=False).encode())


# ---------------------------------------------------------------- what it says


def audio_query(text: str, sample_rate: int) -> Json:
    """Return the captured query for `text`, or one like it: a mora for each letter, a phrase for each comma."""
    first_line = text.split("\n")[0]  # as the engine does
    query = QUERIES.get(first_line)
    if query is None:
        query = {**QUERIES[""], "accent_phrases": _accent_phrases(first_line)}
    return {**query, "outputSamplingRate": sample_rate}


def _accent_phrases(text: str) -> list[Json]:
    question = text.rstrip("」』 ").endswith(("?", "？"))
    phrases = [
        {
            "moras": [_mora(character) for character in part],
            "accent": 1,
            "pause_mora": _mora("、", vowel="pau", pitch=0.0),
            "is_interrogative": False,
        }
        for part in ("".join(re.findall(r"\w", part)) for part in re.split("[、。,.!?！？ ]+", text))
        if part
    ]
    if phrases:
        phrases[-1] |= {"pause_mora": None, "is_interrogative": question}
    return phrases


def pitched(phrase: Json) -> Json:
    """Return the phrase with the pitch of its accent: high up to it."""
    moras = [{**mora, "pitch": 6.0 if at <= phrase["accent"] else 5.0} for at, mora in enumerate(phrase["moras"], 1)]
    return {**phrase, "moras": moras}


def _mora(text: str, *, vowel: str = "a", pitch: float = 5.5) -> Json:
    length = 0.32 if vowel == "pau" else 0.11
    return {
        "text": text,
        "consonant": None,
        "consonant_length": None,
        "vowel": vowel,
        "vowel_length": length,
        "pitch": pitch,
    }


def speech_frames(query: Json, *, upspeak: bool = True) -> int:
    """Return the length of a query's audio in the engine's frames, rounded phoneme by phoneme as it does."""
    lengths: list[float] = [query["prePhonemeLength"]]
    for phrase in query["accent_phrases"]:
        for mora in phrase["moras"]:
            if mora.get("consonant") is not None:
                lengths.append(mora["consonant_length"])
            lengths.append(mora["vowel_length"])
        if upspeak and phrase.get("is_interrogative") and phrase["moras"] and phrase["moras"][-1]["pitch"] > 0:
            lengths.append(INTERROGATIVE_SECONDS)
        if (pause := phrase.get("pause_mora")) is not None:
            own = query.get("pauseLength")
            lengths.append((pause["vowel_length"] if own is None else own) * query.get("pauseLengthScale", 1))
    lengths.append(query["postPhonemeLength"])
    speed: float = query["speedScale"]
    return sum(round(length / speed * FRAMES_A_SECOND) for length in lengths)


def speech_samples(query: Json) -> int:
    """Return the length of a query's audio in samples."""
    sample_rate: int = query["outputSamplingRate"]
    return round(speech_frames(query) * sample_rate / FRAMES_A_SECOND)


def tone_wav(samples: int, sample_rate: int, *, channels: int = 1, sample_bytes: int = 2) -> bytes:
    """Return a WAV file with a tone of 440 Hz."""
    wave_form = array("h", (round(8000 * math.sin(2 * math.pi * 440 * i / sample_rate)) for i in range(samples)))
    pcm = b"".join(sample.to_bytes(2, "little", signed=True)[-sample_bytes:] * channels for sample in wave_form)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((channels, sample_bytes, sample_rate, 0, "NONE", ""))
        file.writeframes(pcm)
    return buffer.getvalue()


# ---------------------------------------------------------------- what it refuses


def fault(type_: str, loc: list[str | int], message: str, value: Json) -> Refused:
    """Return a refusal in the shape of FastAPI's validation errors."""
    return Refused(422, {"detail": [{"type": type_, "loc": loc, "msg": message, "input": value}]})


def check_query(operation: Json, query: Mapping[str, str]) -> dict[str, Json]:
    """Return the parameters with their types; a name that the OpenAPI does not know is a mistake of the client."""
    known = {parameter["name"]: parameter for parameter in operation.get("parameters", [])}
    if unknown := sorted(set(query) - set(known)):
        raise fault("extra_forbidden", ["query", unknown[0]], "Extra inputs are not permitted", query[unknown[0]])
    values: dict[str, Json] = {}
    for name, parameter in known.items():
        loc: list[str | int] = ["query", name]
        if name not in query:
            if parameter.get("required"):
                raise fault("missing", loc, "Field required", None)
            continue
        text = query[name]
        match parameter["schema"]["type"]:
            case "integer":
                try:
                    values[name] = int(text)
                except ValueError:
                    message = "Input should be a valid integer, unable to parse string as an integer"
                    raise fault("int_parsing", loc, message, text) from None
            case "boolean":
                if text not in ("true", "false", "1", "0"):
                    raise fault("bool_parsing", loc, "Input should be a valid boolean", text)
                values[name] = text in ("true", "1")
            case _:
                values[name] = text
    return values


def check_body(schema: Json, value: Json, loc: list[str | int]) -> None:
    """Raise Refused for the first field that is missing or of another type than the OpenAPI says."""
    if "$ref" in schema:
        schema = OPENAPI["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        if value is None:
            return
        schema = schema["anyOf"][0]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "object": isinstance(value, dict),
        "array": isinstance(value, list),
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "number": number,
        "integer": number and float(value).is_integer(),
    }[schema["type"]]
    if not fits:
        raise fault(f"{schema['type']}_type", loc, f"Input should be a valid {schema['type']}", value)
    if schema["type"] == "array":
        for index, item in enumerate(value):
            check_body(schema["items"], item, [*loc, index])
    if schema["type"] == "object":
        for name, field_schema in schema["properties"].items():
            if name not in value:
                if name in schema["required"]:
                    raise fault("missing", [*loc, name], "Field required", value)
            elif value[name] is not None or name in schema["required"]:  # the engine takes null for what is optional
                check_body(field_schema, value[name], [*loc, name])


# ---------------------------------------------------------------- the server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def engine(self) -> FakeVoicevox:
        return cast("_Server", self.server).engine  # cast: the base class does not know which server it serves

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        engine = self.engine
        url = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body: Json = None
        if content:
            try:
                body = json.loads(content)
            except ValueError:
                body = content.decode(errors="replace")
        query = dict(parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
        request = Recorded(self.command, url.path, query, headers, body)
        with engine.lock:
            engine.requests.append(request)
            engine.working += 1
            engine.most_at_once = max(engine.most_at_once, engine.working)
        engine.arrived.release()
        try:
            engine.closing.wait(engine.delays.get(request.path, 0.0))
            if request.path in engine.hang_ups:
                self.close_connection = True
                return
            once = engine.next_answers.get(request.path)
            answer = once.pop(0) if once else engine.answers.get(request.path) or self._right_answer(request)
        except Refused as refused:
            answer = refused.answer
        finally:
            with engine.lock:
                engine.working -= 1
        self.send_response(answer.status)
        if answer.status != 204:
            self.send_header("content-type", answer.content_type)
            self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _right_answer(self, request: Recorded) -> Answer:
        engine = self.engine
        if "origin" in request.headers:
            raise Refused(403, {"detail": "Origin not allowed"})
        operations = OPENAPI["paths"].get(request.path)
        if operations is None:
            raise Refused(404, {"detail": "Not Found"})
        operation = operations.get(request.method.lower())
        if operation is None:
            raise Refused(405, {"detail": "Method Not Allowed"})
        query = check_query(operation, request.query)
        if "speaker" in query:
            self._check_style(query["speaker"])
        match request.path:
            case "/version":
                return _json(engine.generation)
            case "/speakers":
                return _json(engine.speakers)
            case "/engine_manifest":
                own = {"brand_name": engine.brand, "default_sampling_rate": engine.sample_rate}
                return _json({**contract("engine_manifest"), **own})
            case "/initialize_speaker":
                return Answer(204)
            case "/audio_query":
                return _json(audio_query(query["text"], engine.sample_rate))
            case "/mora_data":
                check_body(operation["requestBody"]["content"]["application/json"]["schema"], request.body, ["body"])
                return _json([pitched(phrase) for phrase in request.body])
            case _:
                return self._synthesis(request)

    def _check_style(self, style_id: int) -> None:
        type_ = self.engine.style_types().get(style_id)
        if self.engine.generation == "0.25.2":
            return  # takes any
        if type_ is None:
            raise Refused(422, {"message": "指定されたスタイルが見つかりませんでした。"})
        if type_ in ("sing", "singing_teacher", "frame_decode"):
            raise Refused(422, {"message": "指定されたスタイルはこの機能をサポートしていません。"})

    def _synthesis(self, request: Recorded) -> Answer:
        is_json = request.headers.get("content-type", "").startswith("application/json")
        if not is_json and self.engine.generation != "0.25.2":
            message = "Input should be a valid dictionary or object to extract fields from"
            raise fault("model_attributes_type", ["body"], message, json.dumps(request.body))
        if not isinstance(request.body, dict):
            raise fault("json_invalid", ["body", 1], "JSON decode error", {})
        query = request.body
        check_body({"$ref": "#/components/schemas/AudioQuery"}, query, ["body"])
        if query["speedScale"] <= 0 or query["outputSamplingRate"] <= 0:
            raise Refused(500, {"detail": "Internal Server Error"})
        channels = 2 if query["outputStereo"] else 1
        wav = tone_wav(speech_samples(query), query["outputSamplingRate"], channels=channels)
        return Answer(200, wav, "audio/wav")

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


def _json(value: Json) -> Answer:
    return Answer(200, json.dumps(value, ensure_ascii=False).encode())


class _Server(ThreadingHTTPServer):
    # With these two, closing waits for the threads of all connections.
    daemon_threads = False
    block_on_close = True

    def __init__(self, engine: FakeVoicevox) -> None:
        super().__init__(("127.0.0.1", engine.port), _Handler)
        self.engine = engine
        self._open: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, Any]:  # Any: an address, as in the base class
        connection, address = super().get_request()
        with self.engine.lock:
            self._open.add(connection)
        return connection, address

    def close_request(self, request: Any) -> None:  # Any: as in the base class
        with self.engine.lock:
            self._open.discard(request)
        super().close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  Any: as in the base class
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):  # a client may hang up
            self.engine.mistakes.append(error)

    def stop(self) -> None:
        """Hang up on everyone and wait until every thread has ended."""
        self.engine.closing.set()
        self.shutdown()
        with self.engine.lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the other side was first
        self.server_close()


@contextmanager
def fake_voicevox(**behaviour: Any) -> Iterator[FakeVoicevox]:  # Any: fields of FakeVoicevox
    """Run an engine on 127.0.0.1."""
    engine = FakeVoicevox(**behaviour)
    server = _Server(engine)
    engine.port = server.server_address[1]
    engine.url = f"http://127.0.0.1:{engine.port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield engine
    finally:
        server.stop()
        thread.join()
    if engine.mistakes:
        raise engine.mistakes[0]


@contextmanager
def nobody_there() -> Iterator[str]:
    """Yield a URL at which nobody listens."""
    # Bound and not listening: refused, and nobody else gets the port meanwhile.
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}"
