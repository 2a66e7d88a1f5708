"""The page docs/library.md is true of the wheel: its examples run where there is no checkout, and their types are."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import threading
import venv
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.cli.command import environment, wav_seconds
from tests.markdown import ROOT, blocks, read

PAGES = ["docs/library.md", "docs/library.ja.md"]
EXAMPLES = {
    f"{Path(page).name}-{number}": example
    for page in PAGES
    for number, example in enumerate(blocks(read(page), "python"), 1)
}


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment that has the wheel and its dependencies, and nothing else of ours."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    [wheel] = folder.glob("*.whl")
    venv.create(folder / "env", symlinks=os.name == "posix", with_pip=False)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "env")}))
    with ZipFile(wheel) as archive:
        archive.extractall(packages)
    # A .pth file in one of these is not read, so that an editable checkout stays away.
    dependencies = [place for place in sys.path if place.endswith("site-packages")]
    (packages / "dependencies.pth").write_text("\n".join(dependencies), encoding="utf-8")
    return folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"


@pytest.fixture(scope="session")
def chat_server() -> Iterator[str]:
    """A server that speaks OpenAI's API."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for text in ("Why did", " the", " chicken. ", "I forgot.", None):
                delta = {"index": 0, "delta": {"content": text}, "finish_reason": None}
                chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "x", "choices": [delta]}
                self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            self.wfile.write(b"data: [DONE]\n\n")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()
        thread.join()


def run(home: Path, python: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """As a new user would, on a machine without a loudspeaker: a WAV file is written."""
    alone = {name: value for name, value in environment(home, **more).items() if name != "PYTHONPATH"}
    return subprocess.run([python, *arguments], cwd=home, env=alone, capture_output=True, text=True, timeout=50)


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_of_the_page_runs_from_the_wheel(
    tmp_path: Path, python: Path, chat_server: str, name: str
) -> None:
    (tmp_path / "example.py").write_text(EXAMPLES[name], encoding="utf-8")
    done = run(tmp_path, python, "example.py", OPENAI_BASE_URL=chat_server, OPENAI_API_KEY="none")
    assert done.returncode == 0, done.stderr
    assert not re.search("Traceback|Warning|Exception|failed", done.stderr), done.stderr
    sound = [path for path in tmp_path.glob("*.wav") if wav_seconds(path) > 0.3]
    assert bool(sound) == ("FunctionOutput" not in EXAMPLES[name]), done.stderr


def test_it_is_the_wheel_that_runs(tmp_path: Path, python: Path) -> None:
    where = Path(run(tmp_path, python, "-c", "import voicebot.app; print(voicebot.app.__file__)").stdout.strip())
    assert where.is_relative_to(python.parent.parent)
    assert (where.parent / "py.typed").is_file()


def test_the_wheel_holds_the_page_and_the_messages(tmp_path: Path, python: Path) -> None:
    """What is not Python is left out of a wheel without a word."""
    where = Path(run(tmp_path, python, "-c", "import voicebot.app; print(voicebot.app.__file__)").stdout.strip()).parent
    for folder in ("server/page", "locale/ja/LC_MESSAGES"):
        ours = ROOT / "voicebot" / folder
        assert {one.name: one.read_bytes() for one in (where / folder).iterdir()} == {
            one.name: one.read_bytes() for one in ours.iterdir()
        }


def test_every_export_is_there_and_importing_it_loads_next_to_nothing(tmp_path: Path, python: Path) -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import voicebot\n"
        "assert set(sys.modules) - before == {'voicebot'}, set(sys.modules) - before\n"
        "for name in voicebot.__all__: getattr(voicebot, name)\n"
        "assert {*voicebot.__all__} <= {*dir(voicebot)}\n"
        "from voicebot import *\n"
        "try: voicebot.open_vioce\n"
        "except AttributeError as error: print(error)\n"
    )
    done = run(tmp_path, python, "-c", code)
    assert done.stderr == ""
    assert done.stdout == "module 'voicebot' has no attribute 'open_vioce'\n"


@pytest.mark.timeout(240)  # mypy reads the openai client, too
def test_the_types_of_every_example_are_right(tmp_path: Path, python: Path) -> None:
    """As a program sees them that has voicebot installed, with mypy's strict rules."""
    for number, example in enumerate(blocks(read(PAGES[0]), "python")):
        (tmp_path / f"example_{number}.py").write_text(example, encoding="utf-8")
    kept = ROOT / ".mypy_cache" / "examples"  # what openai's types are is found out once, in twenty seconds
    arguments = ["--strict", "--python-executable", str(python), "--cache-dir", str(kept)]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *arguments, *sorted(path.name for path in tmp_path.glob("*.py"))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_both_languages_have_the_same_examples() -> None:
    """Comments and what is spoken aside."""
    shapes = [
        [re.sub(r'"""[^"]*"""|"[^"\n]*"|#.*', "", block) for block in blocks(read(page), "python")] for page in PAGES
    ]
    assert shapes[0] == shapes[1]
    assert re.findall(r"^#+", read(PAGES[0]), re.M) == re.findall(r"^#+", read(PAGES[1]), re.M)
