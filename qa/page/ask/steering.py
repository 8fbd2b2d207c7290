"""Characters that steer a screen, shown as marks: words stand in the order they are written in.

Each gets a box of its own, which it can't act out of. Its text stays the character, so that what
is read from the page is still the quote; the mark over it is drawn by the style sheet.
"""

from index.characters import STEERING, replace_steering
from qa.page.ask.marks import escape


def show(text: str) -> str:
    """Text as HTML that shows it, for an element; its text content is `text`."""
    return box_steering(escape(text))


def box_steering(source: str) -> str:
    """HTML without such characters in its tags, with each one in its texts boxed."""
    return STEERING.sub(r'<span class="dl-steering">\g<0></span>', source)


def show_in_attribute(text: str) -> str:
    """Text for a quoted attribute, which holds no boxes: the characters are replaced."""
    return escape(replace_steering(text))
