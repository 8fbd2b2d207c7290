"""Text to sentences: where each one begins and ends in the untouched text.

sentencex finds them; what it gets wrong in news is put right here. It reads a copy of the text in
which some characters are replaced one for one, so that its offsets are those of the text.
"""

import re
from collections.abc import Iterator

import sentencex

HEADING_WORDS = 14
SENTENCE_END = (".", "!", "?", "…", ":", ";", ",", '"', "”", "’", "'", ")", "»")
# A longer "sentence" is a speech in one pair of quotation marks, or text without full stops.
MOST_WORDS = 120
# sentencex takes time by the square of a text that opens quotation marks and closes none.
MOST_CHARACTERS = 20_000
SEAM = 40  # characters before a sentence's end that say whether it is one

# Full stops that end no sentence and that sentencex doesn't know.
_RANKS = "Abp|Ald|Amb|Atty|Bp|Cdr|Cllr|Const|Cpt|Eng|Flt|Gens|Ms|Pte|Profs|Sgts|Spc|Sqn|Wg"
_NAMES = "Abd|Ft|Md|Mohd|Muhd|(?:Maj|Lt|Brig|Col)-(?:Gen|Col)|Lt|Maj|Brig|Col"
_COUNTED = "approx|arts?|ca|chap|ch|est|figs?|nos?|para|paras|pop|pp?|secs?|vols?"
BEFORE_NAME = re.compile(rf"(?:^|[\s(\[“\"‘'-])(?:{_RANKS}|{_NAMES})\.\s*$")
BEFORE_NUMBER = re.compile(rf"(?:^|[\s(\[])(?:{_COUNTED})\.\s*$", re.I)
ARABIC_TITLE = re.compile(r"(?:^|\s)[دأام]\.\s*$")
LIST_MARK = re.compile(r"\W*(?:\d{1,3}|[A-Za-z])[.)]\s*$")
INITIAL = re.compile(r"\b[A-Z]\.$")
BLANK_LINE = re.compile(r"\n\s*\n|\r\s*\r")
ENDS_IN_MARK = re.compile(r"[.!?…][\"”’'»)\]]*\s*$")
# Lower-case beginnings of names: al-Jolani, bin Salman, iPhone, d’Estaing.
NAME_BEGINS = re.compile(
    r"\w+[-’']\w|[a-z][A-Z]|(?:abu|al|as|ash|at|bin|da|de|del|den|der|di|du|el|ibn|la|le|van|von)\s"
)
# Ends that sentencex passes over: "said no. Gov. Hale left", "(It rained.) It left", "Well… It".
OVERLOOKED = re.compile(
    r"\bno\.\s+(?=[A-Z][a-z])"
    r"|(?:^|(?<=[.!?][\s]))[(\[][A-Z“\"][^()\[\]]*[.!?][”\"]?[)\]]\s+(?=[\"“‘(\[]?[A-Z])"
    r"|(?<=\w)…[\"”’)]*\s+(?=[\"“‘(]?[A-Z])"
)
# An apostrophe turned the wrong way (Assad‘s) opens no quotation; half a character can't be passed.
APOSTROPHE = re.compile(r"(?<=\w)‘(?=\w)")
SURROGATE = re.compile(r"[\ud800-\udfff]")
QUOTES = str.maketrans(dict.fromkeys('"“”„«»‘()[]', " "))
CLAUSE_END = re.compile(r"(?<=[;:,–—])\s+")


def split_sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans of the sentences of `text[start:end]`, without the white space around them.

    They are disjoint, in order, and cover every other character.
    """
    piece = text[start:end]
    begin = 0
    for whole in _ends(piece):
        for last in _shortened(piece, begin, whole):
            stripped = piece[begin:last].strip()
            if stripped:
                first = piece.index(stripped, begin)
                yield start + first, start + first + len(stripped)
            begin = last


def is_heading(line: str) -> bool:
    """Whether a line reads as a heading: short, and without a sentence's end."""
    stripped = line.strip()
    if stripped.startswith("#"):
        return True
    return len(stripped.split()) <= HEADING_WORDS and not stripped.endswith(SENTENCE_END)


def _ends(piece: str) -> Iterator[int]:
    """Where the sentences of `piece` end, the white space after them included."""
    found = _sentencex_ends(piece) | {each.end() for each in OVERLOOKED.finditer(piece)}
    ends = sorted(found | {len(piece)})
    begin = 0
    for end, following in zip(ends, [*ends[1:], len(piece)], strict=True):
        before = piece[max(begin, end - SEAM) : end]
        is_mark = end - begin < SEAM and LIST_MARK.match(before) is not None
        if end == len(piece) or not (is_mark or _goes_on(before, piece[end:following])):
            yield end
            begin = end


def _sentencex_ends(piece: str) -> set[int]:
    readable = APOSTROPHE.sub("’", SURROGATE.sub("\ufffd", piece))
    ends = set()
    begin = 0
    while begin < len(readable):
        end = _block_end(readable, begin)
        for each in sentencex.get_sentence_boundaries("en", readable[begin:end]):
            ends.add(begin + each["end_index"])
        begin = end
    return ends


def _block_end(text: str, begin: int) -> int:
    """Up to where sentencex gets `text` at once: after a line, a full stop or a word."""
    end = begin + MOST_CHARACTERS
    if end >= len(text):
        return len(text)
    cuts = (text.rfind(mark, begin, end) + len(mark) for mark in ("\n", ". ", " "))
    return next((cut for cut in cuts if cut > begin + MOST_CHARACTERS // 2), end)


def _goes_on(before: str, after: str) -> bool:
    """Whether no sentence ends between the two."""
    following = after.lstrip()
    if BLANK_LINE.search(before[len(before.rstrip()) :] + after[: len(after) - len(following)]):
        return False
    if not _has_word(before) or not _has_word(following):
        return True  # a dash, a quotation mark: no sentence of its own
    if following[0].islower():
        return bool(ENDS_IN_MARK.search(before)) and not NAME_BEGINS.match(following)
    if following[0].isdigit():
        return bool(BEFORE_NUMBER.search(before))
    if INITIAL.search(before):
        return INITIAL.match(after[:2]) is not None  # N.Y. without a space
    return bool(BEFORE_NAME.search(before) or ARABIC_TITLE.search(before))


def _has_word(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _shortened(piece: str, begin: int, end: int) -> Iterator[int]:
    """Ends of the parts of a sentence that is far too long, else its own.

    A speech is cut where its sentences end, the rest after a clause or, failing that, a word.
    """
    sentence = piece[begin:end]
    if len(sentence) <= MOST_WORDS or len(sentence.split()) <= MOST_WORDS:
        yield end
        return
    ends = sorted({*_sentencex_ends(sentence.translate(QUOTES)), len(sentence)})
    last_word = max((at for at, each in enumerate(sentence) if each.isalnum()), default=0)
    first = 0
    for last in ends:
        is_end = last == len(sentence) or (last <= last_word and _has_word(sentence[first:last]))
        if is_end:
            yield from (begin + first + cut for cut in _cuts(sentence[first:last]))
            first = last


def _cuts(part: str) -> Iterator[int]:
    begin, clause, words = 0, 0, 0
    for gap in re.finditer(r"\s+", part):
        words += 1
        if CLAUSE_END.match(part, gap.start()):
            clause = gap.end()
        if words >= MOST_WORDS and gap.end() < len(part):
            begin = clause if clause > begin else gap.end()
            yield begin
            words = len(part[begin : gap.end()].split())
    yield len(part)
