"""What happens to text, without any I/O. Each module imports only from modules above it in this list.

What is known of characters and languages:
    patterns         tables of words, patterns compiled when they are first needed
    characters       marks, brackets, letters, scripts without spaces
    graphemes        which characters belong together
    decoration       emoji, kaomoji, smileys: never spoken
    language         is a text Japanese?
    particles        Japanese words that carry a sentence on
    latin_abbreviations     abbreviations by language, and words that begin sentences
    cyrillic_abbreviations  the same
    indic_abbreviations     the same
    armenian_abbreviations  the same
    abbreviations    what a full stop may belong to
    quotations       who said it
    speech_length    how long a text takes to say
    thoughts         the tags between which models think
    emotions         the names in [brackets] that move a face
    formulas         how a formula is said

Chunking, from a delta to a segment:
    phrases          where a clause may be broken
    forced_cuts      where to cut text that is too long
    clauses          where a clause ends
    labels           a label before a question, in Arabic
    holds            what keeps sentences together
    units            code blocks, thoughts, tables, items: cut as a whole
    marks            what a sentence may end with
    next_character   does a sentence begin with it?
    sentence_ends    whether it ends there
    sentence         what was seen of the present sentence
    structure        what opens and closes in it
    running_text     reads on in it
    chunking         the Chunker

Rendering, from a segment to what is shown and spoken:
    render_options   what is spoken of what is not prose
    pauses           where a voice pauses
    reading          what is known while marks are read
    one_line         one clean line of speech
    open_blocks      code, thoughts and formulas that go on
    inline_marks     marks within a line
    tables           rows and cells
    line_marks       what stands at the beginning of a line
    markup           ties them together
    rendering        the Renderer; prose without marks needs nothing but it

Respelling, from what is spoken to what is said:
    lexicon          finds whole words
    english_numbers  numbers in English words
    english_units    units, abbreviations, currencies
    english_words    dates, times, sums and signs in English words
    english_short_forms  weekdays, sizes, scores and flights in English words
    shortcuts        keys that are pressed together
    japanese_units   units, currencies
    japanese_words   dates, times, sums and signs in Japanese words
    latin_names      names in Latin letters, in kana
    homographs       kanji that are read in two ways
    respelling       the Respeller
    accents          a person's own words in the accent phrases of an engine

Beside them:
    reasoning        takes what a model thinks out of the beginning of a reply
    json_stream      reads a JSON value while it is being written
    written_calls    the ways in which models write tool calls into their text
    call_beginnings  does a call, or other JSON, begin here?
    written_values   JSON in a reply: an answer, calls or data?
    call_filter      takes calls and other JSON out of a reply
    thinking_aloud   takes the thoughts of an agent that labels them out of a reply
    agent_scaffolding  both of these
    arithmetic       sums, for the calculator and the demo
    spoken           what is said of a text that stands alone
    false_pauses     the spaces that a Japanese voice takes for pauses
    heard            from seconds heard back to text
    language_tags    which voice is meant by a language
    whole_characters halves of a character, joined or replaced
    redaction        secrets, taken out of what leaves the process
    safe_display     what steers a terminal, taken out of what a person reads
"""
