"""L3, answers: the whole question, its history asked first in the same conversation.

The first time to a question, a model answers; after that its answer comes out of the cache with
the times that were measured then, for as long as nothing that shapes answers changes.
"""

from collections.abc import Sequence
from datetime import date

from evals.cache import AnswerCache, GivenAnswer
from evals.gold import GoldCase
from evals.layers.cases import OnProgress, RunEndedError, measure_cases
from evals.results import DATELINE, Row, Section
from evals.score import answer_row, failed_row
from index.errors import ModelUnreachableError
from qa.answer import Answer, Citation, Evidence, Finished
from qa.desk import Conversation, Desk


def measure_answers(
    desk: Desk,
    cases: Sequence[GoldCase],
    *,
    gold: str,
    cache: AnswerCache | None,
    on_progress: OnProgress,
) -> Section:
    """The answers to all questions. The model is loaded only if one of them isn't in the cache.

    Raises ModelError before the first question where there is no model to ask, and RunEndedError
    at the first reply where there is none or it is empty.
    """
    asker = _Asker(desk, cache)
    if any(asker.find(case) is None for case in cases):
        desk.warm_up()

    def measure(case: GoldCase) -> Row:
        given = asker.find(case) or asker.ask(case)
        return answer_row(case, given, folder=desk.settings.articles)

    rows = measure_cases(cases, measure, failed=failed_row, on_progress=on_progress)
    return Section("answers", gold, DATELINE, len(desk.corpus.articles), rows)


class _Asker:
    """Asks the desk, and keeps what it says. Knows whether the model has said anything yet."""

    def __init__(self, desk: Desk, cache: AnswerCache | None) -> None:
        self._desk = desk
        self._cache = cache
        self._heard = False

    def find(self, case: GoldCase) -> GivenAnswer | None:
        return self._cache.find(case) if self._cache else None

    def ask(self, case: GoldCase) -> GivenAnswer:
        conversation = self._desk.conversation()
        *earlier, (answer, found) = [
            self._listen(conversation, question, case.as_of)
            for question in (*case.history, case.question)
        ]
        given = GivenAnswer(answer, tuple(each for each, _ in earlier), found)
        if self._cache and all(map(self._is_whole, (*given.earlier, answer))):
            self._cache.keep(case, given)
        return given

    def _listen(
        self, conversation: Conversation, question: str, as_of: date | None
    ) -> tuple[Answer, tuple[Citation, ...]]:
        try:
            answer, found = _finish(conversation, question, as_of)
        except ModelUnreachableError as error:
            if self._heard:
                raise
            raise RunEndedError(str(error)) from error
        if found and answer.usage.llm_calls and not self._heard:
            self._require_words(answer)
            self._heard = True
        return answer, found

    def _require_words(self, answer: Answer) -> None:
        if not answer.model_text.strip():
            raise RunEndedError(
                f"The model {answer.model} ({answer.backend}) answered nothing at all to "
                f"“{answer.question}”. Try it with: dateline ask. Or name another with --model."
            )

    def _is_whole(self, answer: Answer) -> bool:
        """Whether asking again would bring nothing else: a model that was lost might be back.

        One that was lost has told no count of its tokens; one that wrote too much has used all.
        """
        most = self._desk.settings.generation.answer_tokens
        return answer.finished or answer.usage.completion_tokens >= most


def _finish(
    conversation: Conversation, question: str, as_of: date | None
) -> tuple[Answer, tuple[Citation, ...]]:
    """The answer, and what was found to read."""
    found: tuple[Citation, ...] = ()
    for event in conversation.stream(question, as_of=as_of, fresh=False):
        if isinstance(event, Evidence):
            found = event.citations
        elif isinstance(event, Finished):
            return event.answer, found
    raise RuntimeError("A stream of events ended without its answer.")
