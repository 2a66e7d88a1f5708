"""What other people write, and replies do not: stray marks, quotations of many sentences, other scripts."""

from __future__ import annotations

import re

import pytest

from tests.text.test_chunking import cut_up, segments, texts
from voicebot.text.chunking import Chunker
from voicebot.text.decoration import face_end
from voicebot.text.patterns import compiled
from voicebot.text.running_text import SENTENCE_PATTERN, read_sentence
from voicebot.text.sentence import Rules, Sentence


@pytest.mark.parametrize(
    "marked",
    [
        "The word `never closes.|It goes on here.|And here.",
        "We sat in the cafe` all day.|Then we left.",
        "Das ist ``gefährdet''.|Ghali besucht Auschwitz.|Er kommt.",
    ],
)
def test_a_backtick_that_opens_no_code_holds_nothing(marked: str) -> None:
    """A lone ` and TeX's quotation marks opened a code span, which held everything up to the end of the line."""
    assert texts(marked.replace("|", " ")) == marked.split("|")


@pytest.mark.parametrize(
    "marked",
    [
        'It was late", she said.|Nobody moved.|We left.',
        "C'est fini ».|Il part.|Elle reste.",
        "Er rief “.|Dann ging er.|Sie blieb.",
    ],
)
def test_a_stray_closing_quotation_mark_opens_nothing(marked: str) -> None:
    """It was taken for an opening one, so that all that followed was a quotation."""
    assert texts(marked.replace("|", " ")) == marked.split("|")


@pytest.mark.parametrize(
    "marked",
    [
        "He said: “The night was long and cold, and nobody knew when it would end.|We waited for hours.|"
        "Then it was over.”|That was all.",
        'Trump said: "There are a lot of killers.|We have a lot of killers.|Are we all so very innocent?"|He left.',
        "Он сказал: «Это не роман.|Это исповедь большой души.|Это больше, чем литература, и это нравится».|Потом ушёл.",
    ],
)
def test_the_sentences_of_a_long_quotation_are_sentences(marked: str) -> None:
    """A quotation kept its sentences together for 150 characters, and those before were never cut at all."""
    assert texts(marked.replace("|", " ")) == marked.split("|")


def test_the_sentences_of_a_quotation_that_never_closes_are_sentences() -> None:
    assert texts("He said “Stop. Go on.\nYes. No.") == ["He said “Stop.", "Go on.", "Yes.", "No."]


def test_a_long_quotation_is_cut_alike_however_it_is_split() -> None:
    """What is read again must not depend on where the deltas ended."""
    reply = (
        '«Я не знаю. Может (да. Нет.) быть "завтра. Или" `потом`. Кто знает?» Он ушёл. *Note: это. Всё*. Да “нет. И”.'
    )
    whole = segments(reply, [reply])
    assert segments(reply) == whole
    for at in range(len(reply)):
        assert segments(reply, cut_up(reply, [at])) == whole


@pytest.mark.parametrize("mark", ["“", '"', "«", "„", "`", "*a", "“ «"])
def test_text_is_read_again_once_at_most(mark: str) -> None:
    """However many marks open nothing, each place is looked at about as often."""
    find = compiled(SENTENCE_PATTERN).search
    looked_at = 0

    def counting(text: str, at: int = 0, end: int = 10**9, /) -> re.Match[str] | None:
        nonlocal looked_at
        found = find(text, at, end)
        looked_at += (min(len(text), end) if found is None else found.end()) - at
        return found

    reply = f"{mark}word, " * 2_000
    sentence = Sentence(Rules(counting), line=0)
    for end in range(4, len(reply) + 1, 4):
        assert read_sentence(sentence, reply[:end], end, final=False) is None
    assert looked_at < 4 * len(reply)


@pytest.mark.parametrize(
    "marked",
    [
        "Hij wist het.|,,Ik denk het niet'', zei hij.|Klaar.",
        "Het was raak.|...en toen barste het los.|Klaar.",
        "*Note: the shop is closed.|Please come back later.*",
        "This was shown before.[1]|Others doubt it. [2-4]|We do not. […]|They do.",
        "He weighed 90 kg (198 pounds.)|However, he ran.",
        "Es lief (bis 1998 usw.).|Dann nicht.",
        "Das Volk liest / und singt. / Dann schweigt es.|Gut.",
        "Мы едем 100 км/ч.|Быстро!",
    ],
)
def test_marks_of_print_end_sentences_where_a_reader_would_end_them(marked: str) -> None:
    """Low quotation marks typed as commas, notes, brackets and slashes were each taken for something else."""
    assert texts(marked.replace("|", " ")) == marked.split("|")


@pytest.mark.parametrize(
    "marked",
    [
        "HIGHLY recommend.|thanks",
        "Great!|i can help.|what do you need?",
        "L'arte della vendetta.|messo in ginocchio, lascia.|Poi torna.",
        "Καλημέρα.|το κόστος ήταν 5.",
        "Man muss das stärker thematisieren.|wir waren dort.",
        "Он ничего не понимает!|но это пройдёт.",
        "Ik vond het helemaal niets.|maar goed.",
    ],
)
def test_a_small_letter_may_begin_a_sentence(marked: str) -> None:
    """It began one only in texts that began with a small letter themselves."""
    assert texts(marked.replace("|", " ")) == marked.split("|")


@pytest.mark.parametrize(
    "text",
    [
        "La centrale meteor. si è guastata.",
        "Der Preis evtl. was anderes.",
        "Alle insbes. wir beide.",
        "Yahoo! is it.",
    ],
)
def test_a_small_letter_behind_what_may_be_an_abbreviation_begins_nothing(text: str) -> None:
    assert texts(text) == [text]


@pytest.mark.parametrize(
    "marked",
    [
        "- Kto tam? - pyta Anna.|Nikt nie odpowiada.",
        "-- Где ты видишь рога? -- кричу я.|Он молчит.",
    ],
)
def test_who_said_it_may_stand_behind_a_hyphen(marked: str) -> None:
    """Only behind a long dash did a sentence go on."""
    assert texts(marked.replace("|", " ")) == marked.split("|")


@pytest.mark.parametrize(
    "marked", ["ご利用になりますか?|3名様ですね。", "すごい！（laughs）|1000年も前です。", "円周率は3.14です。"]
)
def test_a_digit_begins_a_sentence_behind_a_mark(marked: str) -> None:
    """なさいますか?3名様 was one sentence."""
    assert texts(marked.replace("|", "")) == marked.split("|")


def test_letters_with_vowel_signs_are_not_kaomoji() -> None:
    """The signs of (ब्लैडर) counted as odd characters, of which a face is made."""
    assert face_end("(ब्लैडर) की", 0, 11, False) == 0
    assert face_end("(ಠ_ಠ)次", 0, 6, False) == 5


@pytest.mark.parametrize(
    "marked",
    [
        "Բարև Ձեզ։|Ինչպե՞ս եք դուք։|Լավ եմ:|Իսկ դուք:",
        "Πού είναι;|Δεν ξέρω· ίσως εκεί.",
        "እንደምን አለህ፧|መልካም።",
        "वह आया।|वह गया।",
    ],
)
def test_the_marks_of_other_scripts_end_sentences(marked: str) -> None:
    """Armenian had no full stop, and its question mark, which stands within the word, tore the word apart."""
    assert texts(marked.replace("|", " ")) == marked.split("|")


@pytest.mark.parametrize("marks", ["“”", '""'])
def test_the_closing_mark_of_a_quotation_given_up_stays_with_its_full_stop(marks: str) -> None:
    """Behind a danda nothing is waited for, and the mark went to the next sentence."""
    said = "मैं यहाँ बहुत देर से खड़ा हूँ और तुम नहीं आए, अब मैं यहाँ से घर जा रहा हूँ। कल मिलेंगे।"
    _, *rest = texts(f"उसने कहा, {marks[0]}{said}{marks[1]} फिर वह गया।")
    assert rest == [f"कल मिलेंगे।{marks[1]}", "फिर वह गया।"]


@pytest.mark.parametrize("rest", ["Dat was het. ''|Hij ging.", "Wat? ''|,, Niets. ''|Klaar.", "Ça va !  »|Il part."])
def test_a_closing_mark_behind_a_space_stays_with_its_sentence(rest: str) -> None:
    """Behind a full stop the '' of a Dutch quotation that was typed with spaces began the next sentence."""
    reply = rest.replace("|", " ")
    assert texts(reply) == rest.split("|")
    for at in range(len(reply)):
        assert segments(reply, cut_up(reply, [at])) == segments(reply)


@pytest.mark.parametrize(
    "marked", ["Zo is het.|''Nee'' zei hij.", "It is 6' 2''.|That is tall.", "He left.|'Tis late."]
)
def test_two_apostrophes_before_a_letter_close_nothing(marked: str) -> None:
    assert texts(marked.replace("|", " ")) == marked.split("|")


@pytest.mark.parametrize(
    "marked",
    [
        "1813 թ. Գյուլիստանի պայմանագիրը կնքվեց:|Դա 19-րդ դդ. սկիզբն էր:",
        "Ընկ. Թոփուզյանը եկավ:|Քաղ. Գյումրի է:",
    ],
)
def test_armenian_abbreviations_end_no_sentence(marked: str) -> None:
    """Each year with its թ. ended one."""
    assert texts(marked.replace("|", " ")) == marked.split("|")


@pytest.mark.parametrize(
    "marked", ["سؤال وجواب:|ماذا حدث بعد ذلك؟|لا شيء.", "# القهوة:|كيف تعدها؟", "النوم:|لماذا نحلم؟"]
)
def test_a_short_arabic_label_before_a_question_is_said_by_itself(marked: str) -> None:
    """The melody of the question began with the label."""
    reply = marked.replace("|", " ")
    assert texts(reply) == marked.split("|")
    for at in range(len(reply)):
        assert segments(reply, cut_up(reply, [at])) == segments(reply)


@pytest.mark.parametrize(
    "text",
    [
        "قال لي: كيف حالك؟",
        "وسألها المعلم: متى نبدأ؟",
        "والسؤال: هل نذهب؟",
        "الوقت: 12:30 مساءً.",
        "سوريا: تعديل وزاري واسع.",
        "هذا هو السؤال الكبير: هل نذهب؟",
        "قال «السؤال: هل نذهب؟»",
        "النوم:كيف",
        "Sleep: how do we dream?",
    ],
)
def test_other_colons_end_no_sentence(text: str) -> None:
    """ "He asked: how are you?" is one sentence, and so are a time, and a label before a statement."""
    assert texts(text) == [text]


@pytest.mark.parametrize("text", ["“a quotation that goes on and never closes at all, for long", "`" + "x" * 50])
def test_a_phrase_may_be_broken_off_what_has_been_open_for_too_long(text: str) -> None:
    chunker = Chunker(strategy="adaptive")
    chunker.feed(text)
    assert chunker.unfinished == ""
    found = chunker.feed(" word" * 10)
    assert chunker.unfinished.endswith("word word")
    assert not found or found[0].start == 0


def test_a_laugh_is_one_however_it_is_split() -> None:
    """(ww could not be a face any more, and (ww) was one."""
    for reply in ("はい(ww)次", "はい(www)次。", "はい（laughs）次"):
        whole = segments(reply, [reply])
        assert segments(reply) == whole
        assert len(whole) == 2


def test_a_semicolon_ends_no_sentence_elsewhere() -> None:
    for text in ("Keep it short; it helps: really.", "Лес; он велик: очень."):
        assert texts(text) == [text]


def test_what_stands_behind_a_dash_is_looked_at_alike_however_it_is_split() -> None:
    """Behind "- " a line end was skipped, if it had come in the same delta."""
    for reply in ("Да? - \r\na", "Да? -   \n b", "Да? – а", "Да? -- он"):
        whole = segments(reply, [reply])
        assert segments(reply) == whole
