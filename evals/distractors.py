"""Articles in retrieval's way: `python -m evals.distractors FOLDER`.

They share the vocabulary of the gold articles but none of their facts, being about invented places.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from evals import distractor_templates as words
from index.errors import DatelineError, InputError

FIRST_DAY, DAYS = date(2024, 10, 1), 240
FEWEST_WORDS, MOST_WORDS = 125, 170  # what a body aims at; its last sentence may go beyond
MOST_PARAGRAPHS = 300
KM_IN_A_MILE = 1.609
SHORTEST_PARAGRAPH = 40  # words; below it are headings and scraps
SQUAD, RAMDOCS = "squad2-sample.json", "ramdocs-half.jsonl"

TEMPLATE = re.compile(r"^([#>-]) (.+?)(?=\n[#>-] |\Z)", re.DOTALL | re.MULTILINE)
CHOICE = re.compile(r"\[([^\[\]]+)\]")
# Public text that has one of these could answer a gold question that has no answer.
GOLD_NAMES = re.compile(
    r"\b(?:Syria|Homs|Hama|Aleppo|Damascus|Assad|Russia|Moscow|Lavrov|Iran|Tehran|Israel|Leban|"
    r"He[sz]boll|Hizb|Iraq|Baghdad|Turkey|Turkish|Ukrain|Kurd|Golan|Deir|Idlib|Latakia|Tartus|"
    r"Dar[a’']*a\b|Deraa|Islamic State|ISI[SL]|Al[ -]Q|Alawi|World Food|HTS)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of article: its templates. A title goes with the first sentence of its rank."""

    name: str
    titles: tuple[str, ...]
    leads: tuple[str, ...]
    others: tuple[str, ...]


def write_distractors(
    folder: Path, *, count: int = 300, seed: int = 7, data: Path | None = None
) -> int:
    """Write `count` articles, the same for the same seed, and return the number written.

    From `data`, where it exists, come up to 300 public paragraphs more. They are other people's
    text: for a temporary folder only. Files of the same names are replaced. Raises InputError.
    """
    if count < 0:
        raise InputError(f"{count} articles can't be written. Ask for 0 or more.")
    random = Random(seed)
    kinds = _parse(words.TEMPLATES)
    files = {}
    for number in range(count):
        kind = kinds[number % len(kinds)]
        files[f"distractor-{number:04}-{kind.name}.md"] = _build_article(kind, random)
    if data is not None:
        files |= _build_paragraphs(data, random)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_bytes(text.encode())
    except OSError as error:
        raise InputError(f"{folder} can't be written to: {error}. Name another folder.") from error
    return len(files)


def _parse(templates: str) -> tuple[Kind, ...]:
    kinds = []
    for block in re.split(r"^= ", templates, flags=re.MULTILINE)[1:]:
        name, _, lines = block.strip().partition("\n")
        found = [(mark, " ".join(text.split())) for mark, text in TEMPLATE.findall(lines)]
        titles, leads, others = (
            tuple(text for mark, text in found if mark == wanted) for wanted in "#>-"
        )
        kinds.append(Kind(name, titles, leads, others))
    return tuple(kinds)


def _build_article(kind: Kind, random: Random) -> str:
    """An article whose sentences, but for the first, stand in no fixed order."""
    published = FIRST_DAY + timedelta(days=random.randrange(DAYS))
    names = _draw_names(random, published)
    title, lead = random.choice(list(zip(kind.titles, kind.leads, strict=True)))
    paragraphs = [_fill(lead, names, random)]
    wanted = random.randint(FEWEST_WORDS, MOST_WORDS)
    for template in random.sample(kind.others, len(kind.others)):
        if len(" ".join(paragraphs).split()) >= wanted:
            break
        paragraphs.append(_fill(template, names, random))
    return _with_front_matter(
        "\n\n".join(paragraphs),
        title=_fill(title, names, random),
        outlet=f"The {names['other']} {random.choice(('Herald', 'Observer', 'Echo', 'Star'))}",
        author=_draw_person(random, (*words.MEN, *words.WOMEN)),
        published=published.isoformat(),
    )


def _fill(template: str, names: Mapping[str, str], random: Random) -> str:
    text = CHOICE.sub(lambda found: random.choice(found.group(1).split("|")), template)
    text = text.format_map({**names, **_draw_numbers(random)})
    return text[0].upper() + text[1:]


def _draw_names(random: Random, published: date) -> dict[str, str]:
    nation, abroad = random.sample(words.NATIONS, 2)
    places = ("town", "other", "third", "capital")
    later = published + timedelta(days=random.randint(7, 90))
    recent = published - timedelta(days=random.randrange(3))
    return {
        **dict(zip(places, _draw_places(random, len(places)), strict=True)),
        "country": f"{nation}ia",
        "nation": f"{nation}ian",
        "land": f"{abroad}ia",
        "group": random.choice(words.GROUPS),
        "man": _draw_person(random, words.MEN),
        "woman": _draw_person(random, words.WOMEN),
        "side": random.choice(words.SIDES),
        "weekday": words.WEEKDAYS[recent.weekday()],
        "day": f"{later.day} {words.MONTHS[later.month - 1]}",
    }


def _draw_numbers(random: Random) -> dict[str, str]:
    km = random.randint(4, 60)
    numbers = {
        "km": km,
        "miles": round(km / KM_IN_A_MILE),
        "few": random.randint(4, 9),
        "dozens": random.randint(12, 98),
        "hundreds": random.randint(110, 980),
        "thousands": random.randint(11, 640),
        "big": f"{random.randint(2, 39) / 10} million",
        "money": random.randint(12, 98) / 10,
        "percent": random.randint(11, 159) / 10,
        "gust": random.randint(78, 149),
        "minute": random.choice((76, 78, 79, 84, 85, 86, 87, 88, 90)),
        "year": random.randint(1951, 2019),
    }
    return {name: str(value) for name, value in numbers.items()}


def _draw_places(random: Random, count: int) -> list[str]:
    return [
        start + random.choice(words.MIDDLES) + random.choice(words.ENDS)
        for start in random.sample(words.STARTS, count)
    ]


def _draw_person(random: Random, first_names: Sequence[str]) -> str:
    return f"{random.choice(first_names)} {_draw_places(random, 1)[0]}"


def _with_front_matter(body: str, **metadata: str) -> str:
    # A JSON string is a YAML string, whatever stands in it.
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in metadata.items()]
    return "\n".join(("---", *lines, "---", "", body, ""))


def _build_paragraphs(data: Path, random: Random) -> dict[str, str]:
    """Public paragraphs as articles, by file name; none where there is no such data."""
    found: dict[str, str] = {}
    for source, outlet, load in (
        (data / SQUAD, "SQuAD 2.0", _load_squad),
        (data / RAMDOCS, "RAMDocs", _load_ramdocs),
    ):
        if source.is_file():
            found |= dict.fromkeys(_readable(load(source)), outlet)
    chosen = random.sample(list(found.items()), min(len(found), MOST_PARAGRAPHS))
    return {
        f"paragraph-{number:04}.md": _with_front_matter(text, outlet=outlet)
        for number, (text, outlet) in enumerate(chosen)
    }


def _readable(texts: Iterator[str]) -> Iterator[str]:
    for text in texts:
        line = " ".join("".join(each if each >= " " else " " for each in text).split())
        if len(line.split()) >= SHORTEST_PARAGRAPH and not GOLD_NAMES.search(line):
            yield line


def _load_squad(path: Path) -> Iterator[str]:
    whole = _load_json(path.read_text(encoding="utf-8"), f"{path}")
    try:
        yield from [each["context"] for page in whole["data"] for each in page["paragraphs"]]
    except (KeyError, TypeError) as error:
        raise InputError(f"{path} isn't in SQuAD's format: {error!r}. Copy it again.") from error


def _load_ramdocs(path: Path) -> Iterator[str]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        case = _load_json(line, f"{path}, line {number}")
        try:
            yield from [each["text"] for each in case["documents"]]
        except (KeyError, TypeError) as error:
            raise InputError(
                f"{path}, line {number} isn't in RAMDocs' format: {error!r}. Copy the file again."
            ) from error


def _load_json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f"{where} isn't JSON: {error}. Copy the file again.") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the articles and say how many. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.distractors", description="Write articles about invented places."
    )
    parser.add_argument("folder", type=Path, help="where to write; made if need be")
    parser.add_argument("--count", type=int, default=300, help="how many (default: 300)")
    parser.add_argument("--seed", type=int, default=7, help="of the random choices (default: 7)")
    parser.add_argument("--data", type=Path, help="folder of public data to add paragraphs from")
    options = parser.parse_args(arguments)
    try:
        written = write_distractors(
            options.folder, count=options.count, seed=options.seed, data=options.data
        )
    except DatelineError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{written} articles are in {options.folder}.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
