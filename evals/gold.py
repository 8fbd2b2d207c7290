"""The gold questions: what is asked, what a right answer says, and where it stands.

One JSON object a line. A fact is a tuple of alternatives, any one of which states it; a right
answer states every fact. The first alternative, and every number, stands in the evidence, which is
verbatim; the others are spellings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ClassVar, Literal, get_args

from pydantic import ConfigDict, TypeAdapter

from evals import DEFAULT_GOLD, EVALS
from evals.jsonlines import check_new, read_lines
from evals.metrics.matching import Alternative, Quantity, states
from index.errors import InputError

Kind = Literal[
    "fact",
    "list",
    "several-articles",
    "comparison",
    "time",
    "attribution",
    "conflict",
    "update",
    "unanswerable",
    "false-premise",
    "follow-up",
    "injection",
    "spelling",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
# Whether such a case has accepted answers is up to the case; all others but these must have some.
MAY_LACK_ANSWERS = ("unanswerable", "false-premise", "injection")
EXPECTED = (
    'a JSON object a line, {"id", "kind", "question", "answers": [["..."]], '
    '"evidence": [{"article", "quote"}]}'
)


class GoldError(InputError):
    """A gold file that can't be used; the text names file and line."""


@dataclass(frozen=True, slots=True)
class GoldEvidence:
    """Verbatim words of an article. `article` is the path inside the articles folder."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    article: str
    quote: str


@dataclass(frozen=True, slots=True)
class GoldCase:
    """A question with all that is needed to judge its answer.

    `history` is asked first, in the same conversation. `as_of` is what "today" means.
    `disagreement`: the articles contradict each other on what is asked.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    id: str
    kind: Kind
    question: str
    history: tuple[str, ...] = ()
    answers: tuple[tuple[Alternative, ...], ...] = ()
    must_not_say: tuple[str, ...] = ()
    evidence: tuple[GoldEvidence, ...] = ()
    as_of: date | None = None
    disagreement: bool = False

    @property
    def is_answerable(self) -> bool:
        """Whether the articles have the answer; if not, the right thing is to refuse."""
        return bool(self.answers)

    @property
    def evidence_articles(self) -> frozenset[str]:
        """The articles that state the answer."""
        return frozenset(each.article for each in self.evidence)


@dataclass(frozen=True, slots=True)
class GoldSet:
    """Questions and the folder of articles that they are about."""

    name: str
    path: Path
    articles: Path

    def load(self) -> tuple[GoldCase, ...]:
        """The cases, checked against the articles. Raises GoldError."""
        return load_gold(self.path, articles=self.articles)


@dataclass(frozen=True, slots=True)
class SplitGoldSet(GoldSet):
    """Questions in several `files` of the folder `path`, over the same articles."""

    files: tuple[str, ...]

    def load(self) -> tuple[GoldCase, ...]:
        """The cases of all files, in their order. Raises GoldError."""
        return load_gold(*(self.path / name for name in self.files), articles=self.articles)


GOLD = EVALS / "gold"
BRIEFS = GoldSet("briefs", DEFAULT_GOLD, EVALS.parent / "articles")
TOWN = GoldSet("town", GOLD / "town.jsonl", GOLD / "town" / "articles")
# What every run asks.
GOLD_SETS = {each.name: each for each in (BRIEFS, TOWN)}

# The rest is asked by name only: what thresholds are fitted on,
CALIBRATION = SplitGoldSet(
    "calibration",
    GOLD / "calibration",
    GOLD / "calibration" / "articles",
    ("health.jsonl", "transport.jsonl"),
)
# what is opened once, at the end, and was written before anyone saw how it would be answered,
FINAL = SplitGoldSet(
    "final",
    GOLD / "final",
    GOLD / "final" / "articles",
    ("courts.jsonl", "finance.jsonl", "science.jsonl", "sport.jsonl"),
)
SHARED_QUESTIONS = GOLD / "final" / "shared.jsonl"
# and articles and questions that tell the model what to answer.
REDTEAM = GoldSet(
    "redteam",
    GOLD / "redteam" / "redteam.jsonl",
    GOLD / "redteam" / "articles",
)
SHARED = "shared"
NAMED_SETS: dict[str, GoldSet] = {
    **GOLD_SETS,
    **{each.name: each for each in (CALIBRATION, FINAL, REDTEAM)},
}

_LINE = TypeAdapter(GoldCase)


def choose_sets(
    names: Sequence[str], *, outside: Path | None = None
) -> tuple[tuple[GoldSet, ...], tuple[str, ...]]:
    """The sets of these names, and a sentence for each that can't be asked here.

    `shared` is about articles that aren't part of the repository; `outside` is their folder.
    Raises GoldError for an unknown name.
    """
    chosen: list[GoldSet] = []
    skipped: list[str] = []
    for name in dict.fromkeys(names):
        if name == SHARED and outside is not None and outside.is_dir():
            chosen.append(GoldSet(SHARED, SHARED_QUESTIONS, outside))
        elif name == SHARED:
            where = f"and there is no folder {outside}" if outside else "and no folder is named"
            skipped.append(
                f"The gold set {SHARED} is passed over: its articles aren't part of the "
                f"repository, {where}."
            )
        elif name in NAMED_SETS:
            chosen.append(NAMED_SETS[name])
        else:
            known = ", ".join((*NAMED_SETS, SHARED))
            raise GoldError(f"There is no gold set “{name}”. Name one of: {known}.")
    return tuple(chosen), tuple(skipped)


def load_gold(*paths: Path, articles: Path) -> tuple[GoldCase, ...]:
    """The cases of all files, each checked against the folder of articles. Raises GoldError."""
    cases: list[GoldCase] = []
    seen: dict[str, str] = {}
    for path in paths:
        for where, case in read_lines(path, _LINE, expected=EXPECTED, error=GoldError):
            check_new(case.id, seen, where, error=GoldError)
            _check_shape(case, where)
            _check_evidence(case, articles, where)
            _check_facts(case, where)
            cases.append(case)
    return tuple(cases)


def _check_shape(case: GoldCase, where: str) -> None:
    """What the types can't say: which kinds need answers, evidence, history."""
    problem = ""
    if not case.id.strip() or not case.question.strip():
        problem = "id and question must not be empty"
    elif any(not str(each).strip() for fact in case.answers for each in fact or ("",)):
        problem = "every fact needs an alternative, and none may be empty"
    elif case.kind == "unanswerable" and case.answers:
        problem = "an unanswerable question has no answers"
    elif case.kind not in MAY_LACK_ANSWERS and not case.answers:
        problem = f"a question of the kind {case.kind} needs answers"
    elif case.answers and not case.evidence:
        problem = "answers need evidence"
    elif case.kind == "follow-up" and not case.history:
        problem = "a follow-up needs a history"
    if problem:
        raise GoldError(f"{where} ({case.id}): {problem}.")


def _check_evidence(case: GoldCase, articles: Path, where: str) -> None:
    for evidence in case.evidence:
        article = articles / evidence.article
        if not article.is_file():
            raise GoldError(f"{where} ({case.id}): there is no article {article}.")
        if not evidence.quote.strip() or evidence.quote not in read_verbatim(article):
            raise GoldError(f"{where} ({case.id}): {article} doesn't say “{evidence.quote}”.")


def _check_facts(case: GoldCase, where: str) -> None:
    """Every fact stands in a quote, as it is first written, and none is forbidden."""
    quotes = [evidence.quote for evidence in case.evidence]
    for fact in case.answers:
        for each in (fact[0], *(other for other in fact[1:] if isinstance(other, Quantity))):
            if not any(states(quote, each) for quote in quotes):
                raise GoldError(f"{where} ({case.id}): no quote says {each}.")
        for said in case.must_not_say:
            if any(states(str(alternative), said) for alternative in fact):
                raise GoldError(f"{where} ({case.id}): {said} is both accepted and forbidden.")


def read_verbatim(path: Path) -> str:
    """The text of a file as it lies on disk, line ends untouched; offsets count in it."""
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()
