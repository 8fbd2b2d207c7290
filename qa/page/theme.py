"""The part of the look that Gradio must know; the rest is page.css."""

import gradio as gr

# Paper and ink; page.css has the same values under --dl-*.
PAPER, PAPER_DARK = "#faf8f3", "#171614"
INK, INK_DARK = "#1d1b18", "#ece7dc"


def build_theme() -> gr.themes.Base:
    """Gradio's plainest theme on our paper, with fonts of the system only."""
    # A font given as a plain string would be looked for among the files that Gradio serves.
    fonts = [gr.themes.Font(name) for name in ("Helvetica Neue", "Arial", "sans-serif")]
    theme = gr.themes.Base(font=fonts, font_mono=[gr.themes.Font("monospace")])
    return theme.set(
        body_background_fill=PAPER,
        body_background_fill_dark=PAPER_DARK,
        body_text_color=INK,
        body_text_color_dark=INK_DARK,
    )
