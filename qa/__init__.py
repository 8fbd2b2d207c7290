"""Turns a question into an answer that can be checked. Public names, in the order data meets them.

Names are loaded on first use: `import qa` alone costs a few milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.errors import DatelineError
    from index.settings import Settings, load_settings
    from qa.answer import (
        Answer,
        ArticleReference,
        Citation,
        Disagreement,
        Evidence,
        Extract,
        Finished,
        Sentence,
        Token,
        Version,
        Waiting,
    )
    from qa.desk import Conversation, Desk, SearchResult, open_desk
    from qa.filters import Filters

_HOMES = {
    "index.settings": ("Settings", "load_settings"),
    "index.errors": ("DatelineError",),
    "qa.desk": ("open_desk", "Desk", "Conversation", "SearchResult"),
    "qa.filters": ("Filters",),
    "qa.answer": (
        "Answer",
        "Sentence",
        "Citation",
        "Disagreement",
        "Version",
        "ArticleReference",
        "Evidence",
        "Extract",
        "Token",
        "Finished",
        "Waiting",
    ),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Answer",
    "ArticleReference",
    "Citation",
    "Conversation",
    "DatelineError",
    "Desk",
    "Disagreement",
    "Evidence",
    "Extract",
    "Filters",
    "Finished",
    "SearchResult",
    "Sentence",
    "Settings",
    "Token",
    "Version",
    "Waiting",
    "load_settings",
    "open_desk",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'qa' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
