"""What a graph says of its nodes: whose text is the answer, and what of it is known while it streams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

_END = "__end__"

When = Literal["now", "if last", "if nothing else"]
"""When the text of a node is for the listener: as it streams; if nothing follows it, which only the end tells; or if
nothing else is for the listener."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """The nodes of a graph by what may follow them."""

    last: frozenset[str] | None
    """Those that may be the last; None if the graph does not say."""
    commanding: frozenset[str]
    """Those that may say themselves what follows, with a Command(goto=…)."""

    def when(self, node: object) -> When:
        """Tell when the text of `node` is for the listener."""
        if node in self.commanding:
            return "if last"
        return "now" if self.last is None or node in self.last else "if nothing else"


def graph_in(runnable: object) -> Any:  # Any: LangGraph need not be installed
    """Return the graph that `runnable` is, however it is wrapped; None if it is something else."""
    while not hasattr(runnable, "stream_mode"):
        if (runnable := getattr(runnable, "bound", None)) is None:
            return None
    return runnable


def nodes_of(runnable: Runnable[Any, Any]) -> Nodes:
    """Return what a graph says of its nodes.

    What is annotated as Command[…] is drawn. A node that no edge leads to must be reached by a Command that is not
    annotated, which may come from any node that no edge leaves.
    """
    try:
        drawn = runnable.get_graph()
    except Exception:  # noqa: BLE001 - a graph that cannot be drawn can still reply
        return Nodes(None, frozenset())
    last = {edge.source for edge in drawn.edges if edge.target == _END}
    builder: Any = getattr(graph_in(runnable), "builder", None)  # Any: LangGraph's own, as is the next one
    built: Mapping[str, Any] = getattr(builder, "nodes", {})
    commanding = {name for name, node in built.items() if getattr(node, "ends", ())}
    if unreached := built.keys() - {edge.target for edge in drawn.edges}:
        leading = {source for source, _ in builder.edges} | {*builder.branches}
        leading |= {source for sources, _ in builder.waiting_edges for source in sources}
        commanding |= built.keys() - leading
        # They are not drawn, and neither are their ends.
        last |= unreached & {source for source, target in builder.edges if target == _END}
        last |= {source for source in unreached & {*builder.branches} if _may_end(builder.branches[source])}
    return Nodes(frozenset(last), frozenset(commanding))


def _may_end(branches: Mapping[str, Any]) -> bool:  # Any: LangGraph's own
    return any(branch.ends is None or _END in branch.ends.values() for branch in branches.values())


@dataclass(slots=True)
class _Aside:
    when: When
    kept: bool = False
    """Its node has put it into the conversation."""
    text: list[str] = field(default_factory=list)


class Asides:
    """The messages of a graph that are not spoken as they stream, of which one may turn out to be the answer."""

    def __init__(self) -> None:
        self._messages: dict[str | None, _Aside] = {}

    def add(self, id: str | None, text: str, *, when: When) -> None:
        """Hold a piece of the message with this id."""
        self._messages.setdefault(id, _Aside(when)).text.append(text)

    def forget(self) -> None:
        """Know that something was spoken behind all of them."""
        self._messages.clear()

    def keep(self, update: object) -> None:
        """Know what nodes have put into the state: a router's choice is not a message of the conversation."""
        for id in _message_ids(update, depth=4):
            if aside := self._messages.get(id):
                aside.kept = True

    def answer(self, *, spoke: bool) -> str:
        """Return what has to be said at the end; where nothing was said so far, anything is better than that."""
        texts = dict.fromkeys((True, False), "")
        for aside in self._messages.values():
            if (text := "".join(aside.text)).strip() and (not spoke or (aside.kept and aside.when == "if last")):
                texts[aside.kept] = text
        return texts[True] or texts[False]


def _message_ids(value: object, *, depth: int) -> list[str]:
    from langchain_core.messages import BaseMessage

    if isinstance(value, BaseMessage):
        return [value.id] if value.id else []
    if depth == 0 or not isinstance(value, Mapping | list | tuple):
        return []
    items = value.values() if isinstance(value, Mapping) else value
    return [id for item in items for id in _message_ids(item, depth=depth - 1)]
