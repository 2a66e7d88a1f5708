"""The media player of a real daemon on a real session bus of its own, asked by a real client."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.daemon.running import LONG, QUIET, Caller, Daemon, running_daemon
from tests.machine import PATIENCE_SECONDS

CONFIG = QUIET + "[daemon]\nmpris = true\n"
NAME = "org.mpris.MediaPlayer2.voicebot"
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not shutil.which("dbus-daemon"), reason="needs a session bus: apt install dbus"),
]


@pytest.fixture
def anyio_backend() -> str:
    """Dbus-fast knows no other."""
    return "asyncio"


@contextmanager
def session_bus(folder: Path) -> Iterator[str]:
    """A bus of our own; its address."""
    address = f"unix:path={folder}/test-bus"
    process = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address", f"--address={address}"], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"unix:")
        yield address
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


class Desktop:
    """A client of the bus: who plays, and what it tells."""

    def __init__(self, bus: Any) -> None:  # Any: the proxies of dbus-fast are made at run time
        self.bus = bus
        self._owners, self.owners = anyio.create_memory_object_stream[bool](100)
        self._changes, self.changes = anyio.create_memory_object_stream[dict[str, Any]](1000)

    def close(self) -> None:
        for stream in (self._owners, self.owners, self._changes, self.changes):
            stream.close()
        self.bus.disconnect()

    def told_owner(self, name: str, old: str, new: str) -> None:  # noqa: ARG002 - the signal has it
        if name == NAME:
            self._owners.send_nowait(bool(new))

    def told_change(self, interface: str, changed: dict[str, Any], gone: list[str]) -> None:  # noqa: ARG002 - as above
        self._changes.send_nowait({key: value.value for key, value in changed.items()})

    async def player(self) -> Any:  # Any: as above
        """The player, from when it has its name."""
        assert await self.owners.receive()
        found = await self.bus.introspect(NAME, "/org/mpris/MediaPlayer2")
        proxy = self.bus.get_proxy_object(NAME, "/org/mpris/MediaPlayer2", found)
        proxy.get_interface("org.freedesktop.DBus.Properties").on_properties_changed(self.told_change)
        return proxy.get_interface("org.mpris.MediaPlayer2.Player")

    async def until(self, status: str) -> None:
        """Wait until this is shown."""
        while (await self.changes.receive()).get("PlaybackStatus") != status:
            pass


@asynccontextmanager
async def desktop(address: str) -> AsyncIterator[Desktop]:
    from dbus_fast.aio import MessageBus

    bus = await MessageBus(bus_address=address).connect()
    client = Desktop(bus)
    try:
        found = await bus.introspect("org.freedesktop.DBus", "/org/freedesktop/DBus")
        proxy: Any = bus.get_proxy_object("org.freedesktop.DBus", "/org/freedesktop/DBus", found)  # Any: as above
        proxy.get_interface("org.freedesktop.DBus").on_name_owner_changed(client.told_owner)
        yield client
    finally:
        client.close()


def events_of(daemon: Daemon) -> Caller:
    events = daemon.caller()
    events.ask(command="subscribe")
    return events


async def test_the_keys_pause_go_on_skip_repeat_and_stop(tmp_path: Path) -> None:
    with (
        session_bus(tmp_path) as address,
        running_daemon(tmp_path, config=CONFIG, DBUS_SESSION_BUS_ADDRESS=address) as daemon,
    ):
        async with desktop(address) as client:
            events = events_of(daemon)
            with anyio.fail_after(PATIENCE_SECONDS):
                daemon.ask(command="say", text=LONG)
                daemon.ask(command="say", text="Second.")
                player = await client.player()
                assert await player.get_playback_status() == "Playing"
                metadata = await player.get_metadata()
                assert metadata["xesam:title"].value.startswith(LONG[:20])
                assert metadata["xesam:artist"].value
                await player.call_play_pause()
                await client.until("Paused")
                assert daemon.ask(command="status")["paused_until"] is not None
                await player.call_play_pause()
                await client.until("Playing")
                await player.call_pause()
                await client.until("Paused")
                await player.call_play()
                await client.until("Playing")
                await player.call_next()
                assert events.until(type="turn_ended")["outcome"] == "interrupted"
                assert events.until(type="turn_ended")["heard"] == "Second."
                await player.call_previous()
                assert events.until(type="turn_ended")["heard"] == "Second."
                daemon.ask(command="say", text=LONG)
                events.until(type="playback_started")
                await player.call_stop()
                assert events.until(type="turn_ended")["outcome"] == "interrupted"
                assert not await client.owners.receive(), "it is given back"


async def test_an_idle_daemon_is_not_a_media_player(tmp_path: Path) -> None:
    with (
        session_bus(tmp_path) as address,
        running_daemon(tmp_path, config=CONFIG, DBUS_SESSION_BUS_ADDRESS=address) as daemon,
    ):
        async with desktop(address) as client:
            assert daemon.ask(command="status")["ok"]
            found = await client.bus.introspect("org.freedesktop.DBus", "/org/freedesktop/DBus")
            proxy = client.bus.get_proxy_object("org.freedesktop.DBus", "/org/freedesktop/DBus", found)
            assert NAME not in await proxy.get_interface("org.freedesktop.DBus").call_list_names()


async def test_without_a_bus_the_log_says_so_once_and_it_speaks_all_the_same(tmp_path: Path) -> None:
    missing = f"unix:path={tmp_path}/nobody"
    with running_daemon(tmp_path, config=CONFIG, DBUS_SESSION_BUS_ADDRESS=missing) as daemon:
        for _ in range(3):
            assert daemon.ask(command="say", text="Hello.", wait="finished")["state"] == "finished"
        daemon.end()
        assert daemon.process.stdout is not None
        assert daemon.process.stdout.read().count(b"no session bus") == 1


async def test_a_bus_that_goes_and_returns_has_us_again(tmp_path: Path) -> None:
    with session_bus(tmp_path) as address:
        process = running_daemon(tmp_path, config=CONFIG, DBUS_SESSION_BUS_ADDRESS=address)
        daemon = process.__enter__()
    try:
        assert daemon.ask(command="say", text="Nobody sees this.", wait="finished")["state"] == "finished"
        (tmp_path / "test-bus").unlink(missing_ok=True)
        with session_bus(tmp_path) as address:
            async with desktop(address) as client:
                with anyio.fail_after(PATIENCE_SECONDS):
                    daemon.ask(command="say", text=LONG)
                    player = await client.player()
                    assert await player.get_playback_status() == "Playing"
    finally:
        process.__exit__(None, None, None)


@pytest.mark.skipif(not shutil.which("playerctl"), reason="needs a client for media keys: apt install playerctl")
async def test_playerctl_finds_it_and_pauses_it(tmp_path: Path) -> None:
    with (
        session_bus(tmp_path) as address,
        running_daemon(tmp_path, config=CONFIG, DBUS_SESSION_BUS_ADDRESS=address) as daemon,
    ):
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DBUS_SESSION_BUS_ADDRESS": address}

        def playerctl(*arguments: str) -> str:
            return subprocess.run(
                ["playerctl", *arguments], env=environment, stdout=subprocess.PIPE, check=True, text=True, timeout=20
            ).stdout.strip()

        async with desktop(address) as client:
            with anyio.fail_after(PATIENCE_SECONDS):
                daemon.ask(command="say", text=LONG)
                await client.player()
                assert playerctl("-l") == "voicebot"
                assert playerctl("metadata", "title").startswith(LONG[:20])
                playerctl("pause")
                await client.until("Paused")
                assert playerctl("status") == "Paused"
