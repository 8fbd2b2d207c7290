"""The answer as it grows: sentences with numbered citations, what was kept back, and why."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from qa.answer import Citation, Disagreement, Sentence, Status, Version
from qa.compare import Comparison, Difference, describe
from qa.evidence import EvidenceSentence
from qa.facts import find_numbers
from qa.review import Review
from qa.sources import Sources

NOT_SAID = "The articles don't say."
UNFINISHED = "The answer is unfinished."
REST_NOT_SAID = "The articles don't state the rest of what was asked."
SOURCES_DIFFER = "The articles differ"
MARK = re.compile(r" \[\d+\]")


@dataclass(frozen=True, slots=True)
class Dropped:
    """A sentence of the model's that isn't shown."""

    text: str
    reason: str | None


class Draft:
    """What will be shown of one answer. Citations are numbered in the order of their first use."""

    def __init__(self, sources: Sources) -> None:
        """Nothing is shown yet; `sources` makes the citations."""
        self._sources = sources
        self.sentences: list[Sentence] = []
        self.shown: list[tuple[Sentence, tuple[EvidenceSentence, ...]]] = []
        self.dropped: list[Dropped] = []
        self.citations: list[Citation] = []
        self._differences: list[Difference] = []
        self._telling: dict[str, str] = {}  # sentences whose marks stand behind each value

    @property
    def reason(self) -> str | None:
        """Why the first sentence that was kept back was; None where no reason is known."""
        return next((each.reason for each in self.dropped if each.reason), None)

    def show(self, text: str, review: Review) -> Sentence:
        """Add a sentence that passed its review."""
        sources = tuple(self.number(span) for span in review.spans)
        numbers = tuple(source.number for source in sources if source.number is not None)
        sentence = Sentence(text, numbers, review.verdict, review.support, sources)
        self.sentences.append(sentence)
        self.shown.append((sentence, review.spans))
        return sentence

    def drop(self, text: str, review: Review) -> None:
        """Keep back a sentence that didn't."""
        self.dropped.append(Dropped(text, review.reason))

    def number(self, span: EvidenceSentence) -> Citation:
        """The citation of these words; a new one takes the next number."""
        for citation in self.citations:
            if (citation.article_id, citation.start) == (span.article_id, span.start):
                return citation
        self.citations.append(self._sources.citation(span, len(self.citations) + 1))
        return self.citations[-1]

    def compare(self, found: Iterable[tuple[Sentence, Comparison]]) -> Sentence | None:
        """Take in what other articles say; the sentence that tells where they differ, if any.

        Its values stand verbatim in the quotes that it cites.
        """
        differences: dict[str, Difference] = {}
        for sentence, comparison in found:
            self._corroborate(sentence, comparison)
            for difference in comparison.disagreements:
                if _is_plain(difference):
                    differences.setdefault(difference.about, difference)
        self._differences = list(differences.values())
        if not self._differences:
            return None
        return self._tell_differences()

    @property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """Where the articles differ, each version with the number of its citation."""
        return tuple(
            Disagreement(
                each.about,
                tuple(
                    Version(value.text, self._number(value.sentence))
                    for group in each.versions
                    for value in group
                ),
            )
            for each in self._differences
        )

    def text(self, *, finished: bool) -> str:
        """The sentences with their marks; of a partial answer, also that there is more to ask."""
        if not self.sentences:
            return NOT_SAID if finished else UNFINISHED
        shown = [self._telling.get(each.text, _marked(each)) for each in self.sentences]
        rest = [REST_NOT_SAID] if finished and self.dropped else []
        return " ".join(shown + rest)

    def status(self, *, finished: bool) -> Status:
        """Whether all, some or nothing of what was asked is answered."""
        if not self.sentences:
            return "abstained"
        return "answered" if finished and not self.dropped else "partial"

    def _tell_differences(self) -> Sentence:
        told = "; ".join(describe(each, self._number) for each in self._differences)
        spans = [v.sentence for each in self._differences for group in each.versions for v in group]
        sources = tuple(dict.fromkeys(self.number(span) for span in spans))
        numbers = tuple(source.number for source in sources if source.number is not None)
        marked = f"{SOURCES_DIFFER}: {told}."
        text = MARK.sub("", marked)
        self._telling[text] = marked
        sentence = Sentence(text, numbers, "supported", 1.0, sources)
        self.sentences.append(sentence)
        return sentence

    def _corroborate(self, sentence: Sentence, comparison: Comparison) -> None:
        """Note at its citations who else says what the sentence says."""
        for position, citation in enumerate(self.citations):
            others = comparison.corroborated.get((citation.article_id, citation.start), ())
            if others and citation.number in sentence.citations:
                known = dict.fromkeys((*citation.corroborated_by, *others))
                self.citations[position] = replace(citation, corroborated_by=tuple(known))

    def _number(self, span: EvidenceSentence) -> int:
        number = self.number(span).number
        assert number is not None  # noqa: S101 - `number` gives each citation one
        return number


def _is_plain(difference: Difference) -> bool:
    """Whether values contradict each other: numbers, for names may only be put otherwise."""
    values = (value.text for group in difference.versions for value in group)
    return difference.kind == "contradiction" and all(map(find_numbers, values))


def _marked(sentence: Sentence) -> str:
    marks = "".join(f"[{number}]" for number in sentence.citations)
    return f"{sentence.text} {marks}"
