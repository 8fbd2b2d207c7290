"""Boilerplate: which lines are marked, which near misses aren't, and that nothing is changed."""

import hashlib
import json
from collections.abc import Iterator

import pytest
from conftest import REPOSITORY, SHARED
from hypothesis import given
from hypothesis import strategies as st

from index.articles import Article, read_article
from index.clean import mark_boilerplate
from index.passages import build_passages


def read_noise(table: str) -> Iterator[tuple[str, str]]:
    """Each line with its reason, which stands in lower case above its lines."""
    reasons = {span.strip() for span in REASONS.split("|")}
    reason = ""
    for line in table.strip("\n").splitlines():
        if line in reasons:
            reason = line
        else:
            yield line, reason


REASONS = (
    "teaser|newsletter|comment form|share form|source link|advertisement|cookie notice"
    "|photo caption|photo credit|copyright|publication line|audio|reading time|navigation|byline"
)
NOISE = list(
    read_noise("""
teaser
See also: Ten walks along the coast
See also\u00a0 Ten walks along the coast
See also  Ten walks along the coast
See also Ten walks along the coast
SEE ALSO
Also Read: Council raises the fee
ALSO READ | Council raises the fee
Also read – Council raises the fee
Also read Council raises the fee
Read also: Council raises the fee
Read more: Council raises the fee.
Read more: Who raised the fee?
Read more
READ NEXT: Council raises the fee
Lire aussi : Le port est fermé
اقرأ أيضاً: الميناء مغلق
Related: Council raises the fee
RELATED :
Related
Related articles
Related Stories:
More on this story
Most Read
Recommended for you
You may also like
Editor’s Picks
Watch: The ferry is towed back
VIDEO: The ferry is towed back
MORE: Council raises the fee
Don't miss: ten walks along the coast
Continue reading…
Read the full story »
Next article
newsletter
Unlock the weekly letter for free
Sign up for our daily newsletter
Sign up to the morning newsletter here.
Subscribe to get the latest posts sent to your email.
Subscribe to our channel
Subscribe to the morning newsletter
Subscribe now
Log in
Subscribe to the Gazette for morning alerts.
Get the day’s news delivered to your inbox every morning.
Discover more from The Hale Gazette | Port News
Already a subscriber? Log in
Enter your email address
Join our WhatsApp channel for the latest from the port.
By signing up, you agree to our Terms of Service.
This article is for subscribers only.
You can unsubscribe at any time.
Thank you for subscribing!
Start your free trial today
Support our journalism from 1 pound a month
Download our app from the usual stores.
comment form
Leave a Reply
Leave a comment \u0020
Leave a Reply Cancel reply
Post a comment
Your email address will not be published. Required fields are marked *
Required fields are marked *
Save my name, email, and website in this browser for the next time I comment.
Notify me of new posts by email.
Comments
12 Comments
View all comments (12)
Comments are closed.
Be the first to comment!
Join the conversation
Name *
share form
Share this article
Share on Facebook
Share
Tweet
Facebook Twitter WhatsApp
Share: Facebook | X | Email
Click to share on Twitter (Opens in new window)
Like this: Loading...
Follow us on Twitter and Instagram.
Follow The Hale Gazette on WhatsApp
Follow @halegazette
If you liked this article, tell a friend
source link
\u0020 \tSource link
Source: https://example.com/a
Source: Hale News Agency
advertisement
Advertisement
ADVERTISEMENT
- Advertisement -
ADVERTISEMENT - CONTINUE READING BELOW
Article continues after this advertisement
Sponsored Content
إعلان
cookie notice
We use cookies to improve your experience on our website.
This website uses cookies to show you content that fits.
By continuing to browse the site you agree to our use of cookies.
Accept all cookies
Cookie settings
photo caption
FILE PHOTO: The ferry Aurelia in Port Hale, March 3, 2025. REUTERS/Jo Hale
FILE - The ferry Aurelia lies in Port Hale, Monday, March 3, 2025.
Photo: Jo Hale
Image: The ferry in Port Hale. Pic: AP
Photo credit: Jo Hale
Image source, Getty Images
Photo by Jo Hale for the Gazette
A drone view shows the ferry in Port Hale, after its engine failed at sea.
An aerial view of Port Hale
This handout picture shows the ferry in Port Hale.
In this photo released by the harbour office, the ferry lies in Port Hale.
The ferry lies in Port Hale on Monday [Jo Hale/AFP]
The ferry lies in Port Hale on Monday [Getty Images]
The ferry lies in Port Hale, Monday, March 3, 2025. (AP Photo/Jo Hale)
The ferry in Port Hale. Photograph: Jo Hale/AFP/Getty Images
The ferry in Port Hale, March 3, 2025. REUTERS/Jo Hale Purchase Licensing Rights, opens new tab
The ferry in Port Hale (Photo: Jo Hale)
photo credit
Getty Images
[Getty Images]
(Jo Hale/AP Photo)
REUTERS/Jo Hale
Harbour Office/Handout via REUTERS
AFP via Getty Images
Jo Hale/Anadolu via Getty Images
(Photo: Jo Hale)
[Image courtesy of the harbour office]
copyright
© 2025 The Hale Gazette
Copyright 2025 The Hale Gazette. All rights reserved.
All rights reserved.
This material may not be published, broadcast, rewritten or redistributed.
publication line
This article was first published in The Hale Gazette on March 3, 2025.
This story originally appeared on the Hale Gazette.
Originally published by the Hale Gazette.
The post Ferry towed back appeared first on The Hale Gazette.
Published: 3 March 2025, 10:15 am GMT
Last updated 3 hours ago
Published On 3 Mar 2025
audio
Listen to this article
Listen to this article (4 minutes)
Listen · 4 min
Your browser does not support the audio element.
reading time
5 min read
Reading time: 5 minutes
2 minutes read
navigation
Skip to main content
Back to top
Tags: ferry, Port Hale
Filed under: Ports
Click here to read the whole report
Got a tip? Write to the desk.
byline
By Jo Hale
By Jo Hale and Ann Dorn
(Reporting by Jo Hale; Editing by Ann Dorn)
Reporting by Jo Hale; Additional reporting by Ann Dorn; Editing by Al Ferris
Additional reporting by Ann Dorn in Port Hale.
Edited by Ann Dorn
""")
)
# Sentences of the reporting, and headings, that begin as boilerplate does.
REPORTING = """
Related prosecutions followed in May.
Related prosecutions followed in May
Relatedly, the fee rose.
See also the report of the harbour office, which counted 212 passengers.
“See also the logbook,” he said.
Also read aloud was the captain’s letter.
Also read by the court: the captain’s letter.
Read more books, minister tells schools
Read more than once, the letter was clear.
Readers also sent money.
The report says: see also: appendix B.
More on the ferry will be known on Monday.
More stories were told of the ferry than of the port.
Most read the letter twice.
Recommended by three surgeons, the valve was withdrawn.
Trending downwards, the fee fell.
Watch the harbour, the captain told his crew.
Watch: the crew does it every night.
Continue reading the law and you find the answer, she said.
He was told to leave a reply
Leave a reply unanswered and nobody trusts you, she said.
Comments by the mayor were struck from the record.
Comments are closed to nobody, the mayor said.
Unlock the gates for free movement, the crowd shouted.
Subscribe to the theory or not, the numbers stand.
Sign up for the cutter’s crew closed on Monday.
Sign up to our newsletter, the minister told the voters.
Get the vaccine to your inbox of worries, the doctor joked, he said.
Get the latest vaccine, ministers urge.
Join our fight, the rebels wrote to the crews.
By signing up for the army, recruits get a house.
By continuing to fire, the rebels broke the truce.
Support our troops, the mayor said.
Download speeds fell by half.
Discover more from the sea, the captain told his crew.
Your email address is for sale, police warned.
Share this story with nobody, the mayor wrote. It leaked.
Share prices fell by 4 percent.
Share on share, the fund lost.
Facebook and Twitter were blocked.
Facebook said on Friday that it had removed the page.
Follow the money, the judge said.
Follow us on Facebook, the rebels told residents.
Like us, on Facebook they argued for hours.
Advertisement revenue fell by 4 percent.
Ads were bought by both sides.
Source links the mayor to the fee
The source link
Sources: the mayor knew
Source: the Nile rises in the lake.
We use cookies to lure the mice, the biologist said.
We use cookies as a bait for mice.
Cookie policy was debated for an hour.
Photo editors resigned on Friday.
Photos by the inspector show the crack.
Photographs by Jo Hale show the crack in the hull.
Image is everything, the mayor said.
Pictured beside him was the mayor.
Filed under oath, the letter counts.
FILES were burnt before the trial.
A drone view shows that the runway is destroyed.
A drone view of the damage convinced the insurers.
An aerial view shows the dam. The gates stand open.
A general view shows the square empty, the mayor said.
In this picture of decline, the port is no exception.
This photo cost him the office.
This file contains 212 names.
HOMS, Syria (Reuters) - The ferry left.
Most approve of him (Reuters/Ipsos).
The mayor told the agency (Reuters).
It left at six (photo above).
The ferry (Photo: Jo Hale) left at six.
Getty Images sued the company.
Reuters reported that the ferry had left.
AP journalists saw the ferry leave.
Copyright law changed in May.
Copyright 2025 rules are stricter.
The crew reserved all rights in the matter.
The post of harbour master appeared first on the list.
The post was vacant.
Published in 1921, the book told of the ferry.
First published in Paris, the novel sold three million copies.
This article was first published in 1921 and made him famous.
This article of the constitution was first amended in 1921.
This report was published on Friday.
Updated rules cost 5 percent more
Updated on Friday, the list has 212 names.
Published 12 books in 3 years
Listen to this story, he told the court.
Listen to the captain and you hear another story.
5 minutes later the ferry left.
5 min of silence
Reading time and again of storms, they stayed.
Skip to the end and he dies.
Back to top form, the team won.
Topics: nobody wanted to discuss the fee.
Click here, the fraudsters told their victims.
Got a tip from a neighbour, police searched the barge.
By Friday the ferry was back
By Jo Hale’s account the engine failed.
By Sea and Land
By the numbers
Reporting by Reuters showed that twelve had died.
Reporting by the Gazette led to the trial.
Edited by two hands, the letter was clear.
Our standards fell, he said.
Already a subscription costs ten pounds.
Name the ship, the crowd shouted.
Loading took six hours.
Print this, the mayor wrote, and we sue.
""".strip().splitlines()


def marked(text: str, **article: str) -> list[tuple[str, str]]:
    return [
        (text[span.start : span.end], span.reason) for span in mark_boilerplate(text, **article)
    ]


@pytest.mark.parametrize(("line", "reason"), NOISE)
def test_marks(line: str, reason: str) -> None:
    text = f"The ferry left.\n{line}\r\nIt came back."
    assert marked(text) == [(line, reason)]


@pytest.mark.parametrize("line", REPORTING)
def test_near_misses_stay(line: str) -> None:
    assert list(mark_boilerplate(f"The ferry left.\n{line}\nIt came back.")) == []


def test_what_stands_before_the_start_is_not_looked_at() -> None:
    text = "Source link\nSource link\n"
    second = len("Source link\n")
    spans = list(mark_boilerplate(text, second))
    assert [(span.start, span.end) for span in spans] == [(second, second + len("Source link"))]


@pytest.mark.parametrize(
    ("lines", "titles"),
    [
        ("See also||Ferry towed back||The ferry left.", ["Ferry towed back"]),
        ("See also|Ferry towed back|Fee raised|The ferry left.", ["Ferry towed back"]),
        ("Also read:|Who raised the fee?|The ferry left.", ["Who raised the fee?"]),
        ("Related articles|Ferry towed back||Fee raised|The ferry left.|Why",
         ["Ferry towed back", "Fee raised"]),
        ("Most read|1|2|3|4|5|6", ["1", "2", "3", "4", "5"]),
        ("See also|The ferry left.|Heading", []),
        ("See also|He said:|Heading", []),
        ("See also|" + "word " * 21 + "|Heading", []),
        ("See also: Fee raised|Heading", []),
        ("See also|Comments|Heading", ["Comments"]),
    ],
)  # fmt: skip
def test_titles_after_a_line_that_announces_them(lines: str, titles: list[str]) -> None:
    text = lines.replace("|", "\n")
    assert [line for line, _ in marked(text)][1:] == titles


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("It left. It came back. (Photo: Jo Hale)", ["(Photo: Jo Hale)"]),
        ("It left. (Photo: Jo Hale)", ["(Photo: Jo Hale)"]),
        ("It left. [Getty Images]", ["[Getty Images]"]),
        ("It left. It came back. [Jo Hale/AFP]", ["[Jo Hale/AFP]"]),
        ("It left. It came back. REUTERS/Jo Hale", ["REUTERS/Jo Hale"]),
        ("(Image: Jo Hale) The ferry left.", ["(Image: Jo Hale)"]),
        ("It left. [Image: Jo Hale] It came back.", ["[Image: Jo Hale]"]),
        ("It left. [Jo Hale/AFP] It came (Photo: AP) back. It lies there.", ["[Jo Hale/AFP]"]),
    ],
)
def test_of_a_line_with_a_credit_the_sentences_stay(line: str, parts: list[str]) -> None:
    assert marked(f"The ferry left.\n{line}\n") == [(part, "photo credit") for part in parts]


@pytest.mark.parametrize(
    ("line", "is_marked"),
    [
        ("Jo Hale", True),
        ("By Jo Hale", True),
        ("BY JO HALE", True),
        ("Jo Hale, for The Gazette", True),
        ("Jo Hale is a reporter for The Gazette.", True),
        ("Jo Hale is The Gazette’s senior correspondent", True),
        ("The Gazette", True),
        ("By The Gazette staff", True),
        ("More from The Gazette", True),
        ("By Ann Dorn", False),  # not at the head of the article
        ("Jo Hale left.", False),
        ("Jo Hale is a fisherman.", False),
        ("Jo Hale is a reporter, and she was on board.", False),
        ("The Gazette reported it first.", False),
    ],
)
def test_lines_of_author_and_outlet(line: str, is_marked: bool) -> None:
    text = "The ferry left.\n" * 5 + line
    expected = [(line, "byline")] if is_marked else []
    assert marked(text, author="Jo Hale", outlet="The Gazette") == expected


@given(
    st.lists(
        st.sampled_from([line for line, _ in NOISE] + REPORTING)
        | st.text(max_size=20)
        | st.text("()[]/:. ABab", max_size=30),
        max_size=12,
    ),
    st.sampled_from(["\n", "\r\n", "\n\n", "\r"]),
)
def test_spans_are_in_order_and_within_lines(lines: list[str], newline: str) -> None:
    text = newline.join(lines)
    end = 0
    for span in mark_boilerplate(text):
        assert end <= span.start < span.end
        end = span.end
        assert not set(text[span.start : span.end]) & set("\r\n")


@pytest.mark.parametrize("part", ["A ", "A/", "1 ", "[A/", "Photo: ", "(", "Facebook ", "May 5 "])
def test_long_lines_are_read_once(part: str) -> None:
    assert list(mark_boilerplate("Published: " + part * 100_000 + "left.")) == []


# The five articles' noise and the sentences of their reporting, read by eye: as start, end and
# SHA-256 of the text (and reason), for their text isn't ours.
SHARED_TEXTS = json.loads((REPOSITORY / "tests/golden/shared_articles.json").read_text("utf-8"))


@pytest.mark.skipif(not (SHARED / "articles").is_dir(), reason="no shared articles here")
@pytest.mark.parametrize("name", SHARED_TEXTS)
def test_of_a_shared_article_exactly_the_noise_is_left_out(name: str) -> None:
    article = read_article(SHARED / "articles", name)
    assert isinstance(article, Article)
    text = article.text

    def row(start: int, end: int, *more: str) -> list[int | str]:
        return [start, end, hashlib.sha256(text[start:end].encode()).hexdigest(), *more]

    noise = [row(span.start, span.end, span.reason) for span in mark_boilerplate(text)]
    passages = build_passages(article, words=70)
    reporting = [row(*span) for passage in passages for span in passage.sentences]
    assert {"noise": noise, "reporting": reporting} == SHARED_TEXTS[name]
    left = list(text)
    for start, end, *_ in SHARED_TEXTS[name]["noise"] + SHARED_TEXTS[name]["reporting"]:
        left[start:end] = " " * (end - start)
    assert not "".join(left).strip()
