"""Marks within a line: emphasis, links, code, formulas, HTML, emoji, [tags]."""

from __future__ import annotations

import re

from voicebot.speech import Span
from voicebot.text.characters import NEWLINES, has_speech
from voicebot.text.decoration import EMOJI_CLASS, face_pattern
from voicebot.text.emotions import EMOTION_TAGS
from voicebot.text.patterns import word_set
from voicebot.text.reading import OpenBlock, Reading
from voicebot.text.thoughts import THOUGHT_NAMES

_ACTION = re.compile(rf"\s*+(?:\*(?![\s*])[^*\n]*+\*[\s.,!?。、！？…♪～{EMOJI_CLASS}\ufe0f\u200d]*+)++")
_SMALL_ACTION = re.compile(r"\*[a-z][^*\n]{1,120}+\*(?=\s|$)")
_CLOSING_UNDERSCORES = re.compile(r"(?<=[^\s_])_+(?!\w)")
_CLOSING_TILDES = re.compile(r"(?<=[^\s~])~~")
_NUMBERS = r"[1-9]\d{0,2}+(?:\s?[,–-]\s?\d{1,3}+){0,8}+"
_SIGN = re.compile(
    rf"""(?=[\\$`\[【<&(（{EMOJI_CLASS}\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f*_~→⇒⟶|¥￥{NEWLINES}]
       |!\[|[hH][tT]{{2}}[pP]|[wWｗ]{{2}}|T_T|[:;=]['()DPp-]|[>^][_.^-]|;_)
    (?:
      (?P<newline>\r\n|[{NEWLINES}])
    | (?P<display>\$\$|\\\[)
    | (?P<formula>\\\((?P<round>(?:[^\n\\]|\\[^()\n]){{1,300}}+)\\\)
                 |\$(?![\s$])(?P<dollars>[^$\n]{{1,200}}+)(?<![\s\\])\$(?![A-Za-z0-9]))
    | (?P<escape>\\[!-/:-@\[-`{{-~])
    | (?P<code>(?<!`)(?P<ticks>`++)(?P<inside>[^\n]{{1,300}}?)(?<!`)(?P=ticks)(?!`))
    | (?P<footnote>\[\^[\w-]{{1,20}}+\]
                  |(?:(?<=[^\s(\[])\[{_NUMBERS}\](?!\()|\[{_NUMBERS}\](?=[.,;:!?。、！？]))
                  |【\d[^】\n]{{0,20}}?†[^】\n]{{0,60}}+】)
    | (?P<link>!?\[(?P<label>(?:[^\[\]\n]|!?\[[^\[\]\n]{{0,100}}+\](?:\([^()\s]{{0,300}}+\))?){{0,300}}+)\]
               \((?:[^()\s]|\([^()\s]{{0,100}}+\)){{0,500}}+(?:\ \"[^\"\n]{{0,200}}+\")?\))
    | (?P<emotion>\[(?P<name>[^\[\]\n]{{1,24}}+)\](?P<gap>[ \t]*+))
    | (?P<autolink><(?:https?://[^\s<>]{{1,500}}+|[\w.+-]{{1,64}}+@[\w.-]{{1,100}}+)>)
    | (?P<thought><(?P<opened>(?i:{"|".join(THOUGHT_NAMES)}))>)
    | (?P<comment><!--(?:[^-<]|-(?!->)){{0,500}}+-->)
    | (?P<tag></?(?P<element>[A-Za-z][A-Za-z0-9]{{0,12}}+)(?:\s++[\w:@.-]{{1,40}}+\s?=\s?(?:"[^"\n]{{0,300}}+"
              |'[^'\n]{{0,300}}+'|[^\s"'<>=`]{{1,200}}+)){{0,20}}+\s*+/?>)
    | (?P<entity>&(?:\#\d{{1,7}}+|\#[xX][0-9a-fA-F]{{1,6}}+|[A-Za-z][A-Za-z0-9]{{1,30}}+);)
    | (?P<url>(?<![A-Za-z0-9.@/])(?i:https?://|www\.(?=[a-z0-9]))[A-Za-z0-9\-._~:/?\#\[\]@!$&'()*+,;=%]++)
    | (?P<bracket>[(（])
    | (?P<face>(?<!\w)(?:\^[_.-]?\^|>[_.]<|T_T|;_;)(?!\w)|(?<![^\s.!?…。！？])[:;=]['-]?[()DPp]{{1,4}}+(?!\w)
              |(?<=[\u3041-\u30ff\u3400-\u9fff。！？!?])[wｗ]{{2,20}}+(?![A-Za-z0-9.])
              |(?<=[\u3041-\u30ff\u3400-\u9fff。！？!?)）]\ )[wｗ]{{2,20}}+(?![A-Za-z0-9.]))
    | (?P<emoji>(?:[{EMOJI_CLASS}][\ufe0e\ufe0f\u20e3\u200d]*+|[\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f])++)
    | (?P<stars>\*++)
    | (?P<underscores>(?<!\w)_++(?=[^\W_])|(?<=[^\W_])_++(?!\w)|(?<=[.!?。！？])_++)
    | (?P<tildes>~~++)
    | (?P<stray>`++)
    | (?P<arrow>(?:[→⇒⟶]|(?<=\ )\|(?=\ ))\ ?)
    | (?P<yen>[¥￥]\ ?(?P<amount>\d{{1,12}}+(?:[,，]\d{{3}}){{0,6}}+)(?!\d))
    )""",
    re.VERBOSE,
)
"""What may be more than the characters it is written with."""
_REFERENCE = re.compile(r"(?<!\w)\[([^\[\]\n]{1,200}+)\]\[[^\[\]\n]{0,60}+\]")
_ELEMENTS = word_set(
    "a abbr article aside audio b big blockquote body br button caption center cite code col colgroup dd del details "
    "dfn div dl dt em figcaption figure font footer form h1 h2 h3 h4 h5 h6 head header hr html i iframe img input ins "
    "kbd label li link main mark meta nav ol option p picture pre q rp rt ruby s samp script section select small "
    "source span strike strong style sub summary sup svg table tbody td textarea tfoot th thead title tr tt u ul var "
    "video wbr speak break prosody emphasis"
).union(THOUGHT_NAMES)
_INLINE_ELEMENTS = word_set(
    "a abbr b big cite code del dfn em font i ins kbd mark q rt rp ruby s samp small span strike strong sub sup tt u "
    "var wbr emphasis prosody"
)
_THOUGHT_ENDS = {name: re.compile(f"</{name}>", re.IGNORECASE) for name in THOUGHT_NAMES}
_FORMULA_ENDS = {"$$": re.compile(r"\$\$|\n[ \t]*+(?=\n)"), "\\[": re.compile(r"\\\]|\n[ \t]*+(?=\n)")}
_FORMULA = re.compile(
    r"[^\\^_=<>{}+]*+[\\^_=<>{}+].*|-?[\d.,]*+[A-Za-z]?+['!]?+|-?\d++(?:\.\d++)?+%?+|[A-Za-z]{1,2}\([A-Za-z0-9, ]++\)"
    r"|[\dA-Za-z. ()]++[-*/][-*/\dA-Za-z. ()]++"
)
_SENTENCE_IN_FORMULA = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{2,} +(?:[A-Za-z]{2,} +|[A-Za-z]{4,})|[\u3041-\u30ff]")
_HOST = re.compile(r"(?:https?://)?(?:[^/?#@]*@)?(?:www\.)?([^/?#:@]+)", re.IGNORECASE)
_SCHEME = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)


def read_inline(reading: Reading, at: int, end: int, *, lines: bool = True) -> int:
    """Read to `end`, or (`lines`) to where a line or something of its own begins."""
    text, plain = reading.text, at
    while (found := _SIGN.search(text, at, end)) is not None:
        start, before = found.start(), len(reading.spans)
        at = _sign(reading, found, end)
        if at == start:  # it is only a character
            at = start + 1
            continue
        if plain < start:
            words = text[plain:start]
            reading.spans.insert(before, Span(words, words, words))
        plain = at
        if lines and (reading.state.line_start or reading.state.open is not None):
            return at
    reading.plain(plain, end)
    return end


def _sign(reading: Reading, found: re.Match[str], end: int) -> int:
    """Deal with what was found; return where reading goes on: where it began if it is only a character."""
    raw, start = found[0], found.start()
    match found.lastgroup:
        case "newline":
            _newline(reading, raw)
        case "display":
            if not _begins_line(reading, start) and _FORMULA_ENDS[raw].search(reading.text, found.end()) is None:
                return start
            reading.state.open = OpenBlock("math", _FORMULA_ENDS[raw])
            reading.say(raw, raw, "", "math")
        case "formula":
            latex = found["round"] or found["dollars"]
            if found["dollars"] and (not _FORMULA.fullmatch(latex) or _SENTENCE_IN_FORMULA.search(latex)):
                return start
            reading.say_formula(raw, latex)
        case "escape":
            reading.say(raw, raw[1], raw[1])
        case "code":
            ticks = found["ticks"]
            reading.say(ticks, "", "")
            reading.plain(found.start("inside"), found.end("inside"), "code")
            reading.say(ticks, "", "")
        case "footnote":
            reading.say(raw, raw, "", "footnote")
        case "link":
            inside, behind = found.span("label")
            reading.say(reading.text[start:inside], "", "")
            read_inline(reading, inside, behind, lines=False)
            reading.say(reading.text[behind : found.end()], "", "")
        case "emotion":
            return _bracket(reading, found)
        case "autolink":
            address = raw[1:-1]
            reading.say("<", "", "")
            reading.say(address, address, _address(reading, address) if "/" in address else address, "url")
            reading.say(">", "", "")
        case "thought":
            reading.state.open = OpenBlock("thought", _THOUGHT_ENDS[found["opened"].lower()])
            reading.say(raw, "", " ", "thought")
        case "comment":
            reading.say(raw, "", " ", "tag")
        case "tag":
            element = found["element"].lower()
            if element not in _ELEMENTS:
                return start
            reading.say(raw, "\n" if element == "br" else "", "" if element in _INLINE_ELEMENTS else " ", "tag")
        case "entity":
            from html import unescape

            if (character := unescape(raw)) == raw:
                return start
            reading.say(raw, character, character, "tag")
        case "url":
            address = _without_marks(raw)
            reading.say(address, address, _address(reading, address), "url")
            return start + len(address)
        case "bracket":
            face = face_pattern().match(reading.text, start, end)
            if face is None:
                return start
            reading.say(face[0], face[0], " ", "emoji")
            return face.end()
        case "face":
            reading.say(raw, raw, " ", "emoji")
        case "emoji":
            reading.say(raw, raw, raw if reading.options.emoji == "keep" else " ", "emoji")
        case "stars":
            return _stars(reading, found, end)
        case "underscores" | "tildes":
            _pair(reading, found, end)
        case "stray":
            reading.say(raw, raw, "")
        case "arrow":
            reading.say(raw, raw, "、" if reading.is_japanese() else ", ")
        case "yen":
            if not reading.is_japanese():
                return start
            reading.say(raw, raw, found["amount"].replace(",", "").replace("，", "") + "円")
    return found.end()


def _newline(reading: Reading, raw: str) -> None:
    """Behind a marked line the voice pauses; emphasis ends with its line."""
    if reading.marked:
        reading.pause()
        reading.marked = False
    reading.state.emphasis.clear()
    reading.state.line_start = True
    reading.spans.append(Span(raw, raw, raw))


def _begins_line(reading: Reading, at: int) -> bool:
    """Whether only whitespace stands before `at` on its line (or in the last twenty characters)."""
    begin = max(0, at - 20)
    return not reading.text[reading.text.rfind("\n", begin, at) + 1 or begin : at].strip()


def _address(reading: Reading, address: str) -> str:
    """What is said of an address."""
    if reading.options.urls == "skip":
        return "リンク" if reading.is_japanese() else "the link"
    if reading.options.urls == "read":
        return _SCHEME.sub("", address).rstrip("/")
    host = _HOST.match(address)
    return host[1] if host else ""


def _without_marks(url: str) -> str:
    """`url` without the punctuation behind it that belongs to the sentence."""
    surplus = url.count(")") - url.count("(")
    end = len(url)
    while end and (url[end - 1] in ".,;:!?'*_~[]&" or (surplus > 0 and url[end - 1] == ")")):
        surplus -= url[end - 1] == ")"
        end -= 1
    return url[:end]


def _bracket(reading: Reading, found: re.Match[str]) -> int:
    """[emotion], a [text][with a reference], or only brackets."""
    start = found.start()
    name = found["name"].strip()
    tag = name.casefold().removeprefix("emotion:").strip()
    if tag in EMOTION_TAGS or tag in map(str.casefold, reading.options.emotion_tags):
        stands_apart = start == 0 or reading.text[start - 1].isspace()
        reading.say(found[0], "" if stands_apart else found["gap"], " ", "emotion")
        return found.end()
    if (reference := _REFERENCE.match(reading.text, start)) is not None:
        inside, behind = reference.span(1)
        reading.say("[", "", "")
        read_inline(reading, inside, behind, lines=False)
        reading.say(reading.text[behind : reference.end()], "", "")
        return reference.end()
    return start


def read_action(reading: Reading) -> bool:
    """Read a segment that is nothing but *an action*; return whether it is."""
    if not (reading.state.at_rest and _ACTION.fullmatch(reading.text)):
        return False
    if reading.options.actions == "skip":
        reading.say(reading.text, reading.text, "", "action")
        return True
    for part in re.split(r"(\*)", reading.text):
        reading.say(part, part, "" if part == "*" or not has_speech(part) else part, "action")
    reading.pause()
    return True


def _stars(reading: Reading, found: re.Match[str], end: int) -> int:
    """Markers of emphasis, or stars that mean something."""
    text, run, opened = reading.text, found[0], reading.state.emphasis
    start, behind = found.span()
    before = text[start - 1] if start else " "
    after = text[behind] if behind < end else " "
    open_side, close_side = not after.isspace(), not before.isspace()
    words = before.isascii() and before.isalnum() and after.isascii() and after.isalnum()
    if (words and (len(run) == 1 or (before.isdigit() and after.isdigit()))) or (
        len(run) == 1 and not open_side and not close_side
    ):
        reading.plain(start, behind)
        return behind
    if close_side and opened and (run in opened or not open_side):
        opened.discard(run) if run in opened else opened.clear()
        reading.say(run, "", "")
    elif open_side and (len(run) > 1 or text.find("*", behind, behind + 400) > 0):
        if (action := _acted(reading, start)) > 0:
            reading.say(text[start:action], text[start:action], " ", "action")
            return action
        opened.add(run)
        reading.say(run, "", "")
    elif len(run) == 1 and after.isdigit():
        reading.plain(start, behind)
    else:
        reading.say(run, run, "")
    return behind


def _acted(reading: Reading, start: int) -> int:
    """Where an *action* that begins a sentence here ends, or 0; unlike emphasis there, it has no capital."""
    before = reading.text[max(0, start - 4) : start].rstrip()[-1:]
    if reading.options.actions == "read" or (before and before not in '.!?…"”'):
        return 0
    action = _SMALL_ACTION.match(reading.text, start)
    return action.end() if action else 0


def _pair(reading: Reading, found: re.Match[str], end: int) -> None:
    """_ and ~~: markers if there are two, else only not spoken."""
    run, opened = found[0], reading.state.emphasis
    if run in opened:
        opened.discard(run)
        reading.say(run, "", "")
    elif (_CLOSING_UNDERSCORES if run[0] == "_" else _CLOSING_TILDES).search(
        reading.text, found.end(), min(end, found.end() + 400)
    ):
        opened.add(run)
        reading.say(run, "", "")
    else:
        reading.say(run, run, "")
