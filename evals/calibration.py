"""A logistic regression over the signals of answers, and what its probabilities are worth.

What is said of it is measured on predictions for questions that were left out of the fit
(cross-validation). scikit-learn is imported when it is used: only development installs have it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evals.metrics import Share, calibration_error
from evals.report.console import aligned
from index.errors import InputError
from qa.answerability import Calibration, Signals, signal_names

REFUSED = 0.95  # of the questions that can't be answered: what the threshold is chosen for
STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # scikit-learn's C: less is more regular
LEAST_SPREAD = 0.001  # standard deviation; rounding alone would be given a weight
FOLDS = 10
SEED = 7
SHOWN = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Example:
    """What came of a question; `signals` are None where it was refused before any threshold."""

    asked: str
    source: str
    answerable: bool
    right: bool
    signals: Signals | None


@dataclass(frozen=True, slots=True)
class Fit:
    """A regression, and for each example the probability by one that hasn't seen it."""

    calibration: Calibration
    strength: float
    held_out: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a threshold makes of all questions: shares of all, of those answered, of each kind."""

    threshold: float
    answered: Share
    wrong: Share
    refused: Share
    falsely_refused: Share
    right: Share


def fit(examples: Sequence[Example]) -> Fit:
    """The regression whose strength predicts held-out questions best (by log loss).

    Deterministic. Raises InputError where there are too few answers of either kind.
    """
    from sklearn.metrics import log_loss  # noqa: PLC0415
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict  # noqa: PLC0415

    used = [each for each in examples if each.signals is not None]
    right = np.array([each.right for each in used], dtype=int)
    folds = min(FOLDS, int(right.sum()), int(len(right) - right.sum()))
    if folds < 2:
        raise InputError(
            f"{right.sum()} of {len(right)} answers are right: too few of either kind to fit."
        )
    names, means = _known(used)
    table = np.array([_row(each.signals, names, means) for each in used])
    split = StratifiedGroupKFold(folds, shuffle=True, random_state=SEED)
    groups = [each.asked for each in used]
    tried = []
    for strength in STRENGTHS:
        found = cross_val_predict(
            _regression(strength), table, right, groups=groups, cv=split, method="predict_proba"
        )[:, 1]
        tried.append((float(log_loss(right, found)), strength, found))
    _, strength, found = min(tried, key=lambda each: each[:2])
    scaler, regression = _regression(strength).fit(table, right)
    weights = regression.coef_[0] / scaler.scale_
    intercept = float(regression.intercept_[0] - weights @ scaler.mean_)
    calibration = Calibration(
        round(intercept, 4),
        {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)},
        {name: round(means[name], 4) for name in names},
    )
    return Fit(calibration, strength, tuple(round(float(each), 3) for each in found))


def stand(fitted: Fit, examples: Sequence[Example], threshold: float) -> Standing:
    """What is answered and refused where what is less likely right than this is refused."""
    held_out = iter(fitted.held_out)
    given = [each.signals is not None and next(held_out) >= threshold for each in examples]
    pairs = list(zip(examples, given, strict=True))
    answered = [each for each, shown in pairs if shown]
    unanswerable = [shown for each, shown in pairs if not each.answerable]
    answerable = [shown for each, shown in pairs if each.answerable]
    refused_rightly = unanswerable.count(False)
    return Standing(
        threshold=threshold,
        answered=Share(len(answered), len(pairs)),
        wrong=Share(sum(not each.right for each in answered), len(answered)),
        refused=Share(refused_rightly, len(unanswerable)),
        falsely_refused=Share(answerable.count(False), len(answerable)),
        right=Share(sum(each.right for each in answered) + refused_rightly, len(pairs)),
    )


def threshold_for(
    fitted: Fit, examples: Sequence[Example], refused: float = REFUSED
) -> Standing | None:
    """The lowest threshold, in thousandths, that refuses this share of the unanswerable."""
    for thousandths in range(1001):
        standing = stand(fitted, examples, thousandths / 1000)
        if (standing.refused.value or 0.0) >= refused:
            return standing
    return None


def describe(fitted: Fit, examples: Sequence[Example]) -> dict[str, Any]:
    """What is written down: the weights, and what they were fitted on."""
    auc, brier, error = _quality(fitted, examples)
    return {
        "intercept": fitted.calibration.intercept,
        "weights": fitted.calibration.weights,
        "means": fitted.calibration.means,
        "fitted_on": list(dict.fromkeys(each.source for each in examples)),
        "questions": len(examples),
        "answers": len(fitted.held_out),
        "auc": auc,
        "brier": brier,
        "ece": error,
    }


def render(fitted: Fit, examples: Sequence[Example]) -> str:
    """The figures as text."""
    auc, brier, error = _quality(fitted, examples)
    used = [each for each in examples if each.signals is not None]
    chosen = threshold_for(fitted, examples)
    lines = [("least support", "answered", "wrong of them", "unanswerable refused",
              "falsely refused", "right"),
             *(_cells(stand(fitted, examples, each)) for each in SHOWN)]  # fmt: skip
    if chosen is not None:
        lines.append(_cells(chosen))
    weights = [("signal", "weight", "mean")] + [
        (name, f"{weight:.3f}", f"{fitted.calibration.means[name]:.3f}")
        for name, weight in fitted.calibration.weights.items()
    ]
    reached = (
        "No threshold refuses so many of the unanswerable."
        if chosen is None
        else f"At least {REFUSED:.0%} of the unanswerable are refused from a least support of "
        f"{chosen.threshold:.3f} on."
    )
    return (
        f"{len(examples)} questions, {len(used)} of them answered, "
        f"{sum(each.right for each in used)} of these right; C {fitted.strength}\n"
        f"AUC {auc:.3f}, Brier {brier:.3f}, ECE {error:.3f}, cross-validated\n\n"
        f"{aligned(weights)}\n\n{aligned(lines)}\n\n{reached}"
    )


def _quality(fitted: Fit, examples: Sequence[Example]) -> tuple[float, float, float]:
    from sklearn.metrics import brier_score_loss, roc_auc_score  # noqa: PLC0415

    right = [int(each.right) for each in examples if each.signals is not None]
    found = list(fitted.held_out)
    error = calibration_error(found, right) or 0.0
    figures = (roc_auc_score(right, found), brier_score_loss(right, found), error)
    auc, brier, ece = (round(float(each), 3) for each in figures)
    return auc, brier, ece


def _cells(standing: Standing) -> tuple[str, ...]:
    shares = (standing.answered, standing.wrong, standing.refused, standing.falsely_refused)
    shown = (f"{each.hits}/{each.total} {_percent(each)}" for each in (*shares, standing.right))
    return (f"{standing.threshold:.3f}", *shown)


def _percent(share: Share) -> str:
    return "–" if share.value is None else f"{share.value:.1%}"


def _known(examples: Sequence[Example]) -> tuple[list[str], dict[str, float]]:
    """The signals that differ between examples, and the means of what is known of them."""
    means = {}
    for name in signal_names():
        values = [getattr(each.signals, name) for each in examples]
        known = [value for value in values if value is not None]
        if known and float(np.std(known)) >= LEAST_SPREAD:
            means[name] = float(np.mean(known))
    return list(means), means


def _row(signals: Signals | None, names: Sequence[str], means: Mapping[str, float]) -> list[float]:
    values = ((name, getattr(signals, name)) for name in names)
    return [means[name] if value is None else float(value) for name, value in values]


def _regression(strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
