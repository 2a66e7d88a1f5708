"""The tags between which models write what they think: never spoken, and not shown."""

from __future__ import annotations

THOUGHT_NAMES = ("think", "thinking", "reasoning", "thought", "seed:think", "mm:think", "longcat_think")
THOUGHT_TAGS = {f"<{name}>": f"</{name}>" for name in THOUGHT_NAMES}
"""Opening and closing tag."""

THOUGHT_ENDS: dict[str, tuple[str, ...]] = {
    **{opening: (closing,) for opening, closing in THOUGHT_TAGS.items()},
    "[THINK]": ("[/THINK]",),  # Mistral
    "<|channel|>analysis": ("<|end|>", "<|start|>assistant", "<|channel|>final"),  # gpt-oss
    "<|channel>thought": ("<channel|>",),  # Gemma
    "<|START_THINKING|>": ("<|END_THINKING|>",),  # Cohere
    "<|begin_of_thought|>": ("<|end_of_thought|>",),  # Open Thoughts, Sky
    "<|inner_prefix|>": ("<|inner_suffix|>",),  # Apertus
    "<unused94>thought": ("<unused95>",),  # MedGemma
    "◁think▷": ("◁/think▷",),  # Kimi
}
"""What opens a thought at the beginning of a reply, and what closes it: tags, or tokens that a server should have kept
to itself."""

ANSWER_OPENINGS = (
    "<|start|>assistant", "<|channel|>final", "<|channel|>commentary<|message|>", "<|message|>", "<|end|>",
    "<|START_RESPONSE|>", "<|begin_of_solution|>", "<answer>",
)  # fmt: skip
"""What may stand between a thought and the answer, or in front of an answer without a thought."""
ANSWER_ENDS = ("<|return|>", "<|end|>", "<|END_RESPONSE|>", "<|end_of_solution|>", "</answer>")
"""What may stand behind an answer that had one of those in front of it."""
