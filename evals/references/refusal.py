"""When a model's free text counts as a refusal: a fixed list of phrases, nothing else.

The rule is generous to the references. One such phrase anywhere makes the text a refusal, whatever
else it claims; and when it is scored, a text that hedges and yet states every fact that was asked
for counts as an answer (`measure`). Dateline's own refusals are never read from free text.
"""

import re

from evals.metrics.matching import normalise

# As they read once "doesn't" is "does not" and "cannot" is "can not".
REFUSAL_PHRASES = (
    "i do not know",
    "i am not sure",
    "i am unable",
    "i do not have",
    "does not mention",
    "do not mention",
    "not mentioned",
    "no mention",
    "does not say",
    "do not say",
    "does not state",
    "do not state",
    "not stated",
    "does not specify",
    "do not specify",
    "not specified",
    "does not provide",
    "do not provide",
    "not provided",
    "does not contain",
    "do not contain",
    "does not include",
    "do not include",
    "no information",
    "not enough information",
    "no specific information",
    "not available",
    "can not answer",
    "can not be answered",
    "can not provide",
    "can not be determined",
    "can not determine",
    "unable to answer",
    "unable to provide",
    "unable to determine",
    "not possible to determine",
    "none of the sources",
    "empty response",  # what LlamaIndex says where it finds nothing
)
CONTRACTIONS = (("can't", "can not"), ("n't", " not"), ("cannot", "can not"), ("i'm", "i am"))


def is_refusal(text: str) -> bool:
    """Whether the text is empty or has one of the phrases, in whatever case."""
    plain = normalise(text)
    for short, long_form in CONTRACTIONS:
        plain = plain.replace(short, long_form)
    return not plain or any(
        re.search(rf"\b{re.escape(phrase)}\b", plain) for phrase in REFUSAL_PHRASES
    )
