"""Files that only their owner reads, whatever stood there before."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from voicebot.private_file import write_private

if TYPE_CHECKING:
    from _typeshed import TraceFunction


def test_nobody_else_reads_it_even_if_the_one_before_was_open_to_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "token"
    for content in (b"first", b"second"):
        written = write_private(path, content)
        assert path.read_bytes() == content
        assert os.path.samestat(written, path.lstat())
        assert stat.S_IMODE(written.st_mode) == 0o600
        path.chmod(0o644)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["token"]


def test_nobody_else_may_read_it_at_any_moment(tmp_path: Path) -> None:
    """Rights that are taken away later leave a moment in which another program opens the file."""
    rights: set[int] = set()

    def look(*_: object) -> TraceFunction:
        rights.update(stat.S_IMODE(one.lstat().st_mode) for one in tmp_path.iterdir())
        return look

    umask, before = os.umask(0), sys.gettrace()
    sys.settrace(look)
    try:
        write_private(tmp_path / "token", b"secret")
    finally:
        sys.settrace(before)
        os.umask(umask)
    assert rights == {0o600}


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    theirs, path = tmp_path / "theirs", tmp_path / "token"
    theirs.write_bytes(b"theirs")
    path.symlink_to(theirs)
    write_private(path, b"ours")
    assert (theirs.read_bytes(), path.read_bytes(), path.is_symlink()) == (b"theirs", b"ours", False)
