"""The stages of answering that the ablation turns off, each from outside and one at a time.

A switch changes settings, takes options from the model's calls, or puts something that does
nothing in the place of a part, for as long as one engine is asked. Parts are named where the
pipeline looks them up; a name that is gone is an error, not a stage without effect.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import qa.answerability
import qa.cite
import qa.engine
import qa.evidence
import qa.rerank
import qa.retrieve
import qa.review
import qa.spelling
from index.corpus import Corpus
from index.settings import Settings
from qa.compare import Comparison
from qa.engine import AnswerEngine
from qa.filters import Wishes
from qa.verify import Check

NOWHERE = re.compile(r"(?!)")

Part = tuple[Any, str, Any]  # an object, the name of what is replaced in it, the replacement


@dataclass(frozen=True, slots=True)
class Switch:
    """A stage that can be turned off. `settings` are changes by section."""

    name: str
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    parts: Callable[[AnswerEngine], Sequence[Part]] = lambda engine: ()
    without_options: frozenset[str] = frozenset()

    def applied(self, settings: Settings) -> Settings:
        """The settings with this stage off."""
        changed = {
            section: getattr(settings, section).model_copy(update=dict(values))
            for section, values in self.settings.items()
        }
        return settings.model_copy(update=changed)

    @contextmanager
    def turned_off(self, engine: AnswerEngine) -> Iterator[None]:
        """While this is open, the engine answers without the stage. Raises AttributeError."""
        with ExitStack() as stack:
            for target, name, replacement in self.parts(engine):
                stack.enter_context(_replaced(target, name, replacement))
            yield


def _no_scores(_: Any, question: str, texts: Sequence[str], query: Any = None) -> Any:
    return np.zeros(len(texts))


def _nothing_asked_of_sources(question: str, corpus: Any, as_of: Any) -> Wishes:
    return Wishes((), np.ones(len(corpus.passages)))


def _all_good(*_: Any, **__: Any) -> Check:
    return Check("supported", 1.0, ())


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _none_at_all(*_: Any, **__: Any) -> frozenset[Any]:
    return frozenset()


def _none_of_them(*_: Any, **__: Any) -> tuple[str, ...]:
    return ()


AS_IT_IS = Switch("nothing")
SWITCHES = (
    # Outlets are still mixed: that is a stage of its own.
    Switch(
        "reranking",
        settings={"retrieval": {"rerank_weight": 0.0}},
        parts=lambda _: ((qa.rerank.LateInteraction, "scores", _no_scores),),
    ),
    Switch("lexical half", settings={"retrieval": {"lexical_weight": 0.0}}),
    Switch("dense half", settings={"retrieval": {"lexical_weight": 1.0}}),
    Switch("near-duplicates", parts=lambda _: ((Corpus, "repeats_of", _none_of_them),)),
    Switch("mixing of outlets", parts=lambda _: ((qa.retrieve, "SAME_OUTLET", 1.0),)),
    Switch(
        "question filters",
        parts=lambda _: ((qa.retrieve, "read_wishes", _nothing_asked_of_sources),),
    ),
    Switch(
        "spelling",
        parts=lambda _: (
            (qa.spelling.Speller, "corrected", lambda self, question: question),
            (qa.spelling.Speller, "variants", lambda self, question: ""),
        ),
    ),
    Switch("kind of answer in evidence", parts=lambda _: ((qa.evidence, "KIND_BONUS", 0.0),)),
    Switch("planted text left out", parts=lambda _: ((qa.evidence, "find_planted", _none_at_all),)),
    Switch("antecedent sentences, read", parts=lambda _: ((qa.evidence, "LEANS_BACK", NOWHERE),)),
    Switch("antecedent sentences, checked", parts=lambda _: ((qa.cite, "REFERS_BACK", NOWHERE),)),
    Switch("early refusal", parts=lambda _: ((qa.engine, "unknown_names", _none_of_them),)),
    Switch("answer forced, refusal weighed", without_options=frozenset({"logit_bias"})),
    Switch("verification", parts=lambda _: ((qa.review, "check_sentence", _all_good),)),
    Switch(
        "question's terms in quotes", parts=lambda _: ((qa.review, "misses_question", _nothing),)
    ),
    Switch(
        "words put otherwise",
        parts=lambda _: ((qa.answerability.SignalReader, "met_terms", _none_at_all),),
    ),
    Switch("calibrated refusal", settings={"generation": {"least_support": 0.0}}),
    Switch(
        "comparing",
        parts=lambda engine: ((engine.comparer, "compare", lambda *_, **__: Comparison({}, ())),),
    ),
    Switch(
        "follow-up rewriting",
        parts=lambda _: ((qa.engine, "leans_on_conversation", lambda *_, **__: False),),
    ),
)


@contextmanager
def _replaced(target: Any, name: str, replacement: Any) -> Iterator[None]:
    own = name in vars(target)
    before = getattr(target, name)
    setattr(target, name, replacement)
    try:
        yield
    finally:
        if own:
            setattr(target, name, before)
        else:
            delattr(target, name)
