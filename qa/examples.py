"""Questions that the articles can answer, made of sentences that stand in them.

Only such are made as a sentence answers by its form: what somebody is said to have said, and who
somebody is who is introduced. No model is asked, and the names are the articles' own.
"""

import re
from collections.abc import Iterator

from index.articles import Article
from index.corpus import Corpus
from index.sentences import split_sentences

MOST = 3
ARTICLES = 40  # the newest ones are looked at
PASSAGES = 20  # of each, from its beginning

LONGEST_NAME = 60  # characters; a longer one is no name

WORD = r"[A-Z][\w'’-]*[\w]"
NAME = rf"{WORD}(?:(?: of| for)?(?: the)? {WORD})+|[A-Z]{{3,}}"
SAID = r"(?:said|says|told|added|warned|announced|explained)"
# Who comes after "of" or "for" is not who speaks.
SPEAKS = re.compile(
    rf"(?:^|[,;] |\b(?:and|but|while|that|as) )(?P<the>[Tt]he )?(?P<name>{NAME})"
    rf"(?: \([A-Z]+\))?(?: of (?:the )?{WORD}(?: {WORD})*|,[^,.;“”\"]{{2,80}},)? {SAID}\b"
    rf"|\b{SAID} (?P<the2>the )?(?P<name2>{NAME})(?=[,.]| of\b| \()"
)
INTRODUCED = re.compile(
    rf"(?:^|[,;] |\bby |\band )(?P<name>{WORD}(?: {WORD})+), (?:who|the|a|an|its|their) [a-z]"
    rf"|\b(?:leader|commander|chief|minister|spokesman|spokeswoman|head|director), "
    rf"(?P<name2>{WORD}(?: {WORD})+),"
)


def example_questions(corpus: Corpus, *, most: int = MOST) -> tuple[str, ...]:
    """Up to `most` questions, of different articles where there are enough, the newest first."""
    newest = sorted(corpus.articles.values(), key=_newest_first)[:ARTICLES]
    left = [_questions(article, corpus) for article in newest]
    chosen: dict[str, None] = {}
    while left and len(chosen) < most:
        for own in tuple(left):
            question = next((each for each in own if each not in chosen), None)
            if question is None:
                left.remove(own)
            elif len(chosen) < most:
                chosen[question] = None
    return tuple(chosen)


def questions_of(sentence: str) -> Iterator[str]:
    """What this sentence answers by its form."""
    for match in SPEAKS.finditer(sentence):
        the = "the " if match["the"] or match["the2"] else ""
        if len(name := match["name"] or match["name2"]) <= LONGEST_NAME:
            yield f"What did {the}{name} say?"
    for match in INTRODUCED.finditer(sentence):
        if len(name := match["name"] or match["name2"]) <= LONGEST_NAME:
            yield f"Who is {name}?"


def _questions(article: Article, corpus: Corpus) -> Iterator[str]:
    for passage in corpus.of_article.get(article.id, ())[:PASSAGES]:
        for start, end in split_sentences(article.text, passage.start, passage.end):
            yield from questions_of(" ".join(article.text[start:end].split()))


def _newest_first(article: Article) -> tuple[int, str]:
    return (-article.published.toordinal() if article.published else 0, article.path)
