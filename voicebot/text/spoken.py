"""What the voice says of a text that stands alone."""

from __future__ import annotations

from voicebot.speech import Boundary, Segment
from voicebot.text.render_options import RenderOptions
from voicebot.text.rendering import Renderer


def spoken_text(text: str, *, japanese: bool | None = None) -> str:
    """What a voice says of `text`, on one line; "" when there is nothing to say: no letter, no digit.

    `japanese` says whether the reply around it is Japanese; left out, the text itself tells. Linear in the length of
    `text`.
    """
    options = RenderOptions(language="auto" if japanese is None else "ja" if japanese else "en")
    return Renderer(options).feed(Segment(text, 0, len(text), Boundary.END, "end")).spoken
