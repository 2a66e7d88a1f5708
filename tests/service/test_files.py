"""What each service manager is given, read back by the parsers of those systems, or by others of the same format."""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from voicebot.errors import VoicebotError
from voicebot.service.launch import MARK, Launch, needed_environment
from voicebot.service.launch_agent import agent_plist
from voicebot.service.plan import launchd_plan, windows_plan
from voicebot.service.scheduled_task import task_xml
from voicebot.service.systemd_units import SERVICE_NAME, SOCKET_NAME, service_unit, socket_unit

SYSTEMD = Path("/lib/systemd/systemd")
NASTY = "na sty %h \"x\" 'y' $HOME ${PATH} \\é; #日本"
needs_systemd = pytest.mark.skipif(
    not SYSTEMD.exists() or not shutil.which("systemd-analyze"), reason="needs systemd: apt install systemd"
)


def launch_from(folder: Path) -> Launch:
    """A Python in a virtual environment in `folder`, and a configuration beside it."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy("/bin/true", python)
    arguments = (str(python), "-m", "voicebot", "daemon", "run", "--config", f"{folder}/config.toml")
    return Launch(arguments, {"PATH": f"{folder}/bin:/usr/bin"}, (folder,))


def write_units(folder: Path, launch: Launch) -> None:
    (folder / SOCKET_NAME).write_text(socket_unit())
    (folder / SERVICE_NAME).write_text(service_unit(launch, systemd_version=252))


def analyzed(folder: Path) -> str:
    """What systemd-analyze has to say of the units."""
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(folder / SERVICE_NAME), str(folder / SOCKET_NAME)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(folder)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.stdout + done.stderr


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    write_units(tmp_path, launch_from(tmp_path / "venv"))
    assert analyzed(tmp_path) == ""


@needs_systemd
def test_systemd_reads_a_nasty_path_as_it_is(tmp_path: Path) -> None:
    """systemd starts no program with quotes in its path, and reads % $ and backslashes as something else."""
    folder = tmp_path / NASTY
    write_units(tmp_path, launch := launch_from(folder))
    assert analyzed(tmp_path) == ""
    for path in (*tmp_path.parents, tmp_path):
        if path.stat().st_uid == os.getuid() and path != Path("/tmp") and "pytest" in str(path):
            path.chmod(0o755)  # it refuses to be tried out by root
    nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    done = subprocess.run(
        [SYSTEMD, "--user", "--test", f"--unit={SERVICE_NAME}"],
        env={"HOME": "/nowhere", "XDG_RUNTIME_DIR": str(tmp_path), "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True, timeout=60, **nobody,  # type: ignore[call-overload]  # what root alone can give
    )  # fmt: skip
    read = done.stdout.decode()
    commands = [line.partition("Command Line: ")[2] for line in read.splitlines() if "Command Line: " in line]
    shell_words = [word for command in commands if "voicebot" in command for word in _words(command)]
    assert shell_words == ["/usr/bin/env", *launch.arguments]
    assert f"Environment: PATH={folder}/bin:/usr/bin\n" in read
    assert any(line.strip().startswith("ReadWritePaths:") and f"-{folder}" in line for line in read.splitlines())


def _words(command: str) -> list[str]:
    """What systemd quotes like a shell does."""
    done = subprocess.run(["sh", "-c", f"printf '%s\\0' {command}"], capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


def test_a_socket_is_for_its_owner_alone() -> None:
    lines = socket_unit().splitlines()
    assert {"SocketMode=0600", "DirectoryMode=0700", "ListenStream=%t/voicebot/control.sock"} <= {*lines}


@pytest.mark.parametrize(
    "line",
    [
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
        "SystemCallFilter=@system-service",
        "Restart=on-failure",
        "KillMode=mixed",
        'ReadWritePaths="-/var/lib/x"',
    ],
)
def test_a_service_may_do_only_what_it_needs(line: str) -> None:
    launch = Launch(("/usr/bin/python3",), writable=(Path("/var/lib/x"),))
    assert line in service_unit(launch, systemd_version=255).splitlines()


def test_no_shell_stands_between_systemd_and_the_daemon() -> None:
    unit = service_unit(Launch(("/usr/bin/python3", "-m", "voicebot")), systemd_version=255)
    assert 'ExecStart=:"/usr/bin/python3" "-m" "voicebot"' in unit
    assert "sh -c" not in unit


def test_a_systemd_that_cannot_wait_for_a_reload_is_told_how_to_reload() -> None:
    """Debian 12 has 252: it would take Type=notify-reload for Type=simple."""
    launch = Launch(("/usr/bin/python3",))
    assert "Type=notify-reload\n" in service_unit(launch, systemd_version=253)
    older = service_unit(launch, systemd_version=252)
    assert "Type=notify\nExecReload=/bin/kill -HUP $MAINPID\n" in older


@pytest.mark.parametrize("path", ["/a\nb/python", "/a\x1b/python", "/a\u2028/python"])
def test_a_path_with_control_characters_is_refused(path: str) -> None:
    """A line end would begin another setting."""
    with pytest.raises(VoicebotError, match="cannot be started from"):
        Launch((path,))


def test_a_path_that_env_would_take_for_a_variable_is_refused() -> None:
    with pytest.raises(VoicebotError, match="cannot be started from"):
        service_unit(Launch(('/a="b"/python',)), systemd_version=252)


def test_only_whole_paths_and_no_secrets_go_into_the_environment() -> None:
    given = {
        "PATH": "/usr/bin::.:bin:/home/a/venv/bin:/usr/bin",
        "XDG_DATA_HOME": "/data",
        "XDG_STATE_HOME": "relative",
        "OPENAI_API_KEY": "sk-never-to-be-seen",
        "VOICEBOT_CHAT__API_KEY": "sk-never-to-be-seen",
    }
    assert needed_environment(given) == {"PATH": "/usr/bin:/home/a/venv/bin", "XDG_DATA_HOME": "/data"}
    assert needed_environment({}) == {}


# ---------------------------------------------------------------- macOS


def test_the_launch_agent_reads_back_as_it_was_meant(tmp_path: Path) -> None:
    launch = launch_from(tmp_path / NASTY)
    data = agent_plist(launch, folder=str(tmp_path))
    agent = plistlib.loads(data)
    assert agent["ProgramArguments"] == list(launch.arguments)
    assert agent["EnvironmentVariables"] == launch.environment
    assert agent["RunAtLoad"] is True
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    assert agent["Umask"] == 0o077
    assert MARK.encode() in data


def test_launchd_is_given_the_file_and_no_shell(tmp_path: Path) -> None:
    plan = launchd_plan(Launch(("/usr/bin/python3",)), tmp_path, user_id=501, state=tmp_path)
    (file,) = plan.files
    assert plan.enable == (("launchctl", "bootstrap", "gui/501", str(file)),)
    assert plistlib.loads(plan.files[file])["ProgramArguments"] == ["/usr/bin/python3", "--detached"]


# ---------------------------------------------------------------- Windows


def test_the_task_reads_back_as_it_was_meant() -> None:
    launch = Launch((r"C:\Program Files\Py & <3>\pythonw.exe", "-m", "voicebot", "--config", r"C:\my dir\c.toml"))
    data = task_xml(launch, user="PC\\anna & co", folder=r"C:\state")
    assert data.startswith(b"\xff\xfe"), "schtasks reads UTF-16"
    task = ElementTree.fromstring(data)
    names = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    assert task.findtext(".//t:Command", namespaces=names) == launch.arguments[0]
    assert task.findtext(".//t:Arguments", namespaces=names) == r'-m voicebot --config "C:\my dir\c.toml"'
    assert task.findtext(".//t:Principal/t:UserId", namespaces=names) == "PC\\anna & co"
    assert task.findtext(".//t:Principal/t:RunLevel", namespaces=names) == "LeastPrivilege"
    assert task.findtext(".//t:ExecutionTimeLimit", namespaces=names) == "PT0S"
    assert MARK in (task.findtext(".//t:Description", namespaces=names) or "")


def test_windows_starts_it_without_a_window(tmp_path: Path) -> None:
    plan = windows_plan(Launch(("/py/python.exe", "-m", "voicebot")), user="anna", state=tmp_path)
    (file,) = plan.files
    assert plan.enable[0] == ("schtasks", "/create", "/tn", "voicebot", "/xml", str(file), "/f")
    assert "/py/pythonw.exe" in plan.files[file].decode("utf-16")
