"""Characters that a reader doesn't see, and those that change what the reader sees of others.

The text itself keeps them, for quotes are verbatim; matching and showing do without.
"""

import re

# Unicode's format characters (category Cf) and the others that show nothing: fillers, joiners,
# variation selectors. A name is the same name with one of them in it.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
# Control characters, which a terminal obeys, and Unicode's embeddings, overrides and isolates,
# which show words in another order than they are written in.
STEERING = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")
REPLACEMENT = "\ufffd"


def fold_invisible(text: str) -> str:
    """The text without characters that show nothing: for matching, never for quoting."""
    return text if text.isascii() else INVISIBLE.sub("", text)


def replace_steering(text: str) -> str:
    """The text with a mark for each character that would steer a screen: for showing."""
    return STEERING.sub(REPLACEMENT, text)


def escape_steering(line: str) -> str:
    """A line of JSON with such characters written as escapes: the same data, safe to print."""
    return STEERING.sub(lambda match: f"\\u{ord(match.group()):04x}", line)
