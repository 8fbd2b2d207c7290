"""Which language a text is in."""

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# The first lines tell; more text costs time and changes nothing.
CHARACTERS = 500
# Over 100 characters or more of news text, py3langid is above it for every language it knows well;
# below it, it guesses (a list of place names is Latin to it).
LEAST_PROBABILITY = 0.9


def identify_language(text: str) -> str | None:
    """The ISO 639-1 code of the text's language; None where it can't be told surely."""
    language, probability = _identifier().classify(text[:CHARACTERS])
    return str(language) if probability >= LEAST_PROBABILITY else None


@functools.cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415  (a second)

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
