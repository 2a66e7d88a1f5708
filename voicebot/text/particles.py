"""Japanese particles, which carry a sentence on behind a mark.

A question that the characters seen so far cannot answer is answered with None: ask again when there is more.
"""

from __future__ import annotations


def _by_first(text: str) -> dict[str, tuple[str, ...]]:
    """The words of `text` by their first character."""
    words = text.split()
    return {first: tuple(word for word in words if word[0] == first) for first in {word[0] for word in words}}


_PARTICLES = {
    False: _by_first("と っ なんて を の みたい"),
    True: _by_first(
        "と っ なんて など なの なら なので みたい を の は が に で も へ や か だ じゃな まで より から だけ ばかり "
        "くらい ぐらい さえ こそ しか ね よ"
    ),
}
"""By whether even は and が may carry the sentence on."""
_STARTS = _by_first(
    "とても とっても ところ とりあえず とにかく とはいえ ともかく ともあれ とくに ときどき とうとう どうも "
    "というわけで ということで というか、 となると、 とすると、 となり とんでも とあ のんびり のど のち のり はい "
    "はじめ はやく はは はあ はぁ はっきり はて はる がん がっ にこ にもかかわらず にゃ でも では、 ですが "
    "ですから できれば できる でき もう もし もちろん もっと もの もと もしかし へえ へぇ へい へー へへ へん "
    "へや やった やっぱ やっと やは やば やめ やさし やや やる やり やれ やあ やぁ やっほ かな かわ からだ かし "
    "かっこ かけ だから だが だけど だけれど だって だめ だれ だい だん ねえ ねぇ ねこ ねむ よか よし よく よろし "
    "より良 よりよ よう なので、 なのに、 ならば なら、 まで、"
)
"""Words that begin a sentence although they begin like a particle."""
PARTICLE_ENDS = frozenset("はがをにのとでへ、もや은는이가을를에의도로와과")
"""The last characters of words after which a sentence goes on."""


def begins_sentence(text: str, start: int, end: int, *, wide: bool, final: bool) -> bool | None:
    """Whether Japanese text at `start` begins a sentence, rather than carrying one on as a particle does.

    Such are と and って behind any mark, and (`wide`) は, が, です … where not even the mark is sure.
    """
    particles = _PARTICLES[wide].get(text[start])
    if particles is None:
        return True
    seen = text[start : min(end, start + 8)]
    starts = _STARTS.get(text[start], ())
    if seen.startswith(starts):
        return True
    if not final and any(len(seen) < len(word) and word.startswith(seen) for word in (*starts, *particles)):
        return None
    return not seen.startswith(particles)
