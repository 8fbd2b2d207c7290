"""Reference systems: what a reader could have instead of Dateline, asked the same questions.

refusal → answer → systems, citation_engine → catalogue → stored → measure

None follows a conversation or filters by date: each gets the last question alone.
"""

from evals.references.answer import ReferenceAnswer, ReferenceCitation
from evals.references.catalogue import REFERENCES, OpenReference, Reference, open_reference
from evals.references.measure import measure_reference
from evals.references.refusal import is_refusal
from evals.references.stored import ANSWERS, StoredAnswers

__all__ = [
    "ANSWERS",
    "REFERENCES",
    "OpenReference",
    "Reference",
    "ReferenceAnswer",
    "ReferenceCitation",
    "StoredAnswers",
    "is_refusal",
    "measure_reference",
    "open_reference",
]
