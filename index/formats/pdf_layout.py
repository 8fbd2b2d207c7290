"""The lines of a PDF's pages back to paragraphs.

A PDF says where on a page its characters stand, not which belong together. What repeats at the
pages' edges is left out; lines are joined unless their places, sizes or lengths tell of a new
paragraph. No sentence is split where a line, a column or a page ends.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from statistics import median
from typing import Any
from unicodedata import normalize

EDGE_LINES = 3  # of a page, at its top and at its foot, may be running heads and page numbers
LEAST_REPEATED = 0.4  # of the pages; a running head may stand on every other one
MOST_HEAD_CHARACTERS = 150
SAME_SIZE = 0.1  # sizes that differ by less are one
MORE_SPACE = 1.35  # times the usual distance of lines begins a new paragraph
USUAL_DISTANCE = 1.2  # of lines, in sizes of the font, where it can't be measured
MOST_DISTANCE = 3.0
INDENT = 0.8  # sizes of the font
ROOM = 0.8  # of a full line: if the next word had fitted, the line ended on purpose
NEAR_LINES = 8  # tell how long a full line is in this column
LARGE_INITIAL = 1.5  # times the size of the line that it begins
MOST_INITIALS = 20  # of a page; one of nothing but single letters has none
SENTENCE_END = re.compile(r"[.!?:;…。！？؟۔][\"'”’»)\]]*\Z")
BULLET = re.compile(r"[•●▪■◦‣·–—*-]\s")
HYPHEN = re.compile(r"[^\W\d_][-\u2010]\Z")
NUMBER = re.compile(r"\d+")
UNSPACED = re.compile("[\u3000-\u9fff\uff00-\uffef]")  # Chinese and Japanese have no spaces
# Letters as they look beside others: Latin ligatures and the forms of Arabic letters.
PRESENTATION = re.compile("[\ufb00-\ufdff\ufe80-\ufefc]+")
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
LEFT_TO_RIGHT = re.compile(r"[^\W_]")  # where it isn't the other
LATIN_RUNS = re.compile("L(?:[L ]*L)?")


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one font that follow each other; a newline in `text` ends a line.

    `x` and `y` are points along and across the direction of writing, `y` upwards.
    """

    text: str
    x: float
    y: float
    size: float
    font: str

    @classmethod
    def of(cls, text: str, page: Sequence[float], matrix: Sequence[float], *font: Any) -> "Run":
        """A run as pypdf tells it: text, page and text matrix, the font's dictionary and size."""
        a, b, _, _, e, f = _product(matrix, page)
        scale = math.hypot(a, b) or 1.0
        x, y = (e * a + f * b) / scale, (f * a - e * b) / scale
        name = str((font[0] or {}).get("/BaseFont", ""))
        numbers = (number if math.isfinite(number) else 0.0 for number in (x, y, font[1] * scale))
        x, y, size = numbers
        return cls(text, x, y, abs(size), name)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page; size and font are those of most of it."""

    text: str
    x: float
    y: float
    size: float
    font: str


Page = tuple[Line, ...]


def build_lines(runs: Iterable[Run]) -> Page:
    """The lines that the runs of a page make."""
    return tuple(line for line in map(_line, filter(None, _by_line(runs))) if line.text)


def build_text(pages: Sequence[Page]) -> str:
    """The paragraphs of the pages, a blank line between each two."""
    lines = [line for page in _without_heads(pages) for line in _with_initials(page)]
    distances = _usual_distances(lines)
    text: list[str] = []
    for number, line in enumerate(lines):
        if number:
            near = lines[max(0, number - NEAR_LINES) : number + NEAR_LINES]
            before = lines[number - 1]
            starts = _starts_paragraph(before, line, distances[round(line.size)], near)
            text.append("\n\n" if starts else _between(before.text, line.text))
        text.append(line.text)
    return "".join(text).replace("\u00ad", "")


def _product(first: Sequence[float], second: Sequence[float]) -> tuple[float, ...]:
    """Of two transformation matrices, as the PDF standard writes them."""
    a, b, c, d, e, f = first
    m, n, o, p, q, r = second
    return (
        a * m + b * o,
        a * n + b * p,
        c * m + d * o,
        c * n + d * p,
        e * m + f * o + q,
        e * n + f * p + r,
    )


def _by_line(runs: Iterable[Run]) -> Iterator[list[Run]]:
    line: list[Run] = []
    for run in runs:
        for number, text in enumerate(run.text.split("\n")):
            if number:
                yield line
                line = []
            line.append(replace(run, text=text))
    yield line


def _line(runs: list[Run]) -> Line:
    written = "".join(run.text for run in _in_reading_order(runs))
    text = PRESENTATION.sub(lambda found: normalize("NFKC", found[0]), written)
    shown = [run for run in runs if run.text.strip()] or runs
    most = max(shown, key=lambda run: len(run.text))
    return Line(" ".join(text.split()), shown[0].x, shown[0].y, most.size, most.font)


def _in_reading_order(runs: list[Run]) -> list[Run]:
    """The runs of a line; those of Arabic or Hebrew that were written from the left, turned round.

    Numbers and Latin words among them stay as they are.
    """
    directions = [_direction(run.text) for run in runs]
    steps = sum((after.x > before.x) - (after.x < before.x) for before, after in pairwise(runs))
    if sum(directions) >= 0 or steps <= 0:
        return runs
    turned = runs[::-1]
    kinds = "".join("R" if each < 0 else "L" if each else " " for each in reversed(directions))
    for found in LATIN_RUNS.finditer(kinds):
        turned[slice(*found.span())] = turned[slice(*found.span())][::-1]
    return turned


def _direction(text: str) -> int:
    """How many more letters and digits are read from the left than from the right."""
    right = len(RIGHT_TO_LEFT.findall(text))
    return len(LEFT_TO_RIGHT.findall(text)) - 2 * right


def _without_heads(pages: Sequence[Page]) -> Iterator[Page]:
    """The pages without what stands at the edges of many of them: titles, numbers, addresses."""
    edges = [_edges(page) for page in pages]
    counts = Counter(head for heads in edges for head in set(heads.values()))
    least = max(2, LEAST_REPEATED * len(pages))
    for page, heads in zip(pages, edges, strict=True):
        yield tuple(line for line in page if counts[heads.get(line, "")] < least)


def _edges(page: Page) -> dict[Line, str]:
    """The lines that may be running heads, with what they have in common on all pages.

    Their numbers differ from page to page; a title that is larger on the first page is no head.
    """
    by_place = sorted(page, key=lambda line: -line.y)
    return {
        line: f"{round(line.size)} {NUMBER.sub('#', line.text).casefold()}"
        for line in {*by_place[:EDGE_LINES], *by_place[-EDGE_LINES:]}
        if len(line.text) <= MOST_HEAD_CHARACTERS
    }


def _with_initials(page: Page) -> list[Line]:
    """The lines of a page, each large initial joined to the line at its upper right."""
    lines = list(page)
    initials = (line for line in page if len(line.text) == 1 and line.text.isupper())
    for initial in islice(initials, MOST_INITIALS):
        beside = (line for line in lines if _is_beside(initial, line))
        line = max(beside, key=lambda line: line.y, default=None)
        if line:
            lines[lines.index(line)] = replace(line, text=initial.text + line.text, x=initial.x)
            lines.remove(initial)
    return lines


def _is_beside(initial: Line, line: Line) -> bool:
    is_level = initial.y <= line.y <= initial.y + initial.size
    is_near = initial.x < line.x < initial.x + 2 * initial.size
    return is_level and is_near and line.size * LARGE_INITIAL <= initial.size


def _usual_distances(lines: Sequence[Line]) -> defaultdict[int, float]:
    """How far apart the lines of a size usually stand, in sizes."""
    found: defaultdict[int, list[float]] = defaultdict(list)
    for before, line in pairwise(lines):
        distance = (before.y - line.y) / (line.size or 1.0)
        if _is_one_size(before, line) and 0 < distance < MOST_DISTANCE:
            found[round(line.size)].append(distance)
    usual = {size: median(distances) for size, distances in found.items()}
    return defaultdict(lambda: USUAL_DISTANCE, usual)


def _is_one_size(first: Line, second: Line) -> bool:
    return abs(first.size - second.size) <= SAME_SIZE * max(first.size, second.size)


def _starts_paragraph(before: Line, line: Line, distance: float, near: Sequence[Line]) -> bool:
    """Whether `line` begins a paragraph. `distance` is the usual one, `near` the lines around."""
    if not _is_one_size(before, line) or BULLET.match(line.text):
        return True
    is_ended = SENTENCE_END.search(before.text) is not None
    if not is_ended and line.text[0].islower():
        return False
    if _has_room(before, line, near) or before.y - line.y > MORE_SPACE * distance * line.size:
        return True
    is_moved = line.y > before.y  # to the next column or page
    is_set_off = line.x - before.x > INDENT * line.size or line.font != before.font
    return is_ended and (is_moved or is_set_off)


def _has_room(before: Line, line: Line, near: Sequence[Line]) -> bool:
    """Whether the first word of `line` would have fitted in the line before."""
    full = max(len(each.text) for each in near if _is_one_size(each, before))
    return len(before.text) + 1 + len(line.text.split(" ", 1)[0]) <= ROOM * full


def _between(before: str, after: str) -> str:
    """What joins two lines: a space, but for a hyphen, which stays, or none in Chinese."""
    if HYPHEN.search(before) and after[0].islower():
        return ""
    return "" if UNSPACED.match(before[-1]) and UNSPACED.match(after[0]) else " "
