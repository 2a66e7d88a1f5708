"""Who reaches the server: this machine, and others only where that was asked for, with a token of yours and TLS."""

from __future__ import annotations

import os
import ssl
import stat
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import anyio
import httpx
import pytest
from cryptography import x509

from tests.machine import PATIENCE_SECONDS
from tests.server.raw import Client
from tests.server.running import REPLY, bearer, running_server
from voicebot.config.models import ServerConfig
from voicebot.errors import ConfigError
from voicebot.server.certificates import certificate_path, tls_files
from voicebot.server.process import bound_socket, connection_limits
from voicebot.server.reach import page_address, reached_hosts
from voicebot.server.token_file import kept_token

pytestmark = pytest.mark.anyio
LONG = "a-token-that-nobody-guesses"
SIGNED = ServerConfig(tls_self_signed=True)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the person who runs the tests."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))


def config(**settings: object) -> ServerConfig:
    """A server at any port."""
    return ServerConfig.model_validate({"port": 0, **settings})


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::"])
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "no token of yours"),
        ({"tls_self_signed": True}, "no token of yours"),
        ({"plain_http": True}, "no token of yours"),
        ({"token": "1234", "plain_http": True}, "soon guessed"),
        ({"token": LONG}, "could listen in"),
    ],
)
def test_other_machines_are_let_in_with_a_token_of_yours_and_tls_only(
    host: str, settings: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as refused, bound_socket(config(host=host, **settings)):
        pass
    assert "VOICEBOT_SERVER__TOKEN" in refused.value.hint or "--tls-self-signed" in refused.value.hint


@pytest.mark.parametrize("settings", [{"tls_self_signed": True}, {"tls_cert": "some.pem"}, {"plain_http": True}])
def test_other_machines_are_let_in_where_that_was_asked_for(settings: dict[str, object]) -> None:
    with bound_socket(config(host="0.0.0.0", token=LONG, **settings)) as listening:
        assert listening.getsockname()[0] == "0.0.0.0"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2", "::1"])
def test_this_machine_needs_neither(host: str) -> None:
    with bound_socket(config(host=host)) as listening:
        assert listening.getsockname()[0] in {"127.0.0.1", "127.0.0.2", "::1"}


def test_a_port_that_is_taken_is_said_so_and_what_to_do() -> None:
    with bound_socket(config()) as first:
        port = first.getsockname()[1]
        said = f"cannot listen at 127.0.0.1:{port}"
        with pytest.raises(ConfigError, match=said) as taken, bound_socket(config(port=port)):
            pass
        assert "--port" in taken.value.hint


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-name.invalid", "not an address"])
def test_an_address_that_is_not_ours_is_said_so_and_what_to_do(host: str) -> None:
    """The advice was to choose another port."""
    with pytest.raises(ConfigError, match=f"cannot listen at {host}:0: ") as refused, bound_socket(config(host=host)):
        pass
    assert "--host" in refused.value.hint
    assert "--port" not in refused.value.hint


def test_the_address_that_is_printed_is_one_that_leads_here() -> None:
    assert reached_hosts("127.0.0.1") == ["127.0.0.1", "localhost"]
    assert reached_hosts("::1") == ["::1", "localhost"]
    assert reached_hosts("192.168.1.2") == ["192.168.1.2"]
    for everywhere in ("0.0.0.0", "::"):
        assert everywhere not in reached_hosts(everywhere)
        assert reached_hosts(everywhere)[-2:] == ["localhost", "127.0.0.1"]
    assert page_address(config(), "127.0.0.1", 8765) == "http://127.0.0.1:8765"
    assert page_address(SIGNED, "::1", 8765) == "https://[::1]:8765"
    assert page_address(SIGNED, "192.168.1.2", 443) == "https://192.168.1.2"


# ---------------------------------------------------------------- TLS


def names_of(path: Path) -> list[str]:
    """For what a certificate stands."""
    names = x509.load_pem_x509_certificate(path.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    return [str(name.value) for name in names.value]


async def test_a_certificate_of_its_own_is_one_that_clients_can_check() -> None:
    tls = tls_files(SIGNED, ["127.0.0.1", "localhost"])
    assert tls is not None
    async with running_server(tls=tls) as running:
        trusted = ssl.create_default_context(cafile=tls.certificate)
        for host in ("127.0.0.1", "localhost"):
            url = f"https://{host}:{running.port}"
            async with httpx.AsyncClient(verify=trusted, headers=bearer(), base_url=url) as client:
                assert (await client.post("/chat", json={"text": "Hello."})).text == REPLY
                answer = await client.post("/chat", json={"text": "Hello."}, headers={"origin": url})
                assert answer.status_code == 200
                plain = {"origin": url.replace("https", "http")}
                assert (await client.post("/chat", json={"text": "Hello."}, headers=plain)).status_code == 403
        with pytest.raises(httpx.ConnectError):
            async with httpx.AsyncClient() as stranger:
                await stranger.get(f"https://127.0.0.1:{running.port}/health")


async def test_a_handshake_that_does_not_come_is_given_up() -> None:
    tls = tls_files(SIGNED, ["127.0.0.1"])
    limits = replace(connection_limits(SIGNED), request_seconds=0.2)
    async with running_server(tls=tls, limits=limits) as running, Client(running.port) as client:
        connection = await client.connect()
        with anyio.fail_after(PATIENCE_SECONDS):
            assert await connection.is_closed()


def test_a_certificate_is_kept_for_its_owner_alone_and_used_again() -> None:
    first = tls_files(SIGNED, ["localhost", "192.168.1.2", "fd00::1"])
    assert first is not None
    assert first.certificate == certificate_path()
    assert stat.S_IMODE(first.certificate.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.certificate.parent.stat().st_mode) == 0o700
    assert names_of(first.certificate) == ["localhost", "192.168.1.2", "fd00::1"]
    assert len(first.fingerprint) == 95
    os.chmod(first.certificate, 0o644)
    assert tls_files(SIGNED, ["localhost"]) == first
    assert stat.S_IMODE(first.certificate.stat().st_mode) == 0o600
    other = tls_files(SIGNED, ["localhost", "192.168.1.3"])
    assert other is not None
    assert other.fingerprint != first.fingerprint
    assert names_of(other.certificate) == ["localhost", "192.168.1.3"]


@pytest.mark.parametrize("found", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_what_is_not_a_certificate_is_replaced_and_no_link_followed(found: bytes, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(found)
    certificate_path().parent.mkdir(parents=True)
    certificate_path().symlink_to(elsewhere)
    assert tls_files(SIGNED, ["localhost"]) is not None
    assert not certificate_path().is_symlink()
    assert elsewhere.read_bytes() == found


def test_a_certificate_that_does_not_work_is_said_before_anybody_comes(tmp_path: Path) -> None:
    signed = tls_files(SIGNED, ["localhost"])
    assert signed is not None
    locked = tmp_path / "locked.pem"
    locked.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
    empty = tmp_path / "empty.pem"
    empty.touch()
    for settings in (
        {"tls_cert": str(tmp_path / "missing.pem")},
        {"tls_cert": str(empty)},
        {"tls_cert": str(tmp_path)},
        {"tls_cert": str(signed.certificate), "tls_key": str(empty)},
        {"tls_cert": str(signed.certificate), "tls_key": str(locked)},
        {"tls_key": str(signed.key)},
        {"tls_cert": str(signed.certificate), "tls_self_signed": True},
    ):
        with pytest.raises(ConfigError):
            tls_files(config(**settings), [])
    assert tls_files(config(), []) is None
    files = tls_files(config(tls_cert=str(signed.certificate)), [])
    assert files is not None
    assert (files.key, files.fingerprint) == (signed.certificate, "")


# ---------------------------------------------------------------- the token of programs


def test_the_token_is_for_its_owner_alone_as_long_as_the_server_runs() -> None:
    with kept_token("secret", 8765) as path:
        assert path.read_text() == "secret\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.name == "server-8765.token"
    assert not path.exists()


def test_a_file_that_was_left_behind_is_replaced_and_no_link_followed(tmp_path: Path) -> None:
    """An old file kept its rights, whoever could read it."""
    with kept_token("first", 8765) as path:
        pass
    path.touch(0o644)
    with kept_token("second", 8765):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    path.symlink_to(elsewhere)
    with kept_token("third", 8765):
        assert not path.is_symlink()
    assert elsewhere.read_text() == "mine"


def test_the_token_of_another_server_stays() -> None:
    with kept_token("first", 8765) as path:
        with kept_token("second", 8766) as other:
            assert other != path
        later = kept_token("third", 8765)
        later.__enter__()
    assert path.read_text() == "third\n"
    later.__exit__(None, None, None)
    assert not path.exists()


def test_servers_at_one_port_of_several_addresses_have_a_file_each() -> None:
    """The second one took the file of the first, whose programs were then refused."""
    with ExitStack() as stack:
        addresses = ("127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.3")
        paths = [stack.enter_context(kept_token(f"of {address}", 8765, address)) for address in addresses]
        assert [path.name for path in paths] == [
            "server-8765.token",
            "server-127.0.0.2-8765.token",
            "server-__1-8765.token",
            "server-127.0.0.3-8765.token",
        ]
        assert [path.read_text() for path in paths] == [f"of {address}\n" for address in addresses]


def test_a_folder_that_others_may_write_to_is_not_used_for_it(tmp_path: Path) -> None:
    folder = tmp_path / "runtime" / "voicebot"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    with pytest.raises(ConfigError, match="open to others"), kept_token("secret", 8765):
        pass
    assert list(folder.iterdir()) == []
