"""`voicebot service`: what it writes, what it runs, and what it leaves alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import voicebot
from tests.daemon.running import QUIET, home_with_config, running_daemon
from tests.machine import PATIENCE_SECONDS

if sys.platform != "linux":
    pytest.skip("the service managers of other systems are not at hand", allow_module_level=True)

UNITS = ("voicebot.socket", "voicebot.service")
ENABLE = ["--user daemon-reload", "--user enable --now voicebot.socket voicebot.service"]


def unit(home: Path, name: str) -> Path:
    return home / ".config" / "systemd" / "user" / name


class Manager:
    """Programs named systemctl and journalctl that write down how they were called."""

    def __init__(self, home: Path, *, version: int = 255, fails_at: str = "nothing") -> None:
        self.folder = home / "bin"
        self.folder.mkdir()
        self._log = home / "called"
        for name in ("systemctl", "journalctl"):
            program = self.folder / name
            program.write_text(
                "#!/bin/sh\n"
                f'[ "$1" = --version ] && echo "systemd {version} ({version}.1)" && exit\n'
                f"echo \"{name} $*\" >> '{self._log}'\n"
                f'case "$*" in *{fails_at}*) echo "Failed to connect to bus" >&2; exit 1;; esac\n'
                "printf 'all is \\033[31mwell\\033[0m: %s\\n' \"$*\"\n"
            )
            program.chmod(0o755)

    @property
    def path(self) -> str:
        """A PATH with them."""
        return f"{self.folder}:{os.environ['PATH']}"

    def called(self, name: str = "systemctl") -> list[str]:
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} ")]


@pytest.fixture
def manager(tmp_path: Path) -> Manager:
    home_with_config(tmp_path)
    return Manager(tmp_path)


def service(home: Path, manager: Manager, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return voicebot(home, "service", *arguments, timeout=PATIENCE_SECONDS, PATH=manager.path, **more)


def test_install_shows_and_writes_the_units_and_starts_them(tmp_path: Path, manager: Manager) -> None:
    done = service(tmp_path, manager, "install")
    assert done.returncode == 0, done.stderr
    for name in UNITS:
        assert unit(tmp_path, name).read_text().rstrip() in done.stdout
        assert str(unit(tmp_path, name)) in done.stdout
    assert manager.called() == ENABLE
    written = unit(tmp_path, "voicebot.service").read_text()
    assert f'ExecStart=:"{sys.executable}" "-m" "voicebot" "daemon" "run"' in written
    assert "Type=notify-reload" in written


def test_install_again_stops_what_runs_by_the_old_files_first(tmp_path: Path, manager: Manager) -> None:
    service(tmp_path, manager, "install")
    assert service(tmp_path, manager, "install").returncode == 0
    assert manager.called() == [*ENABLE, "--user disable --now voicebot.socket voicebot.service", *ENABLE]


def test_a_dry_run_writes_and_starts_nothing(tmp_path: Path, manager: Manager) -> None:
    done = service(tmp_path, manager, "install", "--dry-run")
    assert done.returncode == 0
    assert "ExecStart=" in done.stdout
    assert f"$ systemctl {ENABLE[1]}" in done.stdout
    assert manager.called() == []
    assert not unit(tmp_path, "voicebot.service").exists()


def test_a_file_of_somebody_else_stays_unless_forced(tmp_path: Path, manager: Manager) -> None:
    own = unit(tmp_path, "voicebot.service")
    own.parent.mkdir(parents=True)
    own.write_text("[Service]\nExecStart=/home/me/mine\n")
    done = service(tmp_path, manager, "install")
    assert done.returncode == 1
    assert "not written by voicebot" in done.stderr
    assert "--force" in done.stderr
    assert "mine" in own.read_text()
    assert not unit(tmp_path, "voicebot.socket").exists()
    assert service(tmp_path, manager, "uninstall").returncode == 1
    assert "mine" in own.read_text()
    assert manager.called() == []
    assert service(tmp_path, manager, "install", "--force").returncode == 0
    assert "mine" not in own.read_text()


def test_uninstall_stops_it_and_leaves_nothing(tmp_path: Path, manager: Manager) -> None:
    service(tmp_path, manager, "install")
    done = service(tmp_path, manager, "uninstall")
    assert done.returncode == 0
    assert [*unit(tmp_path, "x").parent.iterdir()] == []
    assert manager.called()[2:] == ["--user disable --now voicebot.socket voicebot.service", "--user daemon-reload"]
    assert "no service is installed" in service(tmp_path, manager, "uninstall").stderr


def test_uninstall_works_with_a_broken_configuration(tmp_path: Path, manager: Manager) -> None:
    service(tmp_path, manager, "install")
    home_with_config(tmp_path, "[tts]\nkind = 'nobody'\n")
    assert service(tmp_path, manager, "install").returncode == 3
    assert service(tmp_path, manager, "uninstall").returncode == 0


def test_a_configuration_that_is_named_goes_with_it(tmp_path: Path, manager: Manager) -> None:
    config = tmp_path / "my 100% config.toml"
    config.write_text(QUIET + "path = 'kept/history.db'\n")
    service(tmp_path, manager, "install", "--config", config.name)
    written = unit(tmp_path, "voicebot.service").read_text()
    assert f'"--config" "{tmp_path}/my 100%% config.toml"' in written
    assert f'ReadWritePaths="-{tmp_path}/kept"' in written


def test_no_secret_of_the_shell_is_written(tmp_path: Path, manager: Manager) -> None:
    done = service(tmp_path, manager, "install", OPENAI_API_KEY="sk-never-to-be-seen", VOICEBOT_CHAT__KIND="auto")
    assert "never-to-be-seen" not in done.stdout + done.stderr + unit(tmp_path, "voicebot.service").read_text()


def test_a_daemon_that_runs_makes_room(tmp_path: Path) -> None:
    with running_daemon(tmp_path) as daemon:
        manager = Manager(tmp_path)
        assert service(tmp_path, manager, "install").returncode == 0
        assert daemon.process.wait(PATIENCE_SECONDS) == 0


def test_a_machine_without_systemd_is_told_what_to_do(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    (tmp_path / "empty").mkdir()
    for verb in ("install", "status", "logs"):
        done = voicebot(tmp_path, "service", verb, PATH=str(tmp_path / "empty"))
        assert done.returncode == 1
        assert "there is no" in done.stderr
        assert "→" in done.stderr
    assert not unit(tmp_path, "voicebot.service").exists()


def test_a_service_manager_that_cannot_be_reached_is_told_with_its_own_words(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    manager = Manager(tmp_path, fails_at="daemon-reload")
    done = service(tmp_path, manager, "install")
    assert done.returncode == 1
    assert "Failed to connect to bus" in done.stderr
    assert "voicebot daemon run" in done.stderr


def test_an_older_systemd_gets_what_it_knows(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    service(tmp_path, Manager(tmp_path, version=252), "install")
    assert "Type=notify\n" in unit(tmp_path, "voicebot.service").read_text()


def test_status_and_logs_show_what_the_manager_says_and_steer_no_terminal(tmp_path: Path, manager: Manager) -> None:
    assert service(tmp_path, manager, "status").returncode == 1
    service(tmp_path, manager, "install")
    done = service(tmp_path, manager, "status")
    assert done.returncode == 0
    assert "all is ·[31mwell" in done.stdout
    logs = service(tmp_path, manager, "logs", "-n", "7", "--follow")
    assert "all is ·[31mwell" in logs.stdout
    assert manager.called("journalctl") == ["--user --no-pager --unit=voicebot.service --lines=7 --follow"]
