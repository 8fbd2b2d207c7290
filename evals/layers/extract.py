"""L2, the extract: the sentence shown before a language model has read anything.

It is asked of the engine itself, which is given no model to go on with. What it has to beat is the
first sentence of BM25's best passage. Questions with a history are left out: what they ask stands
only once a model has rewritten them.
"""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, cast

from evals.gold import GoldCase, read_verbatim
from evals.layers.cases import OnProgress, asked, measure_cases, says, without_values
from evals.metrics import fact_recall, missing_facts, quote_is_valid
from evals.results import DATELINE, Row, Section, Values
from evals.score import inside
from qa.answer import Event, Extract
from qa.desk import Desk
from qa.engine import AnswerEngine
from qa.models.served import ServedModel
from qa.query import Query

Find = Callable[[str], Extract | None]


class _NoModel(Exception):  # noqa: N818 - a sign that the engine has gone as far as it can
    """The engine asked for its model: there is no extract any more to come."""


def measure_extract(
    desk: Desk,
    cases: Sequence[GoldCase],
    *,
    gold: str,
    on_progress: OnProgress,
    find: Find | None = None,
) -> Section:
    """What is shown first for each question without a history. No language model is opened.

    `find` is how another system comes to its extract; the section is to be named after it then.
    """
    corpus, folder = desk.corpus, desk.settings.articles
    engine = AnswerEngine(corpus, desk.library.embedder, _open_nothing, desk.settings)
    engine.retriever.rank("warm up")

    def measure(case: GoldCase) -> Row:
        started = time.perf_counter()
        extract = find(case.question) if find else find_extract(engine, case)
        seconds = round(time.perf_counter() - started, 4)
        values = score_extract(case, extract, folder=folder)
        details = _details(case, extract, values, folder=folder)
        return Row(case.id, case.kind, {**values, "seconds": seconds}, details)

    chosen = [case for case in cases if not case.history]
    rows = measure_cases(chosen, measure, failed=without_values, on_progress=on_progress)
    return Section("extract", gold, DATELINE, len(corpus.articles), rows)


def find_extract(engine: AnswerEngine, case: GoldCase) -> Extract | None:
    """What the engine shows first, or None where it shows nothing without a model."""
    query = Query(case.question, as_of=case.as_of or date.today())
    try:
        with closing(cast("Generator[Event]", engine.stream(query))) as events:
            return next((event for event in events if isinstance(event, Extract)), None)
    except _NoModel:
        return None


def score_extract(case: GoldCase, extract: Extract | None, *, folder: Path) -> Values:
    """The columns of one case. `folder` has the articles."""
    shown = extract is not None
    values: dict[str, float | None] = {"answerable": case.is_answerable, "shown": shown}
    if case.is_answerable:
        values["extract_facts"] = fact_recall(extract.text if extract else "", case.answers)
    else:
        values["extract_false"] = shown
    if extract is not None:
        if case.is_answerable:
            values["extract_right_article"] = _article(extract, folder) in case.evidence_articles
        values["extract_valid"] = _is_verbatim(extract)
    return {name: None if value is None else float(value) for name, value in values.items()}


def _open_nothing() -> ServedModel:
    raise _NoModel


def _article(extract: Extract, folder: Path) -> str:
    return inside(folder, extract.citation.article_path)


def _is_verbatim(extract: Extract) -> bool:
    cited = extract.citation
    text = read_verbatim(Path(cited.article_path))
    is_quote = quote_is_valid(text, start=cited.start, end=cited.end, quote=cited.quote)
    return is_quote and extract.text == " ".join(cited.quote.split())


def _details(
    case: GoldCase, extract: Extract | None, values: Values, *, folder: Path
) -> dict[str, Any]:
    return {
        **asked(case),
        "extract": extract.text if extract else None,
        "article": _article(extract, folder) if extract else None,
        "wrong_because": _wrong_because(case, extract, values),
    }


def _wrong_because(case: GoldCase, extract: Extract | None, values: Values) -> list[str]:
    if not case.is_answerable:
        return []  # quoted words are no answer; how often they are shown is `extract_false`
    if extract is None:
        return ["nothing was shown, though the articles have the answer"]
    reasons = []
    if missing := missing_facts(extract.text, case.answers):
        reasons.append(f"doesn't say {says(missing)}")
    if values.get("extract_right_article") == 0:
        reasons.append("comes from an article that doesn't have the answer")
    if values.get("extract_valid") == 0:
        reasons.append("is not what the article says word for word")
    return reasons
