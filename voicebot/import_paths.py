"""What the configuration names by an import path: `package.module:attribute`."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from pathlib import Path
from typing import Any

from voicebot.translation import foreign, marked, tr

_NOT_FOUND = (marked("No module named {module}"),)
"""What Python says of a module that is not there."""
_FORM = marked("name it as package.module:attribute")


class ImportPathError(Exception):
    """An import path leads nowhere; the text says why, and `hint` what to do about it."""

    def __init__(self, message: str, *, hint: str, missing: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.missing = missing
        """The package that is not installed; empty for any other reason."""


def import_by_path(path: str, *, here: bool = True) -> Any:  # Any: whatever stands there
    """Import what `path` names; unless `here` is false, also from the current folder.

    Raises ImportPathError, also for whatever its module raises.
    """
    module_name = path.partition(":")[0]
    if not module_name:
        raise ImportPathError(tr("cannot import {path!r}: it names no module", path=path), hint=tr(_FORM))
    try:
        top = module_name.partition(".")[0]
        if here and top not in sys.modules and importlib.util.find_spec(top) is None:
            # A command does not search the current folder; people with an agent.py beside config.toml expect it.
            sys.path.append(str(Path.cwd()))
        importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = (error.name or module_name).partition(".")[0]
        raise ImportPathError(
            tr("cannot import {path}: {error}", path=path, error=foreign(str(error), _NOT_FOUND)),
            hint=tr("install {missing}, or put it in the folder where voicebot is started", missing=missing),
            missing=missing,
        ) from error
    except (Exception, SystemExit) as error:  # a module is somebody else's code
        raise ImportPathError(
            tr("cannot import {path}: {kind}: {error}", path=path, kind=type(error).__name__, error=error),
            hint=tr("importing {module} alone shows where it fails", module=module_name),
        ) from error
    try:
        return pkgutil.resolve_name(path)
    except Exception as error:  # an attribute may be computed there
        raise ImportPathError(tr("cannot import {path}: {error}", path=path, error=error), hint=tr(_FORM)) from error
