"""`voicebot plugins`: the parts that other packages offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicebot.cli.options import ConfigOptions, JsonListOption
from voicebot.cli.output import status, write_json_list, write_table
from voicebot.cli.runner import OK, Body
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.config.models import Config
    from voicebot.plugins.installed import Plugin, PluginKind


def plugins(*, config: ConfigOptions, json: JsonListOption = False) -> Body:
    """List the chat models, synthesizers, outputs and chunking strategies that other packages offer.

    Each is imported in a process of its own, so that one that fails is named and harms nothing. Use one by its name:
    kind = "plugin" and factory = "NAME" in its section of config.toml, or strategy = "NAME" in [chunking].

    Examples:
      voicebot plugins
      voicebot plugins --json
    """
    settings = config.load().config
    return lambda _: _list_plugins(settings, as_json=json)


async def _list_plugins(config: Config, *, as_json: bool) -> int:
    """Print the plugins, installed and configured; return the exit code."""
    from voicebot.plugins.checking import Checked, check_all
    from voicebot.plugins.installed import installed_plugins, plugins_of_this_folder

    here = tr("it lies in the current folder: install its package, or name its import path")
    checked = await check_all([*installed_plugins(), *_configured(config)])
    checked += [Checked(plugin, "untrusted", here) for plugin in plugins_of_this_folder()]
    rows = [
        {
            "name": one.plugin.name,
            "kind": one.plugin.kind,
            "package": one.plugin.package,
            "version": one.plugin.version,
            "factory": one.plugin.factory,
            "state": one.state,
            "reason": one.reason,
        }
        for one in sorted(checked, key=lambda one: (one.plugin.kind, one.plugin.name))
    ]
    if as_json:
        write_json_list(rows)
    else:
        write_table(rows)
        if not rows:
            status(tr("no installed package offers any; docs/library.md says how one does"))
    return OK


def _configured(config: Config) -> list[Plugin]:
    """Those that the configuration names by their import path."""
    from voicebot.config.models import AudioPlugin, ChatPlugin, TtsPlugin
    from voicebot.plugins.installed import Plugin

    named: list[tuple[PluginKind, str]] = [("chunking", config.chunking.strategy)]
    if isinstance(config.chat, ChatPlugin):
        named.append(("chat", config.chat.factory))
    if isinstance(config.tts, TtsPlugin):
        named.append(("tts", config.tts.factory))
    if isinstance(config.audio, AudioPlugin):
        named.append(("audio", config.audio.factory))
    return [Plugin(kind, path, path) for kind, path in named if ":" in path]
