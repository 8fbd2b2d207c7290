"""The other form of each short or long name in a text: for matching, never shown."""

import re
from collections.abc import Mapping

PREFIX = 3  # letters by which long forms are looked up


class OtherForms:
    """Short forms and what they stand for, looked up by the words of a text.

    A text is held only against those that share a word with it: thousands of short forms cost a
    sentence no more than ten do.
    """

    def __init__(self, aliases: Mapping[str, str]) -> None:
        """`aliases` are short forms and what they stand for."""
        self._aliases = [(short, long, long.casefold()) for short, long in aliases.items()]
        self._by_word: dict[str, list[int]] = {}
        self._by_start: dict[str, list[int]] = {}
        for number, (short, _, folded) in enumerate(self._aliases):
            first = re.match(r"\w+", short)
            self._by_word.setdefault(first.group() if first else "", []).append(number)
            # Its second word begins where a word of the text does; its first may be a word's end.
            second = [*folded.split(" "), ""][1]
            self._by_start.setdefault(second[:PREFIX], []).append(number)

    def of(self, text: str) -> str:
        """The long form of each short one in `text`, and the other way round."""
        lowered = text.casefold()
        found = []
        for number in sorted(self._candidates(text, lowered)):
            short, long, folded = self._aliases[number]
            has_short = re.search(rf"\b{re.escape(short)}\b", text) is not None
            if has_short and folded not in lowered:
                found.append(long)
            elif not has_short and folded in lowered:
                found.append(short)
        return " ".join(found)

    def _candidates(self, text: str, lowered: str) -> set[int]:
        found = {
            number
            for word in {"", *re.findall(r"\w+", text)}
            for number in self._by_word.get(word, ())
        }
        starts = {word[:length] for word in lowered.split(" ") for length in range(PREFIX + 1)}
        return found.union(*(self._by_start.get(start, ()) for start in starts))
