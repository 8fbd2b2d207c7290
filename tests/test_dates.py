"""Dates: what the words of a news text mean, and which are left out."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.dates import find_dates

SATURDAY = date(2024, 12, 7)
FRIDAY = SATURDAY - timedelta(1)


def days_of(text: str, published: date | None = SATURDAY) -> dict[str, str]:
    """What is marked, with its first day, and its last where that is another."""
    return {
        text[each.start : each.end]: f"{each.first} {each.last}".replace(f"{each.first} " * 2, "")
        if each.first != each.last
        else str(each.first)
        for each in find_dates(text, published)
    }


@pytest.mark.parametrize(
    ("text", "days"),
    [
        # the last one up to the day of publication
        ("The ferry left on Friday.", {"Friday": "2024-12-06"}),
        ("The ferry left on Saturday.", {"Saturday": "2024-12-07"}),
        ("The ferry left on Sunday.", {"Sunday": "2024-12-01"}),
        ("The mayor said late Friday that it left.", {"Friday": "2024-12-06"}),
        ("Thousands left on Thursday night.", {"Thursday night": "2024-12-05"}),
        ("Friday's storm sank it.", {"Friday": "2024-12-06"}),
        ("Ferry towed back on Monday", {"Monday": "2024-12-02"}),
        ("The crew that left on Friday will return.", {"Friday": "2024-12-06"}),
        ("It will sail again, the mayor said on Friday.", {"Friday": "2024-12-06"}),
        ("The United Nations on Friday called a meeting.", {"Friday": "2024-12-06"}),
        # the next one
        ("The council will meet on Friday.", {"Friday": "2024-12-13"}),
        ("The council will meet on Saturday.", {"Saturday": "2024-12-07"}),
        ("The mayor said they would meet on Monday.", {"Monday": "2024-12-09"}),
        ("The council is due to meet on Monday.", {"Monday": "2024-12-09"}),
        ("On Monday, the council will meet.", {"Monday": "2024-12-09"}),
        ("Monday's meeting is expected to be short.", {"Monday": "2024-12-09"}),
        ("They must leave by Monday.", {"Monday": "2024-12-09"}),
        # with a word that tells
        ("It left last Friday.", {"last Friday": "2024-12-06"}),
        ("It left last Saturday.", {"last Saturday": "2024-11-30"}),
        ("It left this past Saturday.", {"this past Saturday": "2024-11-30"}),
        ("It leaves next Friday.", {"next Friday": "2024-12-13"}),
        ("It leaves next Saturday.", {"next Saturday": "2024-12-14"}),
        ("It leaves this coming Monday.", {"this coming Monday": "2024-12-09"}),
        ("It leaves this Monday.", {"this Monday": "2024-12-09"}),
        ("It was sunk this Monday.", {"this Monday": "2024-12-02"}),
        ("It left on Friday last week.", {"Friday last week": "2024-11-29"}),
        ("It leaves on Friday next week.", {"Friday next week": "2024-12-13"}),
        # no day, or unsure
        ("It sails on Fridays and every Monday.", {}),
        ("Black Friday, Good Friday and Bloody Sunday.", {}),
        ("Friday prayers were held.", {}),
        ("He told the Sunday Times.", {}),
        ("It left the following Friday and that Monday a Sunday came.", {}),
        ("They were to meet on Friday.", {}),
        ("They were expected to meet on Friday.", {}),
        ("They will meet the crew that sailed on Friday.", {}),
        ("It lasted until Friday.", {}),
        ("In 2011 it sank on a Friday, and on Monday it was raised.", {}),
        ("“We left on Friday,” he said.", {}),
        # near days
        ("It left yesterday and returns tomorrow.",
         {"yesterday": "2024-12-06", "tomorrow": "2024-12-08"}),
        ("It left today. It came back tonight.",
         {"today": "2024-12-07", "tonight": "2024-12-07"}),
        ("It left last night.", {"last night": "2024-12-06"}),
        ("It left this morning.", {"this morning": "2024-12-07"}),
        ("Yesterday's storm sank it.", {"Yesterday": "2024-12-06"}),
        ("It left the day before yesterday.", {"the day before yesterday": "2024-12-05"}),
        ("It leaves the day after tomorrow.", {"the day after tomorrow": "2024-12-09"}),
        ("“We leave tomorrow,” he said.", {}),
        ('"We leave tomorrow," he said on Friday.', {"Friday": "2024-12-06"}),
        ("He told USA Today so.", {}),
        # ago
        ("It left two days ago.", {"two days ago": "2024-12-05"}),
        ("It left 11 days ago.", {"11 days ago": "2024-11-26"}),
        ("It left a week ago.", {"a week ago": "2024-11-27 2024-12-03"}),
        ("It left three months ago.", {"three months ago": "2024-09-01 2024-09-30"}),
        ("It left twelve months ago.", {"twelve months ago": "2023-12-01 2023-12-31"}),
        ("It left 13 years ago.", {"13 years ago": "2011-01-01 2011-12-31"}),
        ("It left more than two years ago and about a week ago.", {}),
        ("It left two days later, after three weeks.", {}),
        ("It left 9999 years ago, 999 years ago.", {"999 years ago": "1025-01-01 1025-12-31"}),
        # periods
        ("It sank last week.", {"last week": "2024-11-25 2024-12-01"}),
        ("It sails this week.", {"this week": "2024-12-02 2024-12-08"}),
        ("It sank earlier this week.", {"earlier this week": "2024-12-02 2024-12-07"}),
        ("It sails later this week.", {"later this week": "2024-12-07 2024-12-08"}),
        ("It sails next week.", {"next week": "2024-12-09 2024-12-15"}),
        ("It sank last month.", {"last month": "2024-11-01 2024-11-30"}),
        ("It sails next month.", {"next month": "2025-01-01 2025-01-31"}),
        ("It sank last year.", {"last year": "2023-01-01 2023-12-31"}),
        ("It sank earlier this year.", {"earlier this year": "2024-01-01 2024-12-07"}),
        ("It sank last weekend.", {"last weekend": "2024-11-30 2024-12-01"}),
        ("It sank over the weekend.", {"over the weekend": "2024-12-07 2024-12-08"}),
        ("It sails next weekend.", {"next weekend": "2024-12-14 2024-12-15"}),
        ("It sailed in the past week.", {"the past week": "2024-11-30 2024-12-07"}),
        ("It sailed over the last ten days.", {"the last ten days": "2024-11-27 2024-12-07"}),
        ("In the last week of May and last week of the war.", {}),
        # days and months without a year
        ("Since November 27 it sails.", {"November 27": "2024-11-27"}),
        ("It sank on Dec. 5.", {"Dec. 5": "2024-12-05"}),
        ("It sank on 5 December.", {"5 December": "2024-12-05"}),
        ("It sank on Thursday, Dec. 5, at sea.", {"Thursday, Dec. 5": "2024-12-05"}),
        ("It sank on the 5th of December.", {"5th of December": "2024-12-05"}),
        ("It sailed Nov. 5-7.", {"Nov. 5-7": "2024-11-05 2024-11-07"}),
        ("He takes office on Jan. 20.", {"Jan. 20": "2025-01-20"}),
        ("He will be tried on June 3.", {"June 3": "2025-06-03"}),
        ("He was tried on June 10.", {"June 10": "2024-06-10"}),
        ("The Oct. 7 attack and the Dec. 5 meeting.", {}),
        ("On 31 June and Feb. 30.", {}),
        ("It sank in late November.", {"late November": "2024-11-01 2024-11-30"}),
        ("It sank in March.", {"March": "2024-03-01 2024-03-31"}),
        ("It will sail in March.", {"March": "2025-03-01 2025-03-31"}),
        ("It sank last December.", {"last December": "2023-12-01 2023-12-31"}),
        ("In May 2020 he said it may sail, in March 3 percent.",
         {"May 2020": "2020-05-01 2020-05-31"}),
        ("March on, May said. It may march.", {}),
        # full dates
        ("It sank on 2024-12-05.", {"2024-12-05": "2024-12-05"}),
        ("It sank on December 5, 2023.", {"December 5, 2023": "2023-12-05"}),
        ("It sank on Friday, 5 January 2024, at sea.", {"Friday, 5 January 2024": "2024-01-05"}),
        ("The war of October 2023.", {"October 2023": "2023-10-01 2023-10-31"}),
    ],
)  # fmt: skip
def test_what_the_words_of_a_saturday_mean(text: str, days: dict[str, str]) -> None:
    assert days_of(text) == days


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("It left on Friday.", {"Friday": "2024-12-06"}),
        ("It left last Friday.", {"last Friday": "2024-11-29"}),
        ("Last weekend, rebels left.", {"Last weekend": "2024-11-30 2024-12-01"}),
        ("It sank over the weekend.", {"over the weekend": "2024-11-30 2024-12-01"}),
        ("It will sail over the weekend.", {"over the weekend": "2024-12-07 2024-12-08"}),
        ("It sails this weekend.", {"this weekend": "2024-12-07 2024-12-08"}),
        ("It was sunk this weekend.", {"this weekend": "2024-11-30 2024-12-01"}),
    ],
)
def test_what_the_words_of_a_friday_mean(text: str, days: dict[str, str]) -> None:
    assert days_of(text, FRIDAY) == days


def test_without_a_day_of_publication_only_full_dates_are_understood() -> None:
    text = "It left on Friday, Dec. 5, two days ago, last week, in May, on 5 May 2024 and today."
    assert days_of(text, None) == {"5 May 2024": "2024-05-05"}


def test_what_stands_before_the_start_is_left_out() -> None:
    text = "date: 2024-12-07\nIt left yesterday."
    assert [each.start for each in find_dates(text, SATURDAY, 17)] == [text.index("yesterday")]


PARTS = st.sampled_from(
    [*"“”.\n5", "last", "next", "this", "on", "Friday", "Monday", "night", "the", "week", "weekend"]
    + ["two", "999", "days", "years", "ago", "Dec.", "31", "February", "2024", "will", "left", "of"]
    + ["said", "earlier", "past", "in", "until", "tomorrow", "2024-99-99"]
)


@given(
    st.lists(PARTS | st.text(max_size=4), max_size=25).map(" ".join),
    st.dates() | st.none(),
    st.integers(0, 20),
)
def test_mentions_are_in_order_and_in_the_text(
    text: str, published: date | None, start: int
) -> None:
    end = start
    for each in find_dates(text, published, start):
        assert end <= each.start < each.end <= len(text)
        assert each.first <= each.last
        end = each.end
