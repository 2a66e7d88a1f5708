"""A media player on the session bus, with dbus-fast."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Literal

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from dbus_fast import DBusError, NameFlag, PropertyAccess, RequestNameReply, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusBool, DBusDict, DBusDouble, DBusInt64, DBusSignature, DBusStr
from dbus_fast.errors import AuthError, InvalidAddressError
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

from voicebot.daemon.dispatcher import Dispatcher
from voicebot.daemon.mpris.state import BusGone, Shown
from voicebot.translation import tr

NAME = "org.mpris.MediaPlayer2.voicebot"
PATH = "/org/mpris/MediaPlayer2"
_CONNECT_SECONDS = 2.0
_ASKED_AT_ONCE = 16
"""Keys that were pressed and not obeyed yet; further ones are lost."""
_HINT = "DBUS_SESSION_BUS_ADDRESS names it; [daemon] mpris = false does without"

Key = Literal["play_pause", "play", "pause", "stop", "next", "previous"]
_Nothing = Annotated[None, DBusSignature("")]
_READ = PropertyAccess.READ
"""Nothing can be set from outside; there is no Volume, since our outputs have none."""


class _Application(ServiceInterface):
    """What the desktop asks of any media player."""

    def __init__(self) -> None:
        super().__init__("org.mpris.MediaPlayer2")

    @dbus_property(access=_READ, name="Identity")
    def identity(self) -> DBusStr:
        return "voicebot"

    @dbus_property(access=_READ, name="CanQuit")
    def can_quit(self) -> DBusBool:
        return False

    @dbus_property(access=_READ, name="CanRaise")
    def can_raise(self) -> DBusBool:
        return False

    @dbus_property(access=_READ, name="HasTrackList")
    def has_track_list(self) -> DBusBool:
        return False


class BusPlayer(ServiceInterface):
    """The player itself: shows what is spoken and passes the media keys on."""

    def __init__(self, shown: Shown, keys: MemoryObjectSendStream[Key]) -> None:
        super().__init__("org.mpris.MediaPlayer2.Player")
        self._shown = shown
        self._keys = keys

    def show(self, shown: Shown) -> None:
        """Show this from now on."""
        before, self._shown = self._shown, shown
        changed: dict[str, object] = {}
        if shown.status != before.status:
            changed["PlaybackStatus"] = shown.status
        metadata = _metadata(shown)
        if metadata != _metadata(before):
            changed["Metadata"] = metadata
        if changed:
            self.emit_properties_changed(changed)

    def _press(self, key: Key) -> None:
        with suppress(anyio.WouldBlock, anyio.BrokenResourceError, anyio.ClosedResourceError):
            self._keys.send_nowait(key)

    @dbus_method(name="PlayPause")
    def play_pause(self) -> _Nothing:
        self._press("play_pause")

    @dbus_method(name="Play")
    def play(self) -> _Nothing:
        self._press("play")

    @dbus_method(name="Pause")
    def pause(self) -> _Nothing:
        self._press("pause")

    @dbus_method(name="Stop")
    def stop(self) -> _Nothing:
        self._press("stop")

    @dbus_method(name="Next")
    def next(self) -> _Nothing:
        self._press("next")

    @dbus_method(name="Previous")
    def previous(self) -> _Nothing:
        self._press("previous")

    @dbus_property(access=_READ, name="PlaybackStatus")
    def playback_status(self) -> DBusStr:
        return self._shown.status

    @dbus_property(access=_READ, name="Metadata")
    def metadata(self) -> DBusDict:
        return _metadata(self._shown)

    @dbus_property(access=_READ, name="Position")
    def position(self) -> DBusInt64:
        return 0

    @dbus_property(access=_READ, name="Rate")
    def rate(self) -> DBusDouble:
        return 1.0

    @dbus_property(access=_READ, name="CanGoNext")
    def can_go_next(self) -> DBusBool:
        return True

    @dbus_property(access=_READ, name="CanGoPrevious")
    def can_go_previous(self) -> DBusBool:
        return True

    @dbus_property(access=_READ, name="CanPlay")
    def can_play(self) -> DBusBool:
        return True

    @dbus_property(access=_READ, name="CanPause")
    def can_pause(self) -> DBusBool:
        return True

    @dbus_property(access=_READ, name="CanSeek")
    def can_seek(self) -> DBusBool:
        return False

    @dbus_property(access=_READ, name="CanControl")
    def can_control(self) -> DBusBool:
        return True


def _metadata(shown: Shown) -> dict[str, Variant]:
    told = {"mpris:trackid": Variant("o", shown.track)}
    if shown.title:
        told["xesam:title"] = Variant("s", shown.title)
    if shown.artist:
        told["xesam:artist"] = Variant("as", [shown.artist])
    return told


@asynccontextmanager
async def open_player(dispatcher: Dispatcher, shown: Shown) -> AsyncIterator[BusPlayer]:
    """A player on the bus as long as the block lasts, whose keys `dispatcher` obeys.

    Raises BusGone, also when the bus goes in between.
    """
    bus = await _connect()
    keys, pressed = anyio.create_memory_object_stream[Key](_ASKED_AT_ONCE)
    player = BusPlayer(shown, keys)
    try:
        with keys, pressed:
            bus.export(PATH, _Application())
            bus.export(PATH, player)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_notice_end, bus)
                tasks.start_soon(_obey, pressed, dispatcher)
                await _take_name(bus)
                yield player
                tasks.cancel_scope.cancel()
    finally:
        bus.disconnect()


async def _connect() -> MessageBus:
    try:
        with anyio.fail_after(_CONNECT_SECONDS):
            return await MessageBus(bus_address=_address()).connect()
    except (OSError, EOFError, ValueError, AuthError, InvalidAddressError, DBusError) as error:
        raise BusGone(tr("no session bus for the media keys"), hint=_HINT) from error


def _address() -> str:
    """Where the bus is; cron and ssh do not name it, but its socket has a usual place."""
    usual = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}") / "bus"
    return os.environ.get("DBUS_SESSION_BUS_ADDRESS") or f"unix:path={usual}"


async def _take_name(bus: MessageBus) -> None:
    """The usual name, or one with our number where another daemon of this person has that."""
    try:
        reply = await bus.request_name(NAME, NameFlag.DO_NOT_QUEUE)
        if reply not in (RequestNameReply.PRIMARY_OWNER, RequestNameReply.ALREADY_OWNER):
            await bus.request_name(f"{NAME}.instance{os.getpid()}", NameFlag.DO_NOT_QUEUE)
    except (OSError, EOFError, DBusError) as error:
        raise BusGone(tr("the session bus refuses us"), hint=_HINT) from error


async def _notice_end(bus: MessageBus) -> None:
    cause: Exception | None = None
    try:
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]  # it has no annotations
    except (OSError, EOFError, DBusError) as error:
        cause = error
    raise BusGone(tr("the session bus has gone"), hint=_HINT) from cause


async def _obey(pressed: MemoryObjectReceiveStream[Key], dispatcher: Dispatcher) -> None:
    async for key in pressed:
        match key:
            case "play_pause" if dispatcher.paused_until is not None:
                dispatcher.resume()
            case "play_pause" | "pause":
                dispatcher.pause()
            case "play":
                dispatcher.resume()
            case "stop":
                await dispatcher.stop(everybody=True)
            case "next":
                await dispatcher.skip()
            case "previous":
                await dispatcher.repeat()
