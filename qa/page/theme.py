"""The part of the look that Gradio must know; the rest is page.css."""

import gradio as gr

# Paper and ink; page.css has the same values under --dl-*.
PAPER, PAPER_DARK = "#faf8f3", "#171614"
RAISED, RAISED_DARK = "#fffdf9", "#1f1d1a"
EDGE, EDGE_DARK = "#8b8375", "#7d7668"
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
        # The page on which users log in is Gradio's own, which page.css hardly reaches.
        background_fill_primary=PAPER,
        background_fill_primary_dark=PAPER_DARK,
        background_fill_secondary=PAPER,
        background_fill_secondary_dark=PAPER_DARK,
        block_background_fill=PAPER,
        block_background_fill_dark=PAPER_DARK,
        input_background_fill=RAISED,
        input_background_fill_dark=RAISED_DARK,
        input_border_color=EDGE,
        input_border_color_dark=EDGE_DARK,
        input_border_width="1px",
        button_primary_background_fill=INK,
        button_primary_background_fill_dark=INK_DARK,
        button_primary_background_fill_hover=INK,
        button_primary_background_fill_hover_dark=INK_DARK,
        button_primary_border_color=INK,
        button_primary_border_color_dark=INK_DARK,
        button_primary_text_color=PAPER,
        button_primary_text_color_dark=PAPER_DARK,
    )
