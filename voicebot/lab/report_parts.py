"""The parts of the report around its means: the differences, what can be listened to, and how it was made."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from voicebot.lab.spread import Difference
from voicebot.lab.summary import Against
from voicebot.translation import tr


@dataclass(frozen=True, slots=True)
class Recording:
    """One reply as it would have been heard with one setting."""

    setting: str
    trace: str
    engine: str
    voice: str
    """Who speaks, as its provider asks to be named, or the name of the engine."""
    wav: bytes


@dataclass(frozen=True, slots=True)
class About:
    """What the head of the report says."""

    title: str
    made: str
    """When it was made, for a person to read."""
    version: str
    settings: Mapping[str, str] = field(default_factory=dict)
    """What each setting changes, by name."""
    engines: Mapping[str, str] = field(default_factory=dict)
    """What each engine costs, by name."""
    contents: Mapping[str, str] = field(default_factory=dict)
    """What config.toml would say for each setting, by name; empty: the defaults."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of the programs that made it, by name."""
    command: str = ""
    """What was typed."""
    recordings: Sequence[Recording] = ()


def differences_table(found: Sequence[Against]) -> str:
    """What each setting changes compared with the first; empty if there is only one."""
    if not found:
        return ""
    title = tr("Differences from {setting}", setting=found[0].against)
    note = tr(
        "Reply by reply, in seconds, with the interval that holds the true difference in 95 of 100 such experiments. "
        "Where it holds 0, these replies show no difference."
    )
    heads = "".join(
        f"<th scope=col>{escape(head)}</th>"
        for head in (tr("setting"), tr("engine"), tr("silence"), "TTFA", tr("gaps"), tr("replies"))
    )
    rows = "".join(
        f"<tr><th scope=row>{escape(one.setting)}</th><td>{escape(one.engine)}</td>"
        f"{_difference(one.silence_seconds)}{_difference(one.ttfa)}{_difference(one.gap_seconds)}"
        f"<td>{one.ttfa.replies}</td></tr>"
        for one in found
    )
    return (
        f"<section aria-labelledby=differences><h2 id=differences>{escape(title)}</h2><p class=quiet>{escape(note)}</p>"
        "<div class=scroll tabindex=0 role=region aria-labelledby=differences><table><thead><tr>"
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _difference(found: Difference) -> str:
    mean = _signed(found.mean)
    if found.low is None or found.high is None:
        chance = tr("one reply: it may be chance")
        return f"<td>{mean}<br><span class=quiet>{escape(chance)}</span></td>"
    ends = f"{_signed(found.low)} … {_signed(found.high)}"
    if found.is_shown:
        return f"<td><b>{mean}</b><br><span class=quiet>{ends}</span></td>"
    not_shown = tr("no difference shown")
    return f"<td>{mean}<br><span class=quiet>{ends}<br>{escape(not_shown)}</span></td>"


def _signed(seconds: float) -> str:
    return f"{seconds:+.2f}".replace("-0.00", "+0.00").replace("-", "−")


def listening_section(recordings: Sequence[Recording]) -> str:
    """Players side by side, each with its size; empty where there is nothing to listen to."""
    if not recordings:
        return ""
    note = tr(
        "Each begins with the question: what is silent here is silence to the listener. "
        "The voice is {voice}; synthesis takes as long as {engine} would.",
        voice=recordings[0].voice,
        engine=recordings[0].engine,
    )
    players = "".join(
        f"<figure><figcaption>{escape(one.setting)}</figcaption>"
        f"<p class=quiet>{escape(one.trace)} · {len(one.wav) / 1e6:.1f}&nbsp;MB</p><audio controls preload=none "
        f'aria-label="{escape(one.setting)}" src="data:audio/wav;base64,{base64.b64encode(one.wav).decode()}"></audio>'
        "</figure>"
        for one in recordings
    )
    title = tr("Listen")
    return (
        f"<section aria-labelledby=listen><h2 id=listen>{escape(title)}</h2>"
        f"<p class=quiet>{escape(note)}</p><div class=plots>{players}</div></section>"
    )


def made_section(about: About) -> str:
    """The command, the versions, the engines, and what each setting says."""
    title = tr("How this was made")
    parts = [f"<section aria-labelledby=made><h2 id=made>{escape(title)}</h2>"]
    if about.command:
        parts.append(f"<pre class=box tabindex=0>{escape(about.command)}</pre>")
    facts = {**about.versions, **{name: cost for name, cost in about.engines.items() if cost != name}}
    if facts:
        parts.append("<dl class=facts>")
        parts += [f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items()]
        parts.append("</dl>")
    for name, content in about.contents.items():
        text = content.strip() or tr("# the defaults")
        parts.append(
            f"<details open><summary>{escape(name)}</summary><pre class=box tabindex=0>{escape(text)}</pre></details>"
        )
    return "".join([*parts, "</section>"])
