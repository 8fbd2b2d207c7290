"""What the rooms of the page are laid out with."""

from pathlib import Path
from typing import Any

import gradio as gr

FOLDER = Path(__file__).parent
# For every event: no part of a public API, and the page itself says what is being done.
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


def html_part(html: str, name: str, *, script: str | None = None) -> gr.HTML:
    """A part of the page that is HTML of ours. `script` is a file beside this one."""
    code = (FOLDER / script).read_text(encoding="utf-8") if script else None
    return gr.HTML(html, elem_id=name, js_on_load=code, apply_default_css=False)


def said(event: gr.EventData, name: str) -> object:
    """What a press says under this name; None where it says nothing of the kind."""
    try:
        return getattr(event, name, None)
    except TypeError:  # whatever a browser may send
        return None
