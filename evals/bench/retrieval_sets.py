"""What the retrieval bench asks: gold questions among distractors, and two public samples."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path, PurePath

from evals import EVALS
from evals.distractors import RAMDOCS, SQUAD, write_distractors
from evals.evidence import gold_spans, joined
from evals.gold import GOLD_SETS, GoldCase, load_gold
from evals.metrics import Span, ndcg, overlaps_any
from evals.results import Values
from evals.sets import load_set
from index.corpus import Corpus
from index.embedding import Embedder
from index.settings import load_settings
from qa.desk import open_desk

CALIBRATION = EVALS / "gold" / "calibration"
DISTRACTORS = 300
DEPTH = 60  # passages of a ranking that are looked at


@dataclass(frozen=True, slots=True)
class Question:
    """A question and where its answer stands: spans of articles, or whole documents."""

    id: str
    text: str
    as_of: date | None
    quotes: tuple[tuple[Span, ...], ...]
    documents: frozenset[str]


@dataclass(frozen=True)
class Bench:
    """A corpus with the questions that it answers."""

    name: str
    corpus: Corpus
    embedder: Embedder
    questions: tuple[Question, ...]

    @cached_property
    def position(self) -> dict[str, int]:
        """Where each passage stands in the corpus, by its id."""
        return {each.id: index for index, each in enumerate(self.corpus.passages)}

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """The place of each passage."""
        return tuple(
            Span(self.corpus.articles[each.article_id].path, each.start, each.end)
            for each in self.corpus.passages
        )

    def score(self, question: Question, positions: Sequence[int]) -> Values:
        """nDCG@10 and recall@8 of a ranking of passages.

        Where whole documents are judged, one stands where its best passage does.
        """
        ranked = [self.spans[each] for each in positions]
        if question.documents:
            names = list(dict.fromkeys(PurePath(each.article).name for each in ranked))
            hits = [name in question.documents for name in names]
            total = len(question.documents)
            return {"ndcg_10": ndcg(hits, total=total), "recall_8": sum(hits[:8]) / total}
        gold = joined(question.quotes)
        hits = [overlaps_any(each, gold) for each in ranked]
        total = sum(overlaps_any(each, gold) for each in self.spans)
        # A quote that stands in several places is found at any of them.
        found = sum(any(overlaps_any(s, ranked[:8]) for s in quote) for quote in question.quotes)
        return {"ndcg_10": ndcg(hits, total=total), "recall_8": found / len(question.quotes)}


def load_benches(work: Path, *, data: Path, limit: int) -> Iterator[Bench]:
    """Every bench, its articles and store in `work`; at most `limit` questions of a public set.

    Raises InputError where `data` lacks a set.
    """
    gold = [(name, name, each.path, each.articles) for name, each in GOLD_SETS.items()]
    for path in sorted(CALIBRATION.glob("*.jsonl")):
        gold.append((path.stem, "calibration", path, CALIBRATION / "articles"))
    for name, place, path, articles in gold:
        folder = work / place / "articles"
        if not folder.exists():
            shutil.copytree(articles, folder)
            write_distractors(folder, count=DISTRACTORS, data=data)
        yield _open(name, folder, load_gold(path, articles=folder), {})
    for name, path in (("squad", data / SQUAD), ("ramdocs", data / RAMDOCS)):
        public = load_set(name, path, limit=limit)
        public.write_documents(work / name / "articles")
        documents = {} if name == "squad" else dict(public.relevant)
        yield _open(name, work / name / "articles", public.cases, documents)


def _open(
    name: str, folder: Path, cases: Sequence[GoldCase], documents: dict[str, frozenset[str]]
) -> Bench:
    settings = load_settings(
        articles=folder, store=str(folder.parent / "store"), backend="embedded"
    )
    desk = open_desk(settings=settings)
    bench = Bench(name, desk.corpus, desk.library.embedder, ())
    questions = (
        Question(
            case.id,
            case.question,
            case.as_of,
            gold_spans(case, folder=folder),
            documents.get(case.id, frozenset()),
        )
        for case in cases
        if case.is_answerable and not case.history
    )
    answered = tuple(each for each in questions if each.documents or _is_found(each, bench))
    return Bench(name, desk.corpus, desk.library.embedder, answered)


def _is_found(question: Question, bench: Bench) -> bool:
    """Whether any passage has a quote; a title alone is in none."""
    gold = joined(question.quotes)
    return any(overlaps_any(each, gold) for each in bench.spans)
