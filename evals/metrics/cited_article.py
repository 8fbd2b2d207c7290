"""Cited article right: does the first citation lead to an article that has the answer?"""

from collections.abc import Collection, Sequence


def cited_article_right(cited: Sequence[str], gold: Collection[str]) -> bool | None:
    """Whether the article of the first citation is among those of the gold evidence.

    `cited` is in the order of the citations. None where nothing is cited, or where no article
    has the answer.
    """
    if not cited or not gold:
        return None
    return cited[0] in gold
