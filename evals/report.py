"""The console report: a table by kind, the measures, then every wrong question with its why."""

from collections.abc import Sequence

from evals.metrics import Share
from evals.runner import CaseResult, RunResult
from evals.score import plain_text
from evals.summary import Row, Summary, summarise

COLUMNS = ("kind", "n", "right", "95 %", "refused", "median s", "p95 s", "prompt tokens")
NOT_APPLICABLE = "–"


def render_report(run: RunResult) -> str:
    """The whole report as text."""
    summary = summarise(run.results)
    head = (
        f"{len(run.results)} questions, {run.model} ({run.backend}), index {run.index}, "
        f"{run.seconds:.0f} s"
    )
    blocks = [head, render_table(summary), render_measures(summary.measures)]
    blocks.append(render_wrong(run.results))
    return "\n\n".join(block for block in blocks if block)


def render_table(summary: Summary) -> str:
    """A row for each kind, and one for all."""
    return aligned([COLUMNS, *(_cells(row) for row in (*summary.rows, summary.whole))])


def render_measures(measures: dict[str, Share]) -> str:
    """Each share with its sample and its Wilson interval."""
    return aligned(
        [
            (name.replace("_", " "), f"{share.hits}/{share.total}", _percent(share), _range(share))
            for name, share in measures.items()
        ]
    )


def render_wrong(results: Sequence[CaseResult]) -> str:
    """Every question with something wrong; empty where there is none."""
    return "\n\n".join(render_case(each) for each in results if explain(each))


def render_case(result: CaseResult) -> str:
    """One question with its answer, what is wrong with it, and the quotes."""
    case, answer = result.case, result.answer
    asked = " / ".join((*case.history, case.question))
    lines = [f"{case.id}: {asked}", f"  wrong     {'; '.join(explain(result))}"]
    if answer is None:
        return "\n".join(lines)
    if case.history:
        lines.append(f"  asked as  {answer.standalone_question}")
    lines.append(f"  {answer.status:<10}{plain_text(answer)}")
    lines.append(f"  model     {' '.join(answer.model_text.split()) or NOT_APPLICABLE}")
    if answer.reason:
        lines.append(f"  reason    {answer.reason}")
    lines += [f"  cited     “{' '.join(each.quote.split())}”" for each in answer.citations]
    lines += [f"  gold      “{each.quote}” ({each.article})" for each in case.evidence]
    return "\n".join(lines)


def explain(result: CaseResult) -> list[str]:
    """What is wrong with a result, in words; empty where nothing is."""
    score = result.score
    if result.failure is not None:
        return [f"failed: {result.failure}"]
    found = [f"must not say {words}" for words in score.forbidden]
    found += [f"not in the article: “{quote}”" for quote in score.invalid_quotes]
    if score.cited_article_right is False:
        found.append("the first citation leads to another article")
    if score.refused and result.case.is_answerable:
        return [*found, "refused, though the articles say"]
    if not score.refused and not result.case.is_answerable:
        return [*found, "answered, though the articles don't say"]
    return found + [f"doesn't say {fact}" for fact in score.missing]


def _cells(row: Row) -> tuple[str, ...]:
    failed = f" ({row.failed} failed)" if row.failed else ""
    return (
        row.name,
        f"{row.n}{failed}",
        f"{row.right.hits} ({_percent(row.right)})",
        _range(row.right),
        str(row.refused),
        _number(row.median_seconds, ".1f"),
        _number(row.p95_seconds, ".1f"),
        _number(row.median_prompt_tokens, ".0f"),
    )


def _number(value: float | None, form: str) -> str:
    return NOT_APPLICABLE if value is None else format(value, form)


def _percent(share: Share) -> str:
    return NOT_APPLICABLE if share.value is None else f"{share.value:.0%}".replace("%", " %")


def _range(share: Share) -> str:
    if share.interval is None:
        return NOT_APPLICABLE
    low, high = share.interval
    return f"{100 * low:.0f}–{100 * high:.0f}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as text: the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
