"""What an import path, or the name of an installed plugin, leads to: made, and checked for what it must have."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any

from anyio import to_thread

from voicebot.errors import ConfigError, VoicebotError
from voicebot.import_paths import ImportPathError, import_by_path
from voicebot.plugins.installed import PluginKind, group, installed_plugins
from voicebot.translation import about, tr


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a factory has to make."""

    kind: PluginKind
    key: str
    """Where the configuration names the factory, such as chat.factory."""
    what: str
    """In the language of the person, such as "a chat model"."""
    members: Sequence[str]
    """What it must have."""
    error: type[VoicebotError]
    """What its own errors become."""

    def failed(self, factory: str, error: BaseException) -> VoicebotError:
        """The error of ours for one of theirs."""
        return self.error(
            tr(
                "{what} of {factory} failed: {kind}: {error}",
                what=self.what,
                factory=factory,
                kind=type(error).__name__,
                error=error,
            ),
            hint=tr("--debug shows where it happened"),
        )

    def check(self, made: object, factory: str) -> None:
        """Raise ConfigError where `made` lacks a member."""
        missing = [member for member in self.members if not hasattr(made, member)]
        if missing:
            raise ConfigError(
                tr(
                    "{key}: {factory} returned {kind}, which is not {what}",
                    key=self.key,
                    factory=factory,
                    kind=type(made).__name__,
                    what=self.what,
                ),
                hint=tr("it lacks {members}; voicebot/protocols.py says what they do", members=tr(", ").join(missing)),
            )


def find_factory(wanted: Wanted, named: str) -> Callable[..., Any]:  # Any: somebody else's function
    """The factory that an import path or the name of an installed plugin leads to. Raises ConfigError.

    What its module prints while it is imported goes to standard error: standard output may be sound, or JSON.
    """
    key = wanted.key
    if not named:
        hint = tr('name what makes it: "package.module:attribute", or a plugin that voicebot plugins lists')
        raise ConfigError(tr("{key} is empty", key=key), hint=hint)
    path = named if ":" in named else _installed(wanted, named)
    try:
        with redirect_stdout(sys.stderr):
            factory = import_by_path(path, here=path == named)
    except ImportPathError as error:
        raise ConfigError(about(key, error), hint=error.hint) from error
    if not callable(factory):
        raise ConfigError(
            tr("{key}: {path} cannot be called", key=key, path=path), hint=tr("name a function or a class")
        )
    found: Callable[..., Any] = factory  # Any: as above
    return found


def _installed(wanted: Wanted, name: str) -> str:
    offered = [plugin for plugin in installed_plugins(wanted.kind) if plugin.name == name]
    if not offered:
        raise ConfigError(
            tr("{key}: no installed package offers {name!r}", key=wanted.key, name=name),
            hint=tr("voicebot plugins lists what there is in {group}", group=group(wanted.kind)),
        )
    if len(offered) > 1:
        raise ConfigError(
            tr(
                "{key}: more than one package offers {name!r}: {packages}",
                key=wanted.key,
                name=name,
                packages=tr(", ").join(plugin.package for plugin in offered),
            ),
            hint=tr("name one by its import path: {path}", path=offered[0].factory),
        )
    return offered[0].factory


@asynccontextmanager
async def open_made(
    wanted: Wanted,
    named: str,
    options: Mapping[str, Any],  # Any: whatever the factory takes
) -> AsyncIterator[Any]:  # Any: somebody else's object
    """Open what the factory makes of `options`: an object, or an async context manager that yields one.

    Raises ConfigError where there is no such factory or it makes something else, and the error of `wanted` for what
    the factory raises.
    """
    factory = await to_thread.run_sync(find_factory, wanted, named, abandon_on_cancel=True)
    async with AsyncExitStack() as stack:
        try:
            made = factory(**options)
            if isinstance(made, AbstractAsyncContextManager) and not hasattr(made, wanted.members[-1]):
                made = await stack.enter_async_context(made)
        except VoicebotError:
            raise
        except (Exception, SystemExit) as error:
            raise wanted.failed(named, error) from error
        wanted.check(made, named)
        yield made
