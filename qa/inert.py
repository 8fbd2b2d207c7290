"""Articles as inert data: what an article says must not act on the model that reads it.

Three defences, for the prompt's copy only; quotes stay verbatim:
`make_inert` takes from a sentence what a model or a page would obey rather than read,
`is_instruction` finds sentences addressed to a model instead of reporting something, and
`find_planted` finds sentences in text that no reader of the page sees, or in made-up chat turns.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from qa.instructions import GIVES_ORDERS, MAY_GIVE_ORDERS

WHITE_SPACE = "\t\n\r\f\v\x85"
# Format (zero-width, bidirectional, tag characters), control, private use, surrogate.
UNREADABLE = ("Cf", "Cc", "Co", "Cs")
VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")

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
# Text that a page doesn't show, and turns in a chat template; what isn't closed runs to the end.
CONCEALED = tuple(
    re.compile(pattern, re.I | re.DOTALL)
    for pattern in (
        r"<!--.*?(?:-->|\Z)",
        r"<(script|style|template)\b[^<>]{0,500}>.*?(?:</\1\s*>|\Z)",
        rf"<([a-z]\w*)\b[^<>]{{0,500}}?{_HIDING}[^<>]{{0,500}}>.*?(?:</\1\s*>|\Z)",
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
    rf"\W*(?:(?:{_ROLE}|{_CUE}|excerpts)\s*[*_]*\s*[:：]"
    r"|end of (?:the )?(?:excerpts?|articles|context|documents?)\b)",
    re.I,
)
LINE = re.compile(r"[^\r\n]+")

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
        (r"<[|｜][^<>]{0,80}[|｜]>|\[/?INST\]|<</?SYS>>", " "),
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
    plain = unicodedata.normalize("NFKC", _straight_quotes(_visible(sentence)))
    if FALSE_TURN.match(plain):
        return True
    if not MAY_GIVE_ORDERS.search(plain):
        return False
    # Set apart, for an order may follow a picture without a full stop.
    apart = MARKUP.sub(r"; \1; ", plain)
    return any(order.search(apart) for order in GIVES_ORDERS)


def find_planted(text: str, sentences: Iterable[Span]) -> frozenset[Span]:
    """Those of an article's sentence spans that are no reporting: to be left out of evidence.

    They are instructions, or lie in hidden text or in made-up chat turns of `text`.
    """
    concealed = tuple(_concealed_spans(text))
    return frozenset(
        (start, end)
        for start, end in sentences
        if is_instruction(text[start:end]) or _is_within(text, (start, end), concealed)
    )


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
            for character in VARIATION_SELECTORS.sub("", text)
            if character in WHITE_SPACE or unicodedata.category(character) not in UNREADABLE
        )
    if "<" in text or "[" in text:
        for pattern in (*CONCEALED, TEMPLATE_TURN):
            text = pattern.sub(" ", text)
    return text


def _straight_quotes(text: str) -> str:
    return re.sub("[\u2018\u2019]", "'", re.sub("[\u201c\u201d]", '"', text))


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
