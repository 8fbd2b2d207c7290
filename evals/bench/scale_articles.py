"""Any number of articles and questions for the scale bench, the same for the same seed.

Their sentences are those of the public samples, recombined: half of an article is from one
document and its neighbours, the other half from anywhere. Each article also has an outlet, a day,
and a first sentence of its own that names a person, a place and an office with its short form, so
that words, names and short forms grow with the articles as they do in a newsroom's archive.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from evals.distractor_templates import ENDS, MIDDLES, STARTS
from evals.distractors import RAMDOCS, SQUAD
from evals.sets import load_set
from index.articles import Article, article_id
from index.sentences import split_sentences

SEED = 7
PARAGRAPHS = 20
SENTENCES = (2, 3, 3, 4)  # of a paragraph: 50 words or so
NEIGHBOURS = 4
FIRST_DAY, DAYS = date(2023, 1, 1), 900
PAPERS = ("Herald", "Observer", "Echo", "Star", "Gazette")
OFFICES = ("Harbour Office", "Water Board", "Relief Council", "Housing Union", "Grain Exchange")
TOWNS = tuple(start + middle + end for start in STARTS for middle in MIDDLES for end in ENDS)


@dataclass(frozen=True)
class Pool:
    """The public samples: the sentences of each document, and the questions."""

    documents: tuple[tuple[str, ...], ...]
    questions: tuple[str, ...]


def load_pool(data: Path) -> Pool:
    """Read both samples. Raises InputError where one is missing."""
    documents: list[tuple[str, ...]] = []
    questions: list[str] = []
    for name, path in (("squad", data / SQUAD), ("ramdocs", data / RAMDOCS)):
        public = load_set(name, path)
        questions += [case.question for case in public.cases]
        for text in (document.text for document in public.documents):
            spans = split_sentences(text, 0, len(text))
            documents.append(tuple(text[start:end] for start, end in spans))
    return Pool(tuple(own for own in documents if own), tuple(dict.fromkeys(questions)))


def make_articles(pool: Pool) -> Iterator[Article]:
    """Articles without end; each depends on its number alone."""
    number = 0
    while True:
        yield _make(pool, number)
        number += 1


def make_questions(pool: Pool, count: int) -> list[str]:
    """Questions as they come, and one in five that asks for a day, names an outlet, or is misspelt.

    Those are the ones that cost most.
    """
    random = Random(SEED)
    chosen = random.sample(pool.questions, min(count, len(pool.questions)))
    outlet = f"according to the {TOWNS[0]} {PAPERS[0]}?"
    endings = ("since March 2025?", outlet, "before last December?", "in May 2024?")
    for number in range(0, len(chosen), 5):
        if number % 2:
            chosen[number] = _misspelt(chosen[number])
        else:
            chosen[number] = f"{chosen[number].rstrip('?')} {endings[number // 10 % len(endings)]}"
    return chosen


def _misspelt(question: str) -> str:
    """The longest word without one of its letters."""
    word = max(question.rstrip("?").split(), key=len)
    middle = len(word) // 2
    return question.replace(word, word[:middle] + word[middle + 1 :], 1)


def _make(pool: Pool, number: int) -> Article:
    random = Random(f"{SEED} {number}")
    home = random.randrange(len(pool.documents))
    near = [pool.documents[(home + step) % len(pool.documents)] for step in range(NEIGHBOURS)]
    paragraphs = [_lead(random)]
    while len(paragraphs) < PARAGRAPHS:
        sentences = []
        for _ in range(random.choice(SENTENCES)):
            document = (
                random.choice(near) if random.random() < 0.5 else random.choice(pool.documents)
            )
            sentences.append(random.choice(document))
        paragraphs.append(" ".join(sentences))
    text = "\n\n".join(paragraphs) + "\n"
    path = f"made/{number:06}.txt"
    return Article(
        id=article_id(path),
        path=path,
        title=" ".join(near[0][0].split()[:9]),
        outlet=f"{TOWNS[number * 7 % 60]} {PAPERS[number * 7 % 60 % len(PAPERS)]}",
        author=None,
        published=FIRST_DAY + timedelta(days=random.randrange(DAYS)),
        text=text,
        body_start=0,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


def _lead(random: Random) -> str:
    person = f"{random.choice(STARTS)}{random.choice(MIDDLES)} {_name(random)}"
    place = f"{_name(random)} {_name(random)} {random.choice(OFFICES)}"
    short = "".join(word[0] for word in place.split())
    return f"{person} of {_name(random)} told the {place} ({short}) what was known by then."


def _name(random: Random) -> str:
    return random.choice(TOWNS) + random.choice(("", *ENDS))
