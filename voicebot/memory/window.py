"""Remembers the last turns, as many as the window and the token budget allow, and a summary of those before them.

Servers keep what they have read of a prompt and read only what follows the first difference. So the turns that are told
begin with the same one for as long as possible: their number grows, and when there are too many, half of them are left
out at once. Leaving out the oldest at each turn would make the server read everything after the system prompt anew.
For the same reason whatever changes from turn to turn has to come last.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Iterable
from itertools import chain, islice

from voicebot.errors import ChatError
from voicebot.memory.budget import TokenEstimate
from voicebot.memory.summary import NO_SUMMARY, Summary, summarize, with_heading
from voicebot.memory.turns import Turn, finished_turn
from voicebot.messages import Message
from voicebot.protocols import ChatModel
from voicebot.speech import Outcome

_FOLDED_AT_ONCE = 20
"""Turns; a small model would not read a longer prompt to its end."""

log = logging.getLogger(__name__)


class WindowMemory:
    """The system prompt and the last turns, in this process only: at least `turns`, at most twice as many.

    What the chat model is told takes at most `max_tokens` (0: no limit), as far as that can be estimated, unless the
    last turn alone takes more; where there is no room for one more turn, half of the room is made. With `summary`,
    `condense` folds what is more than `turns` turns into a running summary.
    """

    def __init__(self, *, system_prompt: str, turns: int, max_tokens: int = 0, summary: bool = False) -> None:
        self._system_prompt = system_prompt if system_prompt.strip() else ""
        self._window = turns
        self._max_tokens = max_tokens
        self._summarizes = summary and turns > 0
        self.estimate = TokenEstimate()
        """How many tokens messages take."""
        self._turns: list[tuple[Turn, tuple[Message, ...]]] = []
        self._told = 0
        """How many of them are told; the others wait for the summary."""
        self.summary = NO_SUMMARY
        """A summary of everything before the turns that are told."""

    @property
    def reach(self) -> int:
        """The most turns that are told."""
        return 2 * self._window

    def messages(self) -> list[Message]:
        """The system prompt with the summary, then what was said, oldest first."""
        return self._messages(self._told)

    def remember(self, message: str, outcome: Outcome, *, model: str) -> Turn:
        """Know one finished turn from now on; one without anything heard or answered is not told."""
        counted = outcome.metrics.prompt_tokens
        if counted and not outcome.exchanged:  # a tool loop's several requests are counted together
            self.estimate.learn([*self.messages(), Message("user", message)], counted)
        turn = finished_turn(message, outcome, model=model)
        self.restore([turn])
        return turn

    def restore(self, turns: Iterable[Turn], summary: Summary = NO_SUMMARY) -> None:
        """Know turns of an earlier process, oldest first, and the summary of what went before them."""
        if summary.text:
            self.summary = summary
        for turn in turns:
            if messages := turn.messages():
                self._turns.append((turn, messages))
                self._told += 1
                self._make_room()
        self._make_room()  # the estimate or the summary may have grown

    async def keep(self) -> None:
        """Return at once: nothing outlives this process."""

    async def condense(self, chat: ChatModel) -> None:
        """Let `chat` fold older turns into the summary if there are too many; if that fails, the turns stay.

        Cancelling leaves everything as it was.
        """
        folded = [turn for turn, _ in islice(self._turns, self._to_fold())]
        if not folded:
            return
        try:
            text = await summarize(chat, self.summary.text, folded)
        except ChatError as error:
            log.info("could not summarize the conversation: %s", error.message)
            return
        if text:
            self.summary = Summary(text, until=folded[-1].at)
            del self._turns[: len(folded)]
            self._told = min(self._told, len(self._turns))
            self._make_room()

    def _to_fold(self) -> int:
        """How many of the oldest turns go into the summary now.

        They go in batches: each new summary makes the server read its whole prompt again.
        """
        if not self._summarizes or len(self._turns) <= min(self._window, self._told):
            return 0
        return min(_FOLDED_AT_ONCE, len(self._turns) - max(1, min(self._window // 2, self._told)))

    def _make_room(self) -> None:
        """Tell fewer turns where there are too many: half of them, so that there is room for a while."""
        if self._told > self.reach:
            self._told = self._window
        if self._told > 1 and self._exceeds(self._messages(self._told)):
            half = (self._max_tokens + self.estimate.tokens(self._head(self.summary.text))) / 2
            fitting = bisect_right(range(1, self._told), half, key=lambda n: self.estimate.tokens(self._messages(n)))
            self._told = max(1, fitting)
        if not self._summarizes:
            del self._turns[: len(self._turns) - self._told]

    def _messages(self, count: int) -> list[Message]:
        """What is told with the last `count` turns."""
        turns = [messages for _, messages in islice(self._turns, len(self._turns) - count, None)]
        head = self._head(self.summary.text)
        if self._exceeds([*head, *(turns[-1] if turns else ())]):
            head = self._head("")
        return [*head, *chain.from_iterable(turns)]

    def _head(self, summary: str) -> list[Message]:
        # One system message: the templates of many models do not know a second one.
        text = "\n\n".join(part for part in (self._system_prompt, with_heading(summary)) if part)
        return [Message("system", text)] if text else []

    def _exceeds(self, messages: Iterable[Message]) -> bool:
        return bool(self._max_tokens) and self.estimate.tokens(messages) > self._max_tokens
