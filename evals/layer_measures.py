"""Every measure of every layer, in the order in which a report shows them.

How a column comes about is told in evals/metrics/; here is what is computed from it over the cases.
A failed case is a wrong answer and has no part in the other measures.
"""

from evals.answer_measures import ANSWERS, CALIBRATION, RISK_COVERAGE
from evals.measures import Column, Measure, mean, percentiles, share, share_of_answerable
from evals.metrics import Share, kappa
from evals.results import Layer

__all__ = ["CALIBRATION", "MEASURES", "RISK_COVERAGE"]

DEPTHS = (1, 3, 5, 10)
COHEN = "Cohen 1960, A Coefficient of Agreement for Nominal Scales"


def _agreement(one: Column, other: Column) -> Share:
    return Share(int((one == other).sum()), one.size)


def _kappa(one: Column, other: Column) -> float | None:
    return kappa(one == 1, other == 1)


def _agreements(name: str, title: str, columns: tuple[str, str]) -> tuple[Measure, Measure]:
    """How often two that judge the same answers agree, as it is and beyond chance."""
    plain = "Share of the answers that both call right, or both wrong."
    beyond = "Agreement beyond chance: 1 is full, 0 what chance gives, less is worse than chance."
    return (
        Measure(f"{name}_agreement", f"{title} agree", plain, columns, _agreement),
        Measure(f"{name}_kappa", f"{title}, kappa", beyond, columns, _kappa, COHEN, is_share=False),
    )


RETRIEVAL = (
    *(
        Measure(
            f"evidence_recall_{k}",
            f"Evidence recall@{k}",
            f"Share of the gold quotes that overlap one of the first {k} passages, averaged over "
            "the questions.",
            (f"evidence_recall_{k}",),
            mean,
            "Manning, Raghavan and Schütze 2008, Introduction to Information Retrieval",
        )
        for k in DEPTHS
    ),
    *(
        Measure(
            f"all_evidence_{k}",
            f"All evidence@{k}",
            f"Share of the questions for which the first {k} passages hold, for every fact, at "
            "least one gold quote that states it.",
            (f"all_evidence_{k}",),
            share,
        )
        for k in DEPTHS
    ),
    Measure(
        "mrr_10",
        "MRR@10",
        "1 / the rank of the first passage that overlaps a gold quote, 0 where none of the first "
        "10 does, averaged over the questions.",
        ("reciprocal_rank_10",),
        mean,
        "Voorhees 1999, The TREC-8 Question Answering Track Report",
    ),
    Measure(
        "ndcg_10",
        "nDCG@10",
        "Gain of the first 10 passages, discounted by log2(rank + 1), as a share of the best order "
        "possible; a passage is relevant or not. Averaged over the questions.",
        ("ndcg_10",),
        mean,
        "Järvelin and Kekäläinen 2002, Cumulated Gain-Based Evaluation of IR Techniques",
    ),
    Measure(
        "leaks",
        "Filter leaks",
        "Share of the questions with a date or another filter for which a passage came from an "
        "article that the filter excludes.",
        ("leak",),
        share,
        less_is_better=True,
    ),
    *percentiles(
        "seconds", "Time to retrieve", "seconds", "From the question to the ranked passages"
    ),
)

EXTRACT = (
    Measure(
        "extract_shown",
        "Extracts shown",
        "Share of the questions that the articles answer for which an extract is shown.",
        ("answerable", "shown"),
        share_of_answerable,
    ),
    Measure(
        "extract_facts",
        "Fact recall of the extract",
        "Share of the facts asked for that the extract states, averaged over the questions that "
        "the articles answer.",
        ("extract_facts",),
        mean,
    ),
    Measure(
        "extract_right_article",
        "Extract from a right article",
        "Share of the extracts shown, of questions that the articles answer, that come from an "
        "article with gold evidence.",
        ("extract_right_article",),
        share,
    ),
    Measure(
        "extract_valid",
        "Extracts verbatim",
        "Share of the extracts shown that are the very words of their article. Must be 100 %.",
        ("extract_valid",),
        share,
    ),
    Measure(
        "extract_false",
        "False extracts",
        "Share of the questions that the articles don't answer for which an extract is shown all "
        "the same.",
        ("extract_false",),
        share,
        less_is_better=True,
    ),
    *percentiles("seconds", "Time to the extract", "seconds", "From the question to the extract"),
)

JUDGE = (
    Measure(
        "judged_right",
        "Judged right",
        "Share of the questions whose answer the judging model calls right.",
        ("judged_right",),
        share,
    ),
    Measure(
        "judged_faithful",
        "Judged faithful",
        "Share of the answers that the judging model finds carried by the quotes they cite.",
        ("judged_faithful",),
        share,
    ),
    Measure(
        "judge_unreadable",
        "Unreadable",
        "Share of the answers put to the judging model of which it gave no verdict in the form "
        "that it was asked for.",
        ("unreadable",),
        share,
        less_is_better=True,
    ),
    *_agreements("judge_strict", "Judge and strict measure", ("right", "judged_right")),
    *_agreements("judge_hand", "Judge and hand", ("hand_right", "judged_right")),
    *_agreements(
        "model_hand", "Judge and hand, rules left out", ("hand_right", "model_judged_right")
    ),
    *_agreements("strict_hand", "Strict measure and hand", ("hand_right", "right")),
)

MEASURES: dict[Layer, tuple[Measure, ...]] = {
    "retrieval": RETRIEVAL,
    "extract": EXTRACT,
    "answers": ANSWERS,
    "judge": JUDGE,
}
