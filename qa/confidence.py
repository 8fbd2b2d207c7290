"""How sure the model was of its words: the log-probabilities that came with them.

Servers that send none leave the confidence unknown; nothing else depends on it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What isn't among the alternatives that a server lists is less likely than this.
LEAST_LOG_PROBABILITY = -8.0


@dataclass(frozen=True, slots=True)
class Confidence:
    """Natural logarithms. `refusal` is that of the answer beginning as a refusal does.

    `mean` and `lowest` are over the tokens of one sentence, as the model would have chosen
    without any bias on its words.
    """

    refusal: float
    mean: float
    lowest: float


class ConfidenceMeter:
    """Reads the pieces of one reply; gives the confidence of each sentence as it ends."""

    def __init__(self, refusal_token: str) -> None:
        """`refusal_token` begins the reply that the articles don't say."""
        self._refusal_token = refusal_token
        self._refusal: float | None = None
        self._tokens: list[float] = []

    def read(self, raw: Any) -> None:
        """Take the log-probabilities of one piece, in the shape that OpenAI's servers gave them."""
        for token in _tokens_of(raw):
            if self._refusal is None:
                listed = {each["token"]: each["logprob"] for each in token.get("top_logprobs", ())}
                self._refusal = listed.get(self._refusal_token, LEAST_LOG_PROBABILITY)
            self._tokens.append(max(token["logprob"], LEAST_LOG_PROBABILITY))

    def take(self) -> Confidence | None:
        """The confidence of the tokens since the last call; None where nothing is known."""
        tokens, self._tokens = self._tokens, []
        if self._refusal is None or not tokens:
            return None
        return Confidence(self._refusal, math.fsum(tokens) / len(tokens), min(tokens))


def _tokens_of(raw: Any) -> list[dict[str, Any]]:
    choices = raw.get("choices") if isinstance(raw, Mapping) else None
    found = (choices[0].get("logprobs") or {}) if choices else {}
    return list(found.get("content") or ())
