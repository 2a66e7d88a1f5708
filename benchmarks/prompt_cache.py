"""What a chat server with a prefix cache reads anew in each turn of a long conversation.

Such a server (llama-server, vLLM, Ollama) keeps what it has read of the last prompt and reads only what follows the
first difference. One word counts as one model token here, and so does whatever a template puts around a message. The
reply counts as new in the next prompt, although some servers keep what they wrote too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, takewhile

from benchmarks.figures import Figure
from tests.memory.builders import outcome
from voicebot.memory.window import WindowMemory
from voicebot.messages import Message

TURNS = 30
FIRST_TURNS = 10
"""Not counted: the window is not full yet."""
GOAL = 220.0
SYSTEM_WORDS, MESSAGE_WORDS, REPLY_WORDS, TEMPLATE_TOKENS = 180, 14, 86, 6
"""As in a conversation with short questions and some spoken sentences as the answer."""
BUDGET_TOKENS = 2000


def measure_prompt_cache() -> list[Figure]:
    """The mean over the turns once the window is full, with a window of turns and with a budget of tokens."""
    memories = {
        "conversation.turns = 5": WindowMemory(system_prompt=words("s", SYSTEM_WORDS), turns=5),
        f"memory.max_tokens = {BUDGET_TOKENS}": WindowMemory(
            system_prompt=words("s", SYSTEM_WORDS), turns=1000, max_tokens=BUDGET_TOKENS
        ),
    }
    return [_figure(name, memory) for name, memory in memories.items()]


def _figure(name: str, memory: WindowMemory) -> Figure:
    prompts: list[list[str]] = [[], *(tokens(messages) for messages in _conversation(memory))]
    anew = [len(prompt) - common(before, prompt) for before, prompt in pairwise(prompts)][FIRST_TURNS:]
    mean = sum(anew) / len(anew)
    longest = f"longest prompt {max(map(len, prompts))}, most read anew {max(anew)}"
    return Figure(f"prompt tokens read anew per turn, {name}", mean, GOAL, "tokens", f"{longest}, {len(anew)} turns")


def _conversation(memory: WindowMemory) -> list[list[Message]]:
    """What the chat model is sent in each turn."""
    sent = []
    for number in range(TURNS):
        message = words(f"q{number}", MESSAGE_WORDS)
        sent.append([*memory.messages(), Message("user", message)])
        memory.remember(message, outcome(words(f"a{number}", REPLY_WORDS)), model="m")
    return sent


def words(name: str, count: int) -> str:
    """A text of `count` words that are in no other text."""
    return " ".join(f"{name}.{number}" for number in range(count))


def tokens(messages: Sequence[Message]) -> list[str]:
    """The prompt that `messages` become."""
    return [
        token for message in messages for token in (*[f"<{message.role}>"] * TEMPLATE_TOKENS, *message.content.split())
    ]


def common(before: Sequence[str], after: Sequence[str]) -> int:
    """How many tokens both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
