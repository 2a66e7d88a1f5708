"""What the commands of the chat do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import anyio
from anyio import CancelScope, to_thread
from anyio.abc import TaskGroup, TaskStatus

from voicebot.app import Engines, build_pipeline, open_memory
from voicebot.cli.chat_choices import conversation_names, model_names, open_model, open_voice, voice_names
from voicebot.cli.chat_commands import Invoked, Verb, help_text, listing
from voicebot.cli.output import printable, show_error
from voicebot.config.models import AudioWav, Config, TtsTone
from voicebot.errors import HistoryError, VoicebotError
from voicebot.protocols import for_new_conversation, takes_tools
from voicebot.translation import named, system_reason, tr

if TYPE_CHECKING:
    from voicebot.conversation import Conversation
    from voicebot.memory.turns import Turn
    from voicebot.protocols import ChatModel
    from voicebot.speech import Outcome

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Surface:
    """Where commands show what they have to show."""

    show: Callable[[str], None]
    """Print whole lines."""
    notify: Callable[[str], None]
    """Print a line of status, unless the person has turned those off."""
    ask: Callable[[str], Awaitable[bool]]
    """Ask a question to be answered by yes or no."""
    columns: Callable[[], int]
    settled: Callable[[], Awaitable[None]]
    """Return when what has happened so far is shown."""


class ChatActions:
    """Does what a person orders in a conversation, and keeps what the commands need of its turns."""

    def __init__(
        self, conversation: Conversation, engines: Engines, config: Config, surface: Surface, *, resources: TaskGroup
    ) -> None:
        """What is opened here lives in `resources` until it is replaced and not used any more, or until `close`."""
        self.names: dict[Verb, list[str]] = {}
        """What may stand behind a command, as far as it is known."""
        self._conversation = conversation
        self._config = config
        self._surface = surface
        self._engines = engines
        self._resources = resources
        self._opened: dict[Verb, anyio.Event] = {}
        """What was opened here and is in use, by the command for it; the event lets it close."""
        self._replaced: list[anyio.Event] = []
        """The same of what only the turn that runs may still use."""
        self._turns: list[Turn] = []
        self._last: Outcome | None = None
        self._turn_ended = anyio.Event()
        self._turn_ended.set()

    async def answer(self, message: str) -> Outcome:
        """Speak the reply to `message`; it has, or waits for, the floor as soon as this is called."""
        ended = self._turn_ended = anyio.Event()
        model = self._conversation.pipeline.chat.name
        try:
            outcome = await self._conversation.speak(message)
        finally:
            ended.set()
            self._close_replaced()
        if outcome.heard or outcome.unsaid or outcome.error:
            from voicebot.memory.turns import finished_turn

            self._turns.append(finished_turn(message, outcome, model=model))
            self._last = outcome
        return outcome

    def close(self) -> None:
        """Let everything close that was opened here."""
        for event in [*self._opened.values(), *self._replaced]:
            event.set()

    async def learn_names(self) -> None:
        """Find out what may stand behind the commands, as far as that takes no network."""
        voices: list[str] = []
        if self._engines.synthesizer is not None and self._config.tts.kind == "pyttsx3":
            with suppress(VoicebotError):  # whoever asks for one is told
                voices = await voice_names(self._config, self._engines.synthesizer)
        conversations: list[str] = []
        if self._engines.history is not None:
            conversations = await to_thread.run_sync(conversation_names, self._config)
        self.names = {Verb.VOICE: voices, Verb.NEW: conversations} | self.names

    async def do(self, order: Invoked) -> None:
        """Do what a command says; what goes wrong is shown."""
        try:
            await self._do(order.verb, order.argument)
        except VoicebotError as error:
            show_error(error)

    async def _do(self, verb: Verb, argument: str) -> None:
        match verb:
            case Verb.HELP:
                self._surface.show(help_text(self._surface.columns()))
            case Verb.VOICE:
                await self._voice(argument)
            case Verb.MODEL:
                await self._model(argument)
            case Verb.SAY:
                await self._say(argument)
            case Verb.REPEAT:
                await self._repeat()
            case Verb.STOP:
                if not self._conversation.interrupt():
                    self._surface.notify(tr("nobody speaks"))
            case Verb.SAVE:
                await self._save(argument)
            case Verb.HISTORY:
                await self._history()
            case Verb.NEW:
                await self._new(argument)
            case Verb.EXIT:
                raise AssertionError("whoever reads the lines leaves")

    def _show(self, text: str) -> None:
        from voicebot.cli.wrapping import LineWrapper

        wrapper = LineWrapper(self._surface.columns)
        self._surface.show(wrapper.feed(text) + wrapper.flush())

    # ------------------------------------------------ voice and model

    async def _voice(self, name: str) -> None:
        pipeline = self._conversation.pipeline
        if pipeline.synthesizer is None:
            raise _Impossible(tr("this conversation is text only"), hint=tr("begin one without --no-audio"))
        if isinstance(self._config.tts, TtsTone):
            raise _Impossible(tr("the tone has one voice"), hint=tr("begin a conversation with another --tts"))
        if not name:
            self.names[Verb.VOICE] = await voice_names(self._config, pipeline.synthesizer)
            self._list(
                self.names[Verb.VOICE],
                tr("the voice is {name}; /voice NAME changes it", name=named(pipeline.synthesizer.name)),
            )
            return
        synthesizer, cost = await self._open(Verb.VOICE, open_voice(self._config, name))
        self._config = self._config.model_copy(update={"tts": self._config.tts.model_copy(update={"voice": name})})
        built = build_pipeline(
            self._config,
            chat=self._conversation.pipeline.chat,
            synthesizer=synthesizer,
            output=pipeline.output,
            cost=cost,
        )
        self._conversation.pipeline = replace(
            built, new_respeller=pipeline.new_respeller, new_redactor=pipeline.new_redactor
        )
        self._surface.notify(" · ".join(filter(None, [tr("voice: {name}", name=synthesizer.name), synthesizer.credit])))

    async def _model(self, name: str) -> None:
        if not name:
            self.names[Verb.MODEL] = await model_names(self._config)
            now = named(self._conversation.pipeline.chat.name)
            self._list(self.names[Verb.MODEL], tr("the model is {name}; /model NAME changes it", name=now))
            return
        chat = await self._open(Verb.MODEL, open_model(self._config, name, notify=self._surface.notify))
        self._config = self._config.model_copy(update={"chat": self._config.chat.model_copy(update={"model": name})})
        self._conversation.pipeline = replace(self._conversation.pipeline, chat=self._with_tools(chat))
        self._surface.notify(tr("model: {name}", name=named(chat.name)))

    def _with_tools(self, chat: ChatModel) -> ChatModel:
        """`chat` with the tools of the conversation, where there are any and it can use them."""
        if not self._config.tools.enabled and not self._config.tools.mcp:
            return chat
        from voicebot.tools.loop import ToolUsingChat

        before = self._conversation.pipeline.chat
        if not isinstance(before, ToolUsingChat):
            return chat
        if not takes_tools(chat):
            self._surface.notify(tr("no tools: {name} cannot use any", name=named(chat.name)))
            return chat
        return before.with_chat(chat)

    def _list(self, names: list[str], remark: str) -> None:
        self._surface.show(listing(names, self._surface.columns()))
        self._surface.notify(remark)

    # ------------------------------------------------ speech

    async def _say(self, text: str) -> None:
        if self._conversation.pipeline.synthesizer is None:
            raise _Impossible(
                tr("this conversation is text only: nothing can be said"), hint=tr("begin one without --no-audio")
            )
        await self._stop()
        await self._resources.start(self._speak, text)

    async def _repeat(self) -> None:
        await self._stop()
        text = await self._last_reply()
        self._show(f"{text}\n")
        if self._conversation.pipeline.synthesizer is not None:
            await self._resources.start(self._speak, text)

    async def _speak(self, text: str, *, task_status: TaskStatus[None]) -> None:
        task_status.started()
        await self._conversation.say(text)  # at once: whoever waits for the start can stop it

    async def _stop(self) -> None:
        """End what is spoken; return when that is over and shown."""
        self._conversation.interrupt()
        await self._turn_ended.wait()
        await self._surface.settled()

    async def _last_reply(self) -> str:
        """The text of the last reply, also of what was not heard of it."""
        await self._turn_ended.wait()
        text = (self._last.heard + self._last.unsaid).strip() if self._last else ""
        if not text:
            raise _Impossible(tr("there is no reply yet"))
        return text

    # ------------------------------------------------ the conversation

    async def _new(self, name: str) -> None:
        await self._stop()
        opening = open_memory(self._engines, self._config, conversation=name or None, notify=self._surface.notify)
        memory = await self._open(Verb.NEW, opening)
        self._conversation.memory = memory
        pipeline = self._conversation.pipeline
        self._conversation.pipeline = replace(pipeline, chat=for_new_conversation(pipeline.chat))
        self._turns, self._last = [], None
        if name:
            self.names[Verb.NEW] = [name, *(other for other in self.names.get(Verb.NEW, []) if other != name)]
        if all(message.role == "system" for message in memory.messages()):
            self._surface.notify(tr("a new conversation begins"))

    async def _history(self) -> None:
        from voicebot.cli.transcript import shown_turn

        _, turns = await self._so_far()
        self._show("\n".join(map(shown_turn, turns)))

    async def _so_far(self) -> tuple[str, list[Turn]]:
        """The name of the conversation, and its turns: those that were kept, or those of this run if none are."""
        from voicebot.memory.persistent import PersistentMemory

        await self._turn_ended.wait()
        memory = self._conversation.memory
        name = memory.conversation if isinstance(memory, PersistentMemory) else ""
        turns = self._turns
        if name and (history := self._engines.history) is not None:
            with suppress(HistoryError):  # nothing of it is kept yet
                turns = await history.result(history.submit(lambda store: store.turns(name)))
        if not turns:
            raise _Impossible(tr("nothing has been said yet"))
        return name, turns

    async def _save(self, file: str) -> None:
        try:
            path = await anyio.Path(file).expanduser()
            match path.suffix.casefold():
                case ".wav":
                    text = await self._last_reply()
                    if await self._may_write(path):
                        await self._write_sound(path, text)
                case ".txt" | ".md" | ".markdown" as suffix:
                    text = await self._transcript(markdown=suffix != ".txt")
                    if await self._may_write(path):
                        await path.write_text(text, encoding="utf-8")
                        self._surface.notify(tr("written: {path}", path=path))
                case _:
                    raise _Impossible(
                        tr("{name}: no file of this kind can be written", name=file),
                        hint=tr(".txt and .md hold the conversation, .wav the sound of the last reply"),
                    )
        except (OSError, RuntimeError) as error:  # the second where nobody has that ~
            raise _Impossible(
                tr(
                    "cannot write {file}: {reason}",
                    file=file,
                    reason=system_reason(error),
                )
            ) from error

    async def _may_write(self, path: anyio.Path) -> bool:
        if not await path.exists() or await self._surface.ask(
            tr("{path} is there already. Write over it? (y/n)", path=path)
        ):
            return True
        self._surface.notify(tr("nothing is written"))
        return False

    async def _transcript(self, *, markdown: bool) -> str:
        from voicebot.cli.transcript import as_markdown, shown_turn

        name, turns = await self._so_far()
        return printable(as_markdown(name or "voicebot", turns) if markdown else "\n".join(map(shown_turn, turns)))

    async def _write_sound(self, path: anyio.Path, text: str) -> None:
        """Say `text` into a file, as fast as it can be made."""
        pipeline = self._conversation.pipeline
        if pipeline.synthesizer is None:
            raise _Impossible(
                tr("this conversation is text only: there is no sound"), hint=tr("begin one without --no-audio")
            )
        from voicebot.audio.wav_file import open_wav
        from voicebot.conversation import GivenText
        from voicebot.turn import speak_turn

        async with open_wav(AudioWav(kind="wav", path=str(path))) as output:
            said = replace(pipeline, chat=GivenText(text), output=output)
            outcome = await speak_turn([], said, emit=lambda _: None, scope=CancelScope())
        if outcome.error is not None:
            raise outcome.error
        self._surface.notify(
            tr("written: {path}, {audio_seconds:.1f} s", path=path, audio_seconds=outcome.metrics.audio_seconds)
        )

    # ------------------------------------------------ what is opened

    async def _open(self, verb: Verb, opening: AbstractAsyncContextManager[T]) -> T:
        """Open what takes the place of what this command has opened before."""
        replaced = anyio.Event()
        thing: T = await self._resources.start(_hold, opening, replaced)
        if verb in self._opened:
            self._replaced.append(self._opened[verb])
        self._opened[verb] = replaced
        self._close_replaced()
        return thing

    def _close_replaced(self) -> None:
        if self._conversation.floor.live is None:
            for event in self._replaced:
                event.set()
            self._replaced.clear()


class _Impossible(VoicebotError):
    """A command asks for what cannot be done here."""


async def _hold(opening: AbstractAsyncContextManager[T], replaced: anyio.Event, *, task_status: TaskStatus[T]) -> None:
    """Keep something open until it is replaced, in a task of its own: so it closes in any order."""
    async with opening as thing:
        task_status.started(thing)
        await replaced.wait()
