"""As much evidence as there is room for: the prompt and the longest answer fit the context."""

from collections.abc import Sequence

from llama_index.core.base.llms.types import ChatMessage

from index.corpus import Corpus
from qa.evidence import EvidenceFinder, EvidenceSentence, EvidenceSet
from qa.models.served import ServedModel
from qa.prompt import TEMPLATE_TOKENS, answer_messages, load_prompt


class PromptFitter:
    """Chooses the evidence of a prompt by its length in a model's tokens."""

    def __init__(
        self,
        corpus: Corpus,
        finder: EvidenceFinder,
        *,
        evidence_tokens: int | None,
        answer_tokens: int,
    ) -> None:
        """`answer_tokens` are kept free. Without `evidence_tokens` it is for the model to say."""
        self._corpus, self._finder = corpus, finder
        self._evidence_tokens, self._answer_tokens = evidence_tokens, answer_tokens

    def messages(self, question: str, evidence: EvidenceSet) -> list[ChatMessage]:
        """What the model is asked."""
        return answer_messages(
            question, evidence, self._corpus.articles, aliases=self._corpus.aliases
        )

    def budget(self, question: str, model: ServedModel) -> int:
        """Tokens left for evidence: as wanted, or less where the model's context is small."""
        count = model.count_tokens
        fixed = count(load_prompt("answer")) + count(question) + TEMPLATE_TOKENS
        read = model.evidence_tokens()
        wanted = self._evidence_tokens or read
        return min(wanted, model.context_tokens - fixed - self._answer_tokens)

    def excess(self, question: str, evidence: EvidenceSet, model: ServedModel) -> int:
        """By how many tokens prompt and longest answer pass the model's context, if above 0."""
        prompt = model.prompt_tokens(self.messages(question, evidence))
        return prompt + self._answer_tokens - model.context_tokens

    def select(
        self, question: str, scored: Sequence[EvidenceSentence], model: ServedModel
    ) -> tuple[EvidenceSet, int]:
        """The evidence with which the prompt fits, empty where none does; and its budget."""
        budget = self.budget(question, model)
        while True:
            evidence = self._finder.select(
                scored, budget_tokens=budget, count_tokens=model.count_tokens
            )
            excess = self.excess(question, evidence, model)
            if excess <= 0 or not evidence.sentences:
                return evidence, budget
            # Not all of it: what a prompt can't pass is some three times what it takes.
            budget -= -(-excess // 3)
