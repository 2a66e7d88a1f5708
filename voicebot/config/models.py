"""What config.toml can say: one model a section, a tagged union where a section chooses a kind."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    StringConstraints,
    WithJsonSchema,
    field_validator,
    model_validator,
)

Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$", strip_whitespace=True)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


Factory = Annotated[str, StringConstraints(pattern=r"^([\w.]+:[\w.]+|[\w.-]+)?$", strip_whitespace=True)]
"""What makes a part: "package.module:attribute", or the name of an installed plugin."""
STRATEGIES = ("adaptive", "sentence", "punctuation", "newline")


AMQP_SCHEME = re.compile(r"amqps?://\S+")


def _amqp_url(url: SecretStr) -> SecretStr:
    if url.get_secret_value() and not AMQP_SCHEME.fullmatch(url.get_secret_value()):
        raise ValueError("it begins with amqp:// or amqps://")
    return url


def _known_strategy(strategy: str) -> str:
    """One of ours, an import path, or the name of an installed plugin."""
    if strategy in STRATEGIES or re.fullmatch(r"[\w.]+:[\w.]+", strategy):
        return strategy
    from voicebot.plugins.installed import installed_plugins

    if any(plugin.name == strategy for plugin in installed_plugins("chunking")):
        return strategy
    raise ValueError("Input should be 'adaptive', 'sentence', 'punctuation', 'newline' or package.module:attribute")


class Section(BaseModel):
    """A table of config.toml: unknown keys are errors, numbers may stand where text is wanted."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, allow_inf_nan=False, str_strip_whitespace=False
    )


# ---------------------------------------------------------------- chat


class ChatServer(Section):
    """What every chat server has in common."""

    model: str = ""
    """Name of the model; empty: the server's first one."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    """0 sober … 2 wild; left to the server when unset."""
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    """Longest reply in model tokens; left to the server when unset."""
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    """Choose among the likeliest words that make up this share; left to the server when unset."""
    seed: int | None = None
    """The same seed gives the same reply, where the server can do that."""
    stop: tuple[str, ...] = ()
    """The reply ends before any of these texts."""
    think: bool | Literal["low", "medium", "high", "max"] | None = None
    """Let the model think before it answers (never spoken; costs time); unset: not with Ollama."""
    headers: dict[str, SecretStr] = {}
    """Sent with every request, such as { X-Title = "voicebot" }; never printed."""
    query: dict[str, SecretStr] = {}
    """Appended to the address of every request, such as { api-version = "2024-10-21" }; never printed."""
    spoken_field: str = ""
    """Where a reply is one JSON object, this field of it is spoken as it streams; the rest is an event."""
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    """How often to resend a request that failed before any of its reply came."""
    connect_timeout_seconds: Seconds = 5.0
    first_delta_timeout_seconds: Seconds = 120.0
    """How long the server may load the model and read the prompt."""
    idle_timeout_seconds: Seconds = 30.0
    """How long a reply may pause once it runs."""


class ChatAuto(ChatServer):
    """A chat server found on this machine, otherwise the demo."""

    kind: Literal["auto"] = "auto"
    base_url: Url | None = None
    """Look here and nowhere else; unset: the usual ports of Ollama, llama.cpp and LM Studio."""
    api_key: SecretStr = SecretStr("")
    """For a server that needs one; better in the environment: VOICEBOT_CHAT__API_KEY."""


class ChatOllama(ChatServer):
    """Ollama's own API."""

    kind: Literal["ollama"]
    base_url: Url = "http://127.0.0.1:11434"
    """Unset: the address in OLLAMA_HOST, if that is set."""
    api: Literal["chat", "generate"] = "chat"
    """generate: the whole conversation as one prompt, for models without a chat template; no tools."""
    keep_alive: str = "5m"
    """How long the server keeps the model loaded."""
    num_ctx: Annotated[int, Field(ge=0)] = 0
    """Length of the model's context in model tokens; 0: the server decides."""
    format: Literal["", "json"] | dict[str, Any] = ""  # Any: a JSON schema
    """json, or a JSON schema: the reply has this form."""
    options: dict[str, JsonValue] = {}
    """Any other model options of the server, such as repeat_penalty."""


class ChatOpenAI(ChatServer):
    """Any server that speaks OpenAI's /v1/chat/completions."""

    kind: Literal["openai"]
    base_url: Url = "http://127.0.0.1:8000/v1"
    """Up to and including /v1; one without it is tried with it."""
    api_key: SecretStr = SecretStr("")
    """Better in the environment: VOICEBOT_CHAT__API_KEY, or OPENAI_API_KEY for api.openai.com."""
    api_key_file: str = ""
    """A file that holds the API key and that only you can read; used where api_key is empty."""
    response_format: Literal["text", "json_object"] | dict[str, Any] = "text"  # Any: it holds a JSON schema
    """Form of the reply: text, json_object, or a table as the API expects it, with type = "json_schema"."""
    include_usage: bool = True
    """Ask the server for its count of model tokens."""
    options: dict[str, JsonValue] = {}
    """Anything else that the server takes, merged into each request, such as { reasoning_effort = "low" }."""
    n: Annotated[int, Field(ge=1, le=16)] = 1
    """How many replies to ask for; the first is spoken."""


class ChatDemo(Section):
    """The small built-in conversationalist: no server, no key, English and Japanese."""

    kind: Literal["demo"]
    deltas_per_second: Annotated[float, Field(gt=0, le=10_000)] = 30.0


class ChatLangChain(Section):
    """A LangChain chat model, chain or agent of your own (LangGraph included)."""

    kind: Literal["langchain"]
    runnable: Annotated[str, StringConstraints(pattern=r"^([\w.]+:[\w.]+)?$", strip_whitespace=True)] = ""
    """Where it is, as "package.module:attribute"; a function there that takes nothing is called for it."""
    input: Literal["messages", "text"] = "messages"
    """What it is asked with: the conversation, or the last message alone."""
    input_key: str = ""
    """Its key in the dict that the runnable takes; empty: no dict, and "messages" for a graph."""
    spoken_field: str = ""
    """Where a reply is one JSON object, this field of it is spoken as it streams; the rest is an event."""


class ChatPlugin(Section):
    """A chat model made elsewhere."""

    kind: Literal["plugin"]
    factory: Factory = ""
    """What makes it: "package.module:attribute", or the name of an installed plugin."""
    options: dict[str, Any] = {}  # Any: whatever the factory takes
    """What the factory is called with, by keyword."""


class ChatPiped(Section):
    """Whatever arrives on standard input is the reply."""

    kind: Literal["piped"]


ChatConfig = Annotated[
    ChatAuto | ChatOllama | ChatOpenAI | ChatDemo | ChatLangChain | ChatPlugin | ChatPiped, Field(discriminator="kind")
]

# ---------------------------------------------------------------- chunking


class ChunkingConfig(Section):
    """How the reply is cut into what is spoken at a time."""

    strategy: Annotated[
        str,
        AfterValidator(_known_strategy),
        WithJsonSchema({"anyOf": [{"enum": [*STRATEGIES]}, {"type": "string"}]}),
    ] = "adaptive"
    """adaptive: clauses and sentences, as much at a time as the queued audio allows; the others: piece by piece.

    One of your own: "package.module:attribute", or the name of an installed plugin.
    """
    options: dict[str, Any] = {}  # Any: whatever it takes
    """What a strategy of your own is made with, by keyword."""
    delimiters: Annotated[str, StringConstraints(min_length=1)] = "。、！？，．｡､!?,.;:；：…"
    """For `punctuation`: cut after any of these characters."""
    max_characters: Annotated[int, Field(ge=10, le=2000)] = 300
    """Cut here at the latest, at whitespace or a comma if there is one."""
    idle_seconds: Seconds = 0.3
    """Say a finished sentence when the model has paused this long."""
    min_seconds: Annotated[float, Field(ge=0, le=10)] = 0.4
    """For `adaptive`: what takes less to say (estimated) waits for what comes next, unless it is a sentence."""
    max_seconds: Annotated[float, Field(ge=1, le=60)] = 6.0
    """For `adaptive`: sentences are joined up to this length (estimated)."""
    phrase_after_seconds: Seconds = 0.8
    """For `adaptive`: break a clause without commas where there would otherwise be a longer silence than this."""
    patience_seconds: Seconds = 2.0
    """For `adaptive`: say even an unfinished clause when the model has paused this long and nothing can be heard."""


# ---------------------------------------------------------------- spoken


class SpokenConfig(Section):
    """What is said of the things in a reply that are not prose."""

    language: Literal["auto", "en", "ja"] = "auto"
    """Language of notices and joining words; auto: that of the reply, by its script."""
    code: Literal["skip", "describe", "read"] = "skip"
    """A code block: a short notice, its language and number of lines, or the code itself."""
    tables: Literal["read", "describe", "skip"] = "read"
    """A table: row by row, its number of rows, or a short notice."""
    urls: Literal["host", "read", "skip"] = "host"
    """An address: its host, all of it, or "the link"."""
    emoji: Literal["skip", "keep"] = "skip"
    """keep: leave them to the voice, for engines that can say them."""
    actions: Literal["skip", "read"] = "skip"
    """*waves* and the like."""
    emotion_tags: tuple[str, ...] = ()
    """Names of [tags] for an avatar, besides the usual ones: neither shown nor spoken."""


# ---------------------------------------------------------------- tts


class TtsPyttsx3(Section):
    """The voice of the operating system (espeak-ng on Linux) through pyttsx3."""

    kind: Literal["pyttsx3"] = "pyttsx3"
    voice: str = ""
    """Id or name as `voicebot voices` lists them; empty: the system's voice, and a Japanese one for Japanese text."""
    rate: Annotated[int, Field(ge=50, le=500)] = 200
    """Words a minute."""
    volume: Annotated[float, Field(ge=0, le=1)] = 1.0
    timeout_seconds: Seconds = 10.0
    """After this the sentence is given up, and the engine restarted."""


class TtsVoicevox(Section):
    """A VOICEVOX engine (or AivisSpeech, which speaks the same API on port 10101)."""

    kind: Literal["voicevox"]
    base_url: Url = "http://127.0.0.1:50021"
    voice: int | str = ""
    """Style id, "character/style" or "character"; empty: the engine's first style."""
    speed: Annotated[float, Field(ge=0.1, le=10)] = 1.0
    pitch: Annotated[float, Field(ge=-0.15, le=0.15)] = 0.0
    intonation: Annotated[float, Field(ge=0, le=2)] = 1.0
    volume: Annotated[float, Field(ge=0, le=2)] = 1.0
    timeout_seconds: Seconds = 60.0


class TtsTone(Section):
    """A beep as long as the text would take: deterministic, for tests and experiments."""

    kind: Literal["tone"]
    sample_rate: Annotated[int, Field(ge=8000, le=192_000)] = 24_000
    delay_seconds: Annotated[float, Field(ge=0)] = 0.0
    """Seconds that each synthesis takes, however short."""
    rtf: Annotated[float, Field(ge=0)] = 0.0
    """Seconds that each second of audio takes on top."""


class TtsPlugin(Section):
    """A synthesizer made elsewhere."""

    kind: Literal["plugin"]
    factory: Factory = ""
    """What makes it: "package.module:attribute", or the name of an installed plugin."""
    options: dict[str, Any] = {}  # Any: whatever the factory takes
    """What the factory is called with, by keyword."""


LocalTtsConfig = Annotated[TtsPyttsx3 | TtsVoicevox | TtsTone | TtsPlugin, Field(discriminator="kind")]
"""A voice of this machine, or of a server that it asks itself."""

# ---------------------------------------------------------------- workers

AmqpUrl = Annotated[SecretStr, AfterValidator(_amqp_url)]
VoiceClass = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
"""The name of a group of voices, which all of its workers can speak with."""


class Broker(Section):
    """Where RabbitMQ is."""

    amqp_url: AmqpUrl = SecretStr("")
    """amqp:// or amqps://, with user and password, better in the environment or in `amqp_url_file`; empty: RabbitMQ on
    this machine, as its user guest."""
    amqp_url_file: str = ""
    """A file that holds the URL and that only you can read; used instead of `amqp_url`."""
    amqp_ca_file: str = ""
    """Who vouches for the broker's certificate, in the form PEM; empty: whom this machine trusts."""
    voice_class: VoiceClass = "default"
    """The group of voices, which is in the name of its queue."""


class TtsRabbitmq(Broker):
    """Speech workers on RabbitMQ: `voicebot worker` on this and other machines."""

    kind: Literal["rabbitmq"]
    voice: str = ""
    """One of the workers' voices; empty: the one that each is configured with."""
    speed: Annotated[float, Field(ge=0.1, le=10)] = 1.0
    """Times the workers' own."""
    ahead: Annotated[int, Field(ge=1, le=64)] = 3
    """Utterances of one reply that the workers may make at once."""
    fallback: LocalTtsConfig | None = None
    """This machine's own voice, where the workers cannot speak in time."""


TtsConfig = Annotated[TtsPyttsx3 | TtsVoicevox | TtsTone | TtsPlugin | TtsRabbitmq, Field(discriminator="kind")]


# ---------------------------------------------------------------- audio


class AudioAuto(Section):
    """The loudspeaker if there is one, otherwise a WAV file."""

    kind: Literal["auto"] = "auto"
    latency_seconds: Annotated[float, Field(ge=0.005, le=2)] = 0.15


class AudioDevice(Section):
    """A sound device through PortAudio."""

    kind: Literal["device"]
    device: int | str = ""
    """Name (or part of it) or number as `voicebot devices` lists them; empty: the default."""
    latency_seconds: Annotated[float, Field(ge=0.005, le=2)] = 0.15
    """Audio kept ready in the device: more survives a busier machine; nothing waits for it."""


class AudioWav(Section):
    """A WAV file, valid while it grows."""

    kind: Literal["wav"]
    path: Annotated[str, StringConstraints(min_length=1)] = "voicebot.wav"
    """The file; - is standard output."""
    realtime: bool = False
    """Write as a loudspeaker would play, silences included; otherwise as fast as the clips come."""


class AudioSilent(Section):
    """No sound at all."""

    kind: Literal["silent"]
    realtime: bool = False
    """Take as long as the audio would."""


class AudioPlugin(Section):
    """An audio output made elsewhere."""

    kind: Literal["plugin"]
    factory: Factory = ""
    """What makes it: "package.module:attribute", or the name of an installed plugin."""
    options: dict[str, Any] = {}  # Any: whatever the factory takes
    """What the factory is called with, by keyword."""


AudioConfig = Annotated[AudioAuto | AudioDevice | AudioWav | AudioSilent | AudioPlugin, Field(discriminator="kind")]

# ---------------------------------------------------------------- conversation


class ConversationConfig(Section):
    """The conversation."""

    system_prompt: str = (
        "You are a voice assistant. Answer in the language of the user, in a few short spoken sentences, "
        "without markdown, lists or emoji."
    )
    turns: Annotated[int, Field(ge=0, le=1000)] = 5
    """The fewest past turns that the chat model is told about; beyond twice as many, half are left out at once."""


# ---------------------------------------------------------------- tools


class McpServer(Section):
    """A server of the Model Context Protocol: a command that speaks it on its standard streams, or an address."""

    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, SecretStr] = {}
    """What the command finds in its environment besides PATH, HOME and the like."""
    url: Url | None = None
    """Streamable HTTP."""

    @model_validator(mode="after")
    def either_command_or_url(self) -> Self:
        """Exactly one of them says where the server is."""
        if bool(self.command.strip()) == (self.url is not None):
            raise ValueError("needs either a command or a url")
        return self


class ToolsConfig(Section):
    """What the chat model may use before it answers."""

    enabled: tuple[str, ...] = ()
    """calculator, current_time, timer, and functions of your own: package.module:function."""
    max_steps: Annotated[int, Field(ge=1, le=100)] = 5
    """How many times in one turn the model may ask for tools; then it has to answer."""
    timeout_seconds: Seconds = 15.0
    """How long one tool may take."""
    speak: Literal["all", "final"] = "all"
    """all: also what the model says before it uses a tool; final: the answer only, once it is written in full."""
    max_result_characters: Annotated[int, Field(ge=100, le=1_000_000)] = 4000
    """What a tool returns is cut here."""
    mcp: dict[str, McpServer] = {}
    """Servers of the Model Context Protocol, by a name of your choice."""


class MemoryConfig(Section):
    """What is remembered of conversations."""

    store: bool = True
    """Keep conversations in a file, for `voicebot -c` and `voicebot history`."""
    path: str = ""
    """That file; empty: history.db in the user's data folder."""
    max_tokens: Annotated[int, Field(ge=0)] = 0
    """Tell the chat model only of past turns that fit into this many of its tokens (estimated); 0: no limit.

    Where they no longer fit, half of the room is made at once.
    """
    summary: bool = False
    """Let the chat model fold what is older than `conversation.turns` into a running summary, between turns."""


class DaemonConfig(Section):
    """The voice that speaks for all programs of a person."""

    autospawn: bool = False
    """`voicebot say`, `ask` and the like start the daemon where none runs."""
    close_after_seconds: Annotated[float, Field(ge=0.5, le=3600)] = 5.0
    """Give the sound device back after this much silence; an open one keeps sound servers awake."""
    pause_minutes: Annotated[float, Field(gt=0, le=1440)] = 5.0
    """A pause that nobody ends is over after this."""
    ssip: bool = True
    """Serve the clients of speech-dispatcher, too: a second Unix socket, which nobody finds who is not sent there."""
    wyoming: str = ""
    """Where the daemon listens for Home Assistant, such as "tcp://127.0.0.1:10200"; empty: nowhere."""
    mpris: bool = False
    """Be a media player while something is spoken, for the media keys. Off, since every program of the session can then
    read what is spoken, and a lock screen may show it."""


class ServerConfig(Section):
    """Replies and their sound for browsers and other programs: `voicebot serve`."""

    host: str = "127.0.0.1"
    """The address to listen at; beyond this machine it takes a token of yours, and TLS or `plain_http`."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8765
    """0: any free one."""
    token: SecretStr = SecretStr("")
    """What programs show to be let in; empty: a new one at each start."""
    hosts: tuple[str, ...] = ()
    """More names by which it may be called, such as that of a proxy in front of it; with a port unless it is ours."""
    plain_http: bool = False
    """Listen beyond this machine without TLS: a proxy in front of it has that, or nobody listens in."""
    tls_cert: str = ""
    """A file with the certificate of the server, and those that vouch for it, in the form PEM."""
    tls_key: str = ""
    """A file with its key; empty: it is in `tls_cert`."""
    tls_self_signed: bool = False
    """Speak TLS with a certificate that the server makes for itself; browsers ask once whether to trust it."""
    history: str = ""
    """The file that keeps people's conversations; empty: server.db in the user's data folder."""
    max_turns: Annotated[int, Field(ge=1, le=100_000)] = 64
    """Replies that are written at once; more of them wait."""
    max_waiting: Annotated[int, Field(ge=0, le=100_000)] = 256
    """Replies that wait; more of them are refused."""
    max_turns_of_a_person: Annotated[int, Field(ge=1, le=100_000)] = 16
    """Replies at once for one person, whatever they do."""
    max_conversations: Annotated[int, Field(ge=1, le=1_000_000)] = 2000
    """Conversations that are open at once, of all people together."""
    max_conversations_of_a_person: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    """That one person may have, open or kept; no more can be begun then, and none is lost."""
    max_connections: Annotated[int, Field(ge=1, le=1_000_000)] = 4000
    """At once; each takes a file descriptor."""
    max_connections_of_an_address: Annotated[int, Field(ge=1, le=1_000_000)] = 256
    """At once from one address of another machine; a proxy in front of it is one."""
    max_characters: Annotated[int, Field(ge=1, le=1_000_000)] = 4096
    """Of one message."""
    openai_voices: dict[str, str] = {}
    """What clients of the OpenAI API call a voice, such as { nova = "ずんだもん/ノーマル" }."""
    drain_seconds: Annotated[float, Field(ge=0, le=3600)] = 20.0
    """How long replies that are being written may go on after the server was told to end."""


class WorkerConfig(Broker):
    """Speech for other machines: `voicebot worker`."""

    concurrency: Annotated[int, Field(ge=1, le=256)] = 1
    """Texts that it says at once; more than 1 is for engines that work on several."""
    priority: Annotated[int, Field(ge=0, le=100)] = 0
    """Workers with a higher one are given jobs first: 10 for one with a GPU, say."""
    drain_seconds: Annotated[float, Field(ge=0, le=3600)] = 15.0
    """How long a job may go on after the worker was told to end."""
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Where Prometheus reads its figures; 0: nowhere."""
    metrics_host: Annotated[str, StringConstraints(min_length=1)] = "127.0.0.1"
    """The address for that; 0.0.0.0: anyone who reaches the machine can read them, without a password."""


class Config(Section):
    """Everything that config.toml can say."""

    chat: ChatConfig = ChatAuto()
    chunking: ChunkingConfig = ChunkingConfig()
    spoken: SpokenConfig = SpokenConfig()
    tts: TtsConfig = TtsPyttsx3()
    audio: AudioConfig = AudioAuto()
    conversation: ConversationConfig = ConversationConfig()
    memory: MemoryConfig = MemoryConfig()
    tools: ToolsConfig = ToolsConfig()
    daemon: DaemonConfig = DaemonConfig()
    server: ServerConfig = ServerConfig()
    worker: WorkerConfig = WorkerConfig()

    @field_validator("chat", "tts", "audio", mode="before")
    @classmethod
    def default_kind(cls, value: Any, info: Any) -> Any:  # Any: raw TOML, and pydantic's own untyped info
        """A section without `kind` is of the default kind."""
        if isinstance(value, dict) and "kind" not in value:
            return {"kind": DEFAULT_KINDS[info.field_name], **value}
        return value


DEFAULT_KINDS = {"chat": "auto", "tts": "pyttsx3", "audio": "auto"}
