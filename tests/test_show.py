"""What the terminal shows of an answer, and of its trace."""

import re
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from conftest import REPOSITORY
from llama_index.core.base.llms.types import MessageRole
from scripted import CUTTER, FERRY, cite, differing_answer, make_answer, supported

from index.errors import ArticlesError
from index.files import BadFile
from index.ledger import Recipe
from index.report import Renamed, SyncReport
from index.store import OtherIndex
from qa.answer import Answer, ArticleReference, Disagreement, Extract, Usage, Version
from qa.desk import SearchResult
from qa.show import one_line, shorten, show_answer, show_extract, show_results
from qa.show_sync import show_others, show_outcome
from qa.show_trace import MOST_ROWS, show_trace

ARTICLES = {each.id: each for each in (FERRY, CUTTER)}
ENGINE = "Its engine failed nine kilometres off Cape Dorn."


def differing() -> Answer:
    answer: Answer = differing_answer("How far off Cape Dorn was the ferry?")[-1].answer
    return answer


def lines_of(**facts: Any) -> list[str]:
    """The lines of one stage that noted `facts`, its heading and the totals left out."""
    trace = {"stages": [{"stage": "retrieve", "seconds": 0.0124, **facts}]}
    shown = list(show_trace(make_answer("Q?", trace=trace), ARTICLES))
    assert shown[:2] == ["", "retrieve      0.012 s"]
    return shown[2 : shown.index("", 1)]


def test_versions_stand_in_columns_with_outlet_date_and_number() -> None:
    shown = list(show_answer(differing()))
    first = shown.index("The articles differ: how far off Cape Dorn was the ferry")
    assert shown[first + 1 : first + 4] == [
        "    nine kilometres  The Hale Gazette, 2025-03-03 [1]",
        "    12 km            Dorn & Hale Morning Chronicle, 2025-03-04 [2]",
        "",
    ]


@pytest.mark.parametrize(
    ("others", "line"),
    [(("a",), "    Also in 1 other article."), (("a", "b"), "    Also in 2 other articles.")],
)
def test_a_source_says_how_many_others_agree(others: tuple[str, ...], line: str) -> None:
    alone = cite(FERRY, ENGINE)
    shown = list(show_answer(make_answer("Q?", supported("It failed.", alone))))
    agreed = replace(alone, corroborated_by=others)
    assert list(show_answer(make_answer("Q?", supported("It failed.", agreed)))) == [*shown, line]


def test_a_terminal_is_given_nothing_to_obey() -> None:
    assert one_line(" red\x1b[31m\r\n  and\x9b2J\tloud ") == "red [31m and 2J loud"
    assert shorten("one two three", 8) == "one two …"
    assert shorten("one two", 7) == "one two"


HOSTILE = "red\x1b[31m\x07 \x9b2J \u202edrawkcab\u202c \u2067inside\u2069\r\n\x85 \u2028end"


def hostile_lines() -> list[str]:
    """All that is shown of articles whose every text is hostile."""
    article = replace(FERRY, text=f"{HOSTILE}.", title=HOSTILE, outlet=HOSTILE)
    quote = replace(cite(article, f"{HOSTILE}."), article_path=f"a  b/{HOSTILE}.md")
    closest = (ArticleReference("id", quote.article_path, HOSTILE, HOSTILE, None),)
    differing_too = (Disagreement(HOSTILE, (Version(HOSTILE, 1),)),)
    told = make_answer("Q?", supported(HOSTILE, quote), reason=HOSTILE, closest=closest)
    told = replace(told, disagreements=differing_too, standalone_question=HOSTILE)
    found = [SearchResult("id", quote.article_path, HOSTILE, 0, 9, HOSTILE, 0.5)]
    path = quote.article_path
    report = SyncReport(
        new=(path,),
        changed=(),
        deleted=(),
        unchanged=0,
        bad=(BadFile(path, HOSTILE), BadFile(path, HOSTILE, HOSTILE)),
        passages=1,
        renamed=(Renamed(path, path),),
    )
    other = OtherIndex(Recipe(HOSTILE, "model-1", 70, 1), False, None, path)
    return [
        *show_answer(told),
        show_extract(Extract(HOSTILE, quote)),
        *show_results(found),
        *show_outcome(report),
        *show_outcome(ArticlesError(HOSTILE)),
        *show_others((other,)),
    ]


def test_no_text_from_outside_steers_the_terminal() -> None:
    lines = hostile_lines()
    steering = {each for line in lines for each in line if unicodedata.category(each) == "Cc"}
    order = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A)), "\u2028"}
    assert steering | (order & set("".join(lines))) == set()
    assert len([line for line in lines if "\ufffddrawkcab\ufffd" in line]) == len(
        [line for line in lines if "drawkcab" in line]
    )
    assert any("a  b/" in line for line in lines)


def test_places_are_shown_as_files_and_words() -> None:
    start = FERRY.text.index(ENGINE)
    passages = [
        {"article_id": "ferry", "start": start, "end": start + len(ENGINE), "score": 0.98765},
        {"article_id": "gone", "start": 0, "end": 9, "score": 0.5, "reason": "too old"},
        {"article_id": "cutter", "start": 0, "end": 9, "text": "As\nread.", "score": 0.25},
    ]
    assert lines_of(passages=passages) == [
        "  passages: 3",
        "    score  article     words                                             reason",
        f"    0.988  ferry.txt   {ENGINE}",
        "    0.500  gone                                                          too old",
        "    0.250  cutter.txt  As read.",
    ]


def test_long_lists_and_texts_are_cut_and_say_so() -> None:
    rows = [{"article_id": "ferry", "start": 0, "end": 5, "score": 0.1}] * (MOST_ROWS + 1234)
    shown = lines_of(passages=rows)
    assert len(shown) == 2 + MOST_ROWS + 1
    assert shown[-1] == "    … and 1,234 more"
    message = " ".join(lines_of(messages=[(MessageRole.USER, "word " * 400)])[1:])
    assert message.split()[:3] == ["user:", "word", "word"]
    assert message.split()[-3:] == ["…", "(2,000", "characters)"]


@pytest.mark.parametrize(
    ("fact", "written"),
    [
        (None, "-"),
        ([], "-"),
        ({}, "-"),
        ("", "-"),
        (True, "yes"),
        (False, "no"),
        (170, "170"),
        (0.5, "0.500"),
        (["Bob", "Smith"], "Bob, Smith"),
        ({"refusal": None, "named": 1.0}, "refusal -, named 1.000"),
        ("The articles\ndon't say.", "The articles don't say."),
    ],
)
def test_each_shape_of_fact_has_words(fact: object, written: str) -> None:
    assert lines_of(budget_tokens=fact) == [f"  budget tokens: {written}"]


def test_the_totals_end_a_trace() -> None:
    answer = make_answer("Q?", trace={"stages": []}, usage=Usage(1310, 28, 2))
    timings = replace(answer.timings, first_token_seconds=1.9, total_seconds=3.1)
    assert list(show_trace(replace(answer, timings=timings), {})) == [
        "",
        "in all        3.100 s",
        "  2 model calls: 1,310 tokens read, 28 written",
        "  first word after 1.900 s",
    ]


def test_the_versions_in_the_readme_stand_in_the_articles() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    example = readme.split("<!-- differing -->")[1].split("```")[1]
    rows = re.findall(r"^    (.+?)  +(.+), (\d{4}-\d\d-\d\d) \[\d\]$", example, re.MULTILINE)
    texts = [path.read_text(encoding="utf-8") for path in (REPOSITORY / "articles").glob("*.md")]
    assert len(rows) == 3
    for value, outlet, day in rows:
        assert any(
            value in text and f"outlet: {outlet}\n" in text and f"published: {day}\n" in text
            for text in texts
        ), value
