"""Runs as they might have been, from a seed: for whatever reads, shows or compares runs."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from evals.results import DATELINE, Layer, Row, Run, Section, Values

KINDS = ("fact", "list", "several-articles", "time", "conflict", "unanswerable", "follow-up")
REFUSING = "unanswerable"
SYSTEMS = {DATELINE: 0.8, "top-passage": 0.35, "citation-engine": 0.6, "always-refuse": 0.0}
ARTICLES = 27
# What an article may hold, and must come out as text.
MARKUP = "<script>alert('x')</script> & <b>fees</b>"
BEGUN = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def make_run(seed: int = 1, *, questions: int = 40, skill: float = 0.0) -> Run:
    """A run of three layers with three references; `skill` makes Dateline so much better."""
    chance = random.Random(seed)
    cases = [_case(number) for number in range(questions)]
    sections = [
        _section(
            "answers",
            system,
            [_answer(chance, case, share + skill * (system == DATELINE)) for case in cases],
        )
        for system, share in SYSTEMS.items()
    ]
    sections.append(_section("extract", DATELINE, [_extract(chance, case) for case in cases]))
    answerable = [case for case in cases if case["kind"] != REFUSING]
    sections += [
        _section("retrieval", system, [_retrieval(chance, case, share) for case in answerable])
        for system, share in {DATELINE: 0.85, "bm25": 0.7, "vectors": 0.6}.items()
    ]
    return Run(
        name=f"made-{seed}",
        started=BEGUN + timedelta(hours=seed),
        seconds=372.4,
        backend="embedded",
        model="made-up-model",
        seed=7,
        settings={
            "index": {"passage_words": 70, "embedding_model": "all-MiniLM-L6-v2"},
            "generation": {"answer_tokens": 160},
        },
        machine={"processor": "An honest processor", "cores": 2, "memory_gib": 7.8, "gpu": None},
        sections=tuple(sections),
    )


def with_rows(run: Run, section: str, rows: tuple[Row, ...]) -> Run:
    """The run with other rows in this section."""
    return replace(
        run,
        sections=tuple(
            replace(each, rows=rows) if each.name == section else each for each in run.sections
        ),
    )


def rows_of(run: Run, layer: Layer = "answers", system: str = DATELINE) -> tuple[Row, ...]:
    """The rows of a section of a made run."""
    section = run.section(f"{layer}/briefs/{system}/{ARTICLES}")
    assert section is not None
    return section.rows


def _case(number: int) -> dict[str, Any]:
    kind = KINDS[number % len(KINDS)]
    value = 40 + number
    return {
        "id": f"{kind}-{number:02}",
        "kind": kind,
        "question": f"How many boats lay in Port Hale on day {number}, according to the pilot?",
        "history": ["Which harbour is the pilot's?"] if kind == "follow-up" else [],
        "as_of": "2025-03-04" if kind == "time" else None,
        "answers": [] if kind == REFUSING else [[f"{value} boats", f"{value}"]],
        "must_not_say": ["no boats"],
        "gold_evidence": []
        if kind == REFUSING
        else [
            {"article": "harbour.md", "quote": f"The pilot counted {value} boats on day {number}"}
        ],
        "value": value,
    }


def _asked(case: dict[str, Any]) -> dict[str, Any]:
    names = ("question", "history", "as_of", "answers", "must_not_say", "gold_evidence")
    return {name: case[name] for name in names}


def _answer(chance: random.Random, case: dict[str, Any], skill: float) -> Row:
    refuses = case["kind"] == REFUSING
    if chance.random() < 0.03:
        return Row(case["id"], case["kind"], {"right": 0.0}, _asked(case), "The model was lost.")
    right = chance.random() < skill or (refuses and not skill)
    refused = right if refuses else not skill or (not right and chance.random() < 0.3)
    support = min(1.0, max(0.0, chance.gauss(0.85 if right else 0.55, 0.15)))
    values = _values(case, right=right, refused=refused, support=support)
    seconds = chance.lognormvariate(1.9, 0.35)
    values |= {
        "extract_seconds": seconds / 40,
        "first_token_seconds": seconds / 3,
        "total_seconds": seconds,
        "prompt_tokens": 420.0,
        "completion_tokens": 38.0,
        "calls": 1.0,
    }
    return Row(case["id"], case["kind"], values, _answer_details(case, right, refused, support))


def _values(
    case: dict[str, Any], *, right: bool, refused: bool, support: float
) -> dict[str, float | None]:
    answerable = case["kind"] != REFUSING
    said = None if refused else 1.0
    return {
        "right": float(right),
        "answerable": float(answerable),
        "refused": float(refused),
        "fact_recall": float(right) if answerable else None,
        "token_f1": (0.6 if right else 0.2) if answerable else None,
        "citation_precision": said and float(right),
        "citation_recall": said and (1.0 if right else 0.5),
        "quotes_valid": said,
        "unsupported": said and (0.0 if right else 0.5),
        "cited_article": said and float(right) if answerable else None,
        "confidence": said and support,
        "support": said and support,
        "correct": said and float(right),
        "disagreement_expected": float(case["kind"] == "conflict"),
        "disagreement_shown": float(case["kind"] == "conflict" and right),
    }


def _answer_details(
    case: dict[str, Any], right: bool, refused: bool, support: float
) -> dict[str, Any]:
    text = f"The pilot counted {case['value'] if right else 'about 12'} boats."
    cited = {
        "number": 1,
        "article": "harbour.md",
        "title": f"Boats and {MARKUP}",
        "outlet": "The Hale Gazette",
        "published": "2025-03-03",
        "quote": f"The pilot counted {case['value']} boats that day, {MARKUP}",
    }
    why = (
        []
        if right
        else ["refused, though the articles say"]
        if refused
        else [f"doesn't say {case['value']} boats"]
    )
    return {
        **_asked(case),
        "status": "abstained" if refused else "answered",
        "text": "The articles don't say." if refused else text,
        "sentences": []
        if refused
        else [
            {"text": text, "verdict": "supported" if support > 0.7 else "partly", "citations": [1]},
            {"text": "It was a quiet day.", "verdict": "unsupported", "citations": []},
        ],
        "citations": [] if refused else [cited],
        "extract": f"The pilot counted {case['value']} boats that day.",
        "reason": "No sentence found gives a number of boats." if refused else None,
        "standalone_question": case["question"],
        "model_text": "NOT IN THE ARTICLES" if refused else f"{text} It was a quiet day.",
        "found": [{"article": "harbour.md", "quote": f"Boats lay there. {MARKUP}"}] * 3,
        "wrong_because": why,
        "closest": ["Boats in March"] if refused else [],
    }


def _extract(chance: random.Random, case: dict[str, Any]) -> Row:
    answerable = case["kind"] != REFUSING
    good = chance.random() < 0.7
    values: Values = {
        "answerable": float(answerable),
        "shown": 1.0 if answerable else float(not good),
        "extract_facts": float(good) if answerable else None,
        "extract_right_article": float(good) if answerable else None,
        "extract_valid": 1.0,
        "extract_false": None if answerable else float(not good),
        "seconds": chance.uniform(0.05, 0.4),
    }
    details = {
        "question": case["question"],
        "gold_evidence": case["gold_evidence"],
        "extract": "Boats came.",
        "article": "harbour.md",
        "wrong_because": [] if good else ["the extract states no fact"],
    }
    return Row(case["id"], case["kind"], values, details)


def _retrieval(chance: random.Random, case: dict[str, Any], skill: float) -> Row:
    rank = 1 if chance.random() < skill else chance.randint(2, 14)
    values: dict[str, float | None] = {"seconds": chance.uniform(0.01, 0.09)}
    for k in (1, 3, 5, 10):
        values[f"evidence_recall_{k}"] = values[f"all_evidence_{k}"] = float(rank <= k)
    values["reciprocal_rank_10"] = values["ndcg_10"] = 1 / rank if rank <= 10 else 0.0
    passages = [
        {
            "article": "harbour.md",
            "start": 90 * place,
            "end": 90 * place + 60,
            "text": f"Passage {place} on boats, {MARKUP}",
            "score": 1 / place,
            "relevant": place == rank,
        }
        for place in range(1, 11)
    ]
    details = {
        "question": case["question"],
        "gold_evidence": case["gold_evidence"],
        "passages": passages,
        "wrong_because": [] if rank <= 10 else ["no passage has the evidence"],
    }
    return Row(case["id"], case["kind"], values, details)


def _section(layer: Layer, system: str, rows: list[Row]) -> Section:
    return Section(layer, "briefs", system, ARTICLES, tuple(rows))
