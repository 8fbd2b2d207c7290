"""Articles as inert data: what an article says must not act on the model that reads it.

Three defences, for the prompt's copy only; quotes stay verbatim:
`make_inert` takes from a sentence what a model or a page would obey rather than read,
`is_instruction` finds sentences addressed to a model instead of reporting something, and
`find_planted` finds sentences in text that no reader of the page sees, or in made-up chat turns.
`is_instruction_line` does for a title what `is_instruction` does for a sentence.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from index.characters import fold_invisible
from index.sentences import split_sentences
from qa.instructions import GIVES_ORDERS, LOOK_ALIKES, MAY_GIVE_ORDERS

WHITE_SPACE = "\t\n\r\f\v\x85"
# Format (zero-width, bidirectional, tag characters), control, private use, surrogate.
UNREADABLE = ("Cf", "Cc", "Co", "Cs")

_HIDING = (
    r"(?:display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?![.\d])"
    r"|font-size\s*:\s*0(?![.\d])|(?<![\w-])color\s*[:=]\s*[\"']?(?:white|transparent"
    r"|\#fff(?:fff)?)\b|\shidden(?=[\s>=]))"
)
_OPENS_TURN = (
    r"(?:<[|｜](?:im_start|start_header_id|system|user|assistant|begin_of_text)[|｜]>"
    r"|<start_of_turn>|\[INST\]|<<SYS>>)"
)
_CLOSES_TURN = (
    r"(?:<[|｜](?:im_end|eot_id|end|endoftext|end_of_text)[|｜]>|<end_of_turn>|\[/INST\]"
    r"|<</SYS>>)"
)
# Text that a page doesn't show, tags with what stands in them, and turns in a chat template;
# what isn't closed runs to the end.
CONCEALED = tuple(
    re.compile(pattern, re.I | re.DOTALL)
    for pattern in (
        r"<!--.*?(?:-->|\Z)",
        r"<(script|style|template)\b[^<>]{0,500}>.*?(?:</\1\s*>|\Z)",
        rf"<([a-z]\w*)\b[^<>]{{0,500}}?{_HIDING}[^<>]{{0,500}}>.*?(?:</\1\s*>|\Z)",
        r"<[a-z][\w:.-]*[\s/][^<>]{0,500}=[^<>]{0,500}>",
    )
)
TEMPLATE_TURN = re.compile(rf"{_OPENS_TURN}[^\r\n]*?(?:{_CLOSES_TURN}|$)", re.I | re.MULTILINE)

_ROLE = r"(?:assistant|system|user|human|ai)"
_CUE = r"(?:example (?:question|answer|excerpts)|answer in a full sentence|last question|rewritten)"
_LABEL = rf"(?:{_ROLE}|{_CUE}|question|answer|excerpts|conversation|instructions?|response)"
LABEL = re.compile(rf"\b({_LABEL}|article\s+\d+(?:\s*\([^)]{{0,40}}\))?)\s*[*_]*\s*[:：]", re.I)
LABELLED_LINE = re.compile(rf"\W*(?:{_LABEL}|article\s+\d+)\s*[*_]*\s*[:：]", re.I)
# A line that no report has: from it on, labelled lines are somebody's made-up conversation.
FALSE_TURN = re.compile(
    rf"\W*(?:(?:{_ROLE}|{_CUE}|excerpts)\s*[*_)\]>}}]*\s*[:：]"
    r"|(?<=[\[<{])(?:assistant|system)(?: (?:message|prompt|note))?[\]>}]"
    r"|end of (?:the )?(?:excerpts?|articles|context|documents?)\b)",
    re.I,
)
LINE = re.compile(r"[^\r\n]+")
# A line that is broken before its sentence is over goes on in the next, which isn't set apart.
ENDS_SENTENCE = frozenset(".!?…:;\"”'’)")
GOES_ON = re.compile(r"[^\S\r\n]*(?:\r\n?|\n)[^\S\r\n]*\Z")
SET_APART = re.compile(r"[#>*•|+-]|\d{1,3}[.)]\s")
MOST_LINES = 8
# "AI: what it means for farms" is a headline, though a body has such a line only in a chat.
TOPIC = re.compile(r"\W*(?:AI|Human)\s*[:：]\s*")

_NESTED = r"\((?:[^()]|\([^()]*\))*+\)"
MARKUP = re.compile(rf"!?\[([^\[\]]*)\]\s?{_NESTED}", re.I)
# Each with what takes its place.
REPLACED = tuple(
    (re.compile(pattern, re.I), instead)
    for pattern, instead in (
        (r"\A[^<]*?-->", " "),  # a comment that an earlier sentence opened
        (MARKUP.pattern, r"\1"),
        (r"\s*(?:\[\s*\d{1,3}(?:\s*[,–-]\s*\d{1,3})*\s*\]|【[^】]{0,40}】)", ""),
        (r"!?\[([^\[\]]*)\]\[[^\[\]]*\]", r"\1"),
        (r"!\[", "["),
        (r"</?[a-z][\w:.-]*(?:\s[^<>]{0,500})?/?>|<!--|-->", " "),
        (
            r"<[|｜][^<>]{0,80}[|｜]>|<</?SYS>>"
            r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]",
            " ",
        ),
        # What isn't closed: a tag, a chat token, a link's address.
        (r"<[a-z][\w:.-]*[\s/](?:[^<>]{0,500}[\s/])?[\w:.-]+=[^<>]*(?=<|\Z)", " "),
        (
            r"<(?:img|script|style|iframe|svg|object|embed|form|input|video|audio)\b[^<>]*"
            r"(?=<|\Z)",
            " ",
        ),
        (r"<[|｜][^<>]{0,80}(?=<|\Z)", " "),
        (r"!?\[([^\[\]]*)\]\([^()\[\]\s]*(?=\[|\Z)", r"\1"),
        (r"(?:javascript|vbscript)\s*:\s*\S*|\bdata:\w+/[\w.+-]+\S*", " "),
        (
            r"(?:https?|ftp)://(?:[^\s/@<>]{1,80}@)?([\w-]+(?:\.[\w-]+)*)"
            r"(?::\d+)?(?:[/?#](?:[^\s<>\"')\]]*[^\s<>\"')\].,;:!?])?)?",
            r"\1",
        ),
        (r"^\s*#{1,6}\s+|([-=#*_~`|<>])\1{2,}", " "),
    )
)
# Encoded bytes: a run that long with capitals, small letters and digits is no word.
ENCODED = re.compile(
    r"(?<![\w+/])(?=[A-Za-z+/]*[\d=])(?=[a-z\d+/]*[A-Z])(?=[A-Z\d+/]*[a-z])"
    r"[A-Za-z\d+/]{32,}={0,2}"
)
# Without any of these, none of the patterns above finds anything.
SIGNS = re.compile(r"[<>\[\]:：#【|｜]|([-=*_~`])\1\1|[A-Za-z\d+/]{32}")
# What the prompt tells the model to write when it finds nothing.
REFUSES = re.compile(r"not\s+in\s+the\s+articles", re.I)

Span = tuple[int, int]


def make_inert(sentence: str) -> str:
    """The sentence as the prompt may have it, in one line; empty where nothing is left to read.

    Gone are hidden text, markup, addresses (hosts stay), encoded bytes, source numbers, chat
    tokens and invisible characters; labels that the prompt uses lose their colon. The result
    passes through unchanged if it is given again.
    """
    text = sentence
    while (changed := _made_inert_once(text)) != text:
        text = changed
    return text


def is_instruction(sentence: str) -> bool:
    """Whether a sentence is addressed to a model that answers, rather than reporting something.

    So is one that has no word a reader of the page would see.
    """
    if not _has_words(make_inert(sentence)):
        return _has_words(sentence)
    plain = _spelled_plainly(_visible(sentence))
    if FALSE_TURN.match(plain):
        return True
    if not MAY_GIVE_ORDERS.search(plain):
        return False
    # Set apart, for an order may follow a picture without a full stop.
    apart = MARKUP.sub(r"; \1; ", plain)
    return any(order.search(apart) for order in GIVES_ORDERS)


def is_instruction_line(line: str) -> bool:
    """Whether a line that stands alone, as a title does, is an instruction or has one in it.

    So is one with hidden text or a chat turn in it.
    """
    if any(pattern.search(line) for pattern in (*CONCEALED, TEMPLATE_TURN)):
        return True
    said = TOPIC.sub("", line, count=1)
    sentences = split_sentences(said, 0, len(said))
    return is_instruction(said) or any(is_instruction(said[start:end]) for start, end in sentences)


def find_planted(text: str, sentences: Iterable[Span]) -> frozenset[Span]:
    """Those of an article's sentence spans that are no reporting: to be left out of evidence.

    They are instructions, also such as go on over several lines, or lie in hidden text or in
    made-up chat turns of `text`.
    """
    spans = sorted(sentences)
    concealed = tuple(_concealed_spans(text))
    orders = {(start, end) for start, end in spans if is_instruction(text[start:end])}
    orders.update(
        each for lines in _broken_sentences(text, spans) for each in _ordered(text, lines)
    )
    return frozenset(span for span in spans if span in orders or _is_within(text, span, concealed))


def _made_inert_once(text: str) -> str:
    text = _visible(text)
    if SIGNS.search(text):
        for pattern, instead in REPLACED:
            text = pattern.sub(instead, text)
        text = LABEL.sub(r"\1 –", ENCODED.sub(" … ", text))
    return " ".join(REFUSES.sub("not in the articles", text).split())


def _visible(text: str) -> str:
    """The text without what can't be seen: characters, hidden elements, template turns."""
    if not text.isascii() or not text.isprintable():
        text = "".join(
            character
            for character in fold_invisible(text)
            if character in WHITE_SPACE or unicodedata.category(character) not in UNREADABLE
        )
    if "<" in text or "[" in text:
        for pattern in (*CONCEALED, TEMPLATE_TURN):
            text = pattern.sub(" ", text)
    return text


def _spelled_plainly(text: str) -> str:
    """The text in plain letters and quotation marks, whatever alphabet they were borrowed from."""
    if text.isascii():
        return text
    straight = re.sub("[\u2018\u2019]", "'", re.sub("[\u201c\u201d]", '"', text))
    letters = unicodedata.normalize("NFKD", straight).translate(LOOK_ALIKES)
    return "".join(each for each in letters if not unicodedata.category(each).startswith("M"))


def _has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _concealed_spans(text: str) -> Iterator[Span]:
    for pattern in CONCEALED:
        # What is never closed may be a slip in the markup: the rest of the article stays.
        yield from (each.span() for each in pattern.finditer(text) if each.group().endswith(">"))
    yield from (each.span() for each in TEMPLATE_TURN.finditer(text))
    in_turns = False
    for line in LINE.finditer(text):
        if not line.group().strip():
            continue
        false_turn = FALSE_TURN.match(line.group()) is not None
        in_turns = false_turn or (in_turns and LABELLED_LINE.match(line.group()) is not None)
        if in_turns:
            yield line.span()


def _broken_sentences(text: str, spans: Iterable[Span]) -> Iterator[list[Span]]:
    """The sentences that line breaks cut: the spans of each, in the order of the text."""
    lines: list[Span] = []
    for span in spans:
        if lines and not (len(lines) < MOST_LINES and _goes_on(text, lines[-1], span)):
            yield lines
            lines = []
        lines.append(span)
    yield lines


def _goes_on(text: str, before: Span, after: Span) -> bool:
    return (
        text[before[1] - 1] not in ENDS_SENTENCE
        and GOES_ON.match(text, before[1], after[0]) is not None
        and not any(SET_APART.match(text, *each) for each in (before, after))
    )


def _ordered(text: str, lines: list[Span]) -> list[Span]:
    """Those of a sentence's lines that give an order: from the one it begins in to the last."""
    if len(lines) == 1:
        return []
    for position, (start, end) in enumerate(lines):
        if is_instruction(text[start:end]) and _has_words(make_inert(text[start:end])):
            return lines[position:]
    whole = " ".join(text[start:end] for start, end in lines)
    return lines if is_instruction(whole) else []


def _is_within(text: str, sentence: Span, concealed: Iterable[Span]) -> bool:
    """Whether the sentence begins with words that are concealed, or has no others.

    The end of one that only begins in view is taken off by `make_inert`.
    """
    start, end = sentence
    touched = sorted(span for span in concealed if span[0] < end and start < span[1])
    outside, at = [], start
    for first, last in touched:
        if first < start < last and _has_words(make_inert(text[start : min(last, end)])):
            return True
        outside.append(text[at:first])
        at = max(at, last)
    outside.append(text[at:end])
    return bool(touched) and not _has_words(make_inert("".join(outside)))
