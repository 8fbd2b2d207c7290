"""The page: asking in a browser. Public names are loaded on first use; gradio takes a second."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

# Gradio reads these when it is imported, which is after this. It understands exactly "False".
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_SHARE"] = "False"

if TYPE_CHECKING:
    from qa.page.blocks import build_page

_HOME_OF = {"build_page": "qa.page.blocks"}

__all__ = ["build_page"]


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'qa.page' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
