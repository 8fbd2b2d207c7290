"""Pages as news sites make them: the article's text, what is said of it, and what can go wrong."""

import io
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import FormatError
from index.formats.base import Extracted
from index.formats.html import MOST_TAG_CHARACTERS, MOST_TAGS, Html

LEAD = (
    "The ferry Aurelia left Port Hale at 06:40 on Monday with 212 passengers, the Hale Harbour "
    "Office (HHO) said. Its engine failed nine kilometres off Cape Dorn."
)
SECOND = "Captain Jon Ferris said that nobody was hurt. He thanked the crew of the cutter Merel."
QUOTE = "“We heard a bang and then nothing,” said Mara Lind, a passenger. “The crew were calm.”"
SHORT = "No trains were affected."
PARAGRAPHS = (LEAD, SECOND, QUOTE, SHORT)
BODY = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)


def page(head: str = "", body: str = f"<article>{BODY}</article>", html: str = "") -> str:
    return f"<!DOCTYPE html><html {html}><head>{head}</head><body>{body}</body></html>"


def linked(data: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def read(source: str | bytes) -> Extracted:
    raw = source.encode() if isinstance(source, str) else source
    (article,) = Html().extract(io.BytesIO(raw))
    return article


def reason(source: str | bytes) -> str:
    with pytest.raises(FormatError) as caught:
        read(source)
    return str(caught.value)


BLOG = page(
    body=f"""<header><nav><ul><li><a href="/">Home</a></li><li><a href="/s">Sport</a></li></ul>
    </nav></header><main><article><h1>Ferry towed home</h1><div class="entry-content">
    <figure><img src="a.jpg"><figcaption>The Aurelia. (Photo: Gazette)</figcaption></figure>{BODY}
    <ul><li>Engine one: failed</li></ul></div></article>
    <div id="comments"><ol class="comment-list"><li><p>Never again, it was awful on board.</p></li>
    </ol></div></main><aside><h3>Most read</h3><a href="/c">Council raises the fee</a></aside>
    <footer>© 2025 The Hale Gazette</footer>"""
)
BLOCKS = page(
    body='<div id="root"><div class="css-1"><h1>Ferry towed home</h1>'
    + "".join(f'<div class="css-9"><div>{paragraph}</div></div>' for paragraph in PARAGRAPHS)
    + "</div></div>"
)
SECTION = page(
    body='<main><section name="articleBody">'
    + "".join(f"<div class=column><p class=css-7>{paragraph}</p></div>" for paragraph in PARAGRAPHS)
    + "</section></main>"
)
BREAKS = page(body="<h1>Ferry</h1><div>" + "<br><br>".join(PARAGRAPHS) + "</div>")
LAYOUT_TABLE = page(
    body="<table><tr><td><a href=1>Home</a><br><a href=2>News</a></td><td>"
    + "<br><br>\n".join(PARAGRAPHS)
    + "</td></tr></table>"
)


@pytest.mark.parametrize("source", [BLOG, BLOCKS, SECTION, BREAKS, LAYOUT_TABLE])
def test_every_paragraph_stands_on_a_line_of_its_own(source: str) -> None:
    blocks = read(source).text.split("\n\n")
    assert [block for block in blocks if block in PARAGRAPHS] == list(PARAGRAPHS)


def test_what_is_not_the_article_is_left_out() -> None:
    text = read(BLOG).text
    unwanted = ("Sport", "Never again", "Council raises", "Most read", "©")
    assert [part for part in unwanted if part in text] == []


def test_tables_of_figures_stay_tables() -> None:
    table = (
        "<table><tr><th>Day</th><th>Delay</th></tr><tr><td>3 March</td><td>6 h</td></tr></table>"
    )
    text = read(page(body=f"<article>{BODY}{table}{BODY}</article>")).text
    assert "Day | Delay\n\n3 March | 6 h" in text
    assert "---" not in text


ARTICLE = {
    "@context": "https://schema.org",
    "@type": "NewsArticle",
    "headline": "Ferry &amp; cutter",
    "datePublished": "2025-03-03T23:30:00-05:00",
    "dateModified": "2025-03-09",
    "author": [{"@type": "Person", "name": "Ida Brook"}, {"@type": "Person", "name": "Tom On"}],
    "publisher": {"@type": "Organization", "name": "Coast Wire"},
    "mainEntityOfPage": {"@type": "WebPage", "@id": "https://wire.example/a/1"},
    "inLanguage": "en-GB",
}
SAID = {
    "title": "Ferry & cutter",
    "outlet": "Coast Wire",
    "author": "Ida Brook, Tom On",
    "published": date(2025, 3, 3),  # the day where it was published, not the day in UTC
    "url": "https://wire.example/a/1",
    "language": "en",
}
GRAPH = {
    "@context": "https://schema.org",
    "@graph": [
        {"@type": "Organization", "@id": "#us", "name": "Coast Wire"},
        {"@type": "Person", "@id": "#ida", "name": "Ida Brook"},
        {**ARTICLE, "publisher": {"@id": "#us"}, "author": [{"@id": "#ida"}, {"name": "Tom On"}]},
    ],
}
WITHIN_PAGE = {"@type": ["WebPage"], "name": "No", "mainEntity": ARTICLE}
OTHER = {**ARTICLE, "headline": "Other", "mainEntityOfPage": "https://wire.example/a/2"}


@pytest.mark.parametrize(
    "script",
    [
        linked(ARTICLE),
        linked([{"@type": "BreadcrumbList"}, ARTICLE]),
        linked(GRAPH),
        linked(WITHIN_PAGE),
        linked({**ARTICLE, "@type": ["ReportageNewsArticle", "Thing"]}),
        linked({**ARTICLE, "author": ["Ida Brook", "Tom On"], "publisher": ["Coast Wire"]}),
        linked({**ARTICLE, "author": {"name": ["Ida Brook", "Tom On"]}}),
        linked({"@type": "WebSite", "name": "No"}) + linked(ARTICLE),
        linked(ARTICLE).replace("}</script>", ",}</script>"),
        linked(ARTICLE).replace(">{", ">//<![CDATA[\n{").replace("}</", "}\n//]]></"),
        linked(ARTICLE).replace(">{", "><!--\n{").replace("}</", "};\n--></"),
        linked(ARTICLE).replace("&amp;", "&amp;\n"),
        linked([OTHER, ARTICLE]) + '<link rel="canonical" href="https://wire.example/a/1">',
        "<script type='application/ld+json'>{broken</script>" + linked(ARTICLE),
        f"<script type='application/ld+json'>{'[' * 100_000}</script>" + linked(ARTICLE),
    ],
)
def test_linked_data(script: str) -> None:
    assert facts(page(script)) == SAID


def facts(source: str) -> dict[str, Any]:
    found = read(source)
    return {name: getattr(found, name) for name in SAID}


OPEN_GRAPH = """<meta property="og:title" content="Ferry towed home | The Hale Gazette">
<meta property="og:site_name" content="The Hale Gazette">
<meta property="article:published_time" content="2025-03-03T18:20:00Z">
<meta property="article:author" content="https://social.example/ida">
<meta name="author" content="By Ida Brook"><meta property="og:url" content="https://hale.example/f">
<meta property="og:locale" content="en_GB"><title>no</title>"""
META_TAGS = """<meta name="DC.title" content="Ferry towed home"><meta name="dc.creator"
content="Ida Brook"><meta name="DC.date.issued" content="2025-03-03"><meta name="dc.publisher"
content="The Hale Gazette"><link rel=canonical href="/f"><meta http-equiv="Content-Language"
content="en"><meta name="twitter:url" content="https://hale.example/x">"""


@pytest.mark.parametrize("head", [OPEN_GRAPH, META_TAGS])
def test_open_graph_and_meta_tags(head: str) -> None:
    assert facts(page(head)) == {
        "title": "Ferry towed home",
        "outlet": "The Hale Gazette",
        "author": "Ida Brook",
        "published": date(2025, 3, 3),
        "url": "https://hale.example/f",
        "language": "en",
    }


@pytest.mark.parametrize(
    ("name", "head", "body", "said"),
    [
        ("title", "<title>Ferry towed home</title>", BODY, "Ferry towed home"),
        (
            "title",
            "<title>no</title>",
            f"<h1>Ferry <b>towed</b> home</h1>{BODY}",
            "Ferry towed home",
        ),
        ("title", "", BODY, None),
        ("title", f"{linked(ARTICLE)}<title>no</title>", "<h1>no</h1>" + BODY, "Ferry & cutter"),
        (
            "outlet",
            '<link rel="canonical" href="https://www.hale.example/f">',
            BODY,
            "hale.example",
        ),
        (
            "outlet",
            f'<meta property="og:site_name" content="wire.example">{linked(ARTICLE)}',
            BODY,
            "Coast Wire",
        ),
        ("outlet", '<link rel="canonical" href="http://[broken">', BODY, None),
        ("published", "", f"<p>3 March 2025</p>{BODY}", None),
        ("published", '<meta name="last-modified" content="2025-03-03">', BODY, None),
        ("published", '<meta name="pubdate" content="1970-01-01T00:00:00Z">', BODY, None),
        (
            "published",
            '<meta name="pubdate" content="soon"><meta name="date" content="2025-03-03">',
            BODY,
            date(2025, 3, 3),
        ),
        ("published", "", f'<time datetime="2025-03-03">Monday</time>{BODY}', None),
        (
            "published",
            "",
            f'<time itemprop="datePublished" datetime="2025-03-03">x</time>{BODY}',
            date(2025, 3, 3),
        ),
        (
            "published",
            "",
            f'<time class="entry-date published" datetime="2025-03-03T08:00">x</time>{BODY}',
            date(2025, 3, 3),
        ),
        ("url", '<link rel="canonical" href="javascript:alert(1)">', BODY, None),
        (
            "url",
            "<!-- saved from url=(0022)https://hale.example/f -->",
            BODY,
            "https://hale.example/f",
        ),
        (
            "url",
            "<!--\n Page saved with an extension\n url: https://hale.example/f \n-->",
            BODY,
            "https://hale.example/f",
        ),
        ("author", linked({**ARTICLE, "author": {"@id": "#nobody"}}), BODY, None),
        ("author", '<meta name="author" content="@hale">', BODY, None),
    ],
)
def test_facts_one_by_one(name: str, head: str, body: str, said: object) -> None:
    assert facts(page(head, body=f"<article>{body}</article>"))[name] == said


def test_language_of_the_page() -> None:
    assert read(page(html='lang="pt-BR"')).language == "pt"


GREEK = "Το πλοίο επέστρεψε στο λιμάνι το μεσημέρι της Δευτέρας, είπε το λιμεναρχείο."
CYRILLIC = (
    "Паром вернулся в порт в понедельник днём, сообщила портовая служба города. "
    "Никто не пострадал, сказал капитан, и поблагодарил экипаж катера за помощь."
)
FRENCH = "Le traversier a été remorqué à Port-Hâle dès l’après-midi, a déclaré l’armée à la presse."


@pytest.mark.parametrize(
    ("text", "encoding", "head"),
    [
        (GREEK, "utf-8", ""),
        (GREEK, "utf-8", '<meta charset="iso-8859-1">'),  # browsers save as UTF-8 whatever it says
        (GREEK, "utf-8-sig", ""),
        (GREEK, "utf-16", ""),
        (GREEK, "iso-8859-7", '<meta charset="ISO-8859-7">'),
        (
            CYRILLIC,
            "cp1251",
            '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">',
        ),
        (CYRILLIC, "koi8-r", '<meta charset="koi8-r">'),
        (CYRILLIC, "cp1251", ""),
        (CYRILLIC, "cp1251", '<meta charset="no-such-encoding">'),
        (FRENCH, "cp1252", '<meta charset="latin1">'),  # which browsers take for Windows-1252
        (
            "港口办公室周一表示，渡轮已返回海尔港，无人受伤。" * 3,
            "gb18030",
            '<meta charset="gb2312">',
        ),
    ],
)
def test_encodings(text: str, encoding: str, head: str) -> None:
    source = page(head, body=f"<article><p>{text}</p><p>{text}!</p></article>")
    assert text in read(source.encode(encoding)).text


def test_a_broken_byte_is_replaced_and_the_rest_read() -> None:
    raw = page('<meta charset="utf-8">', body=f"<article>{BODY}</article>").encode()
    assert "“We heard a \ufffd and" in read(raw.replace(b"bang", b"\xff")).text
    assert "Captain Jon Ferris" in read(raw.replace(b"Jon", b"\x00J\x0bon")).text


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "It is empty."),
        (" \n ", "It is empty."),
        ("Just words.", "not an HTML page"),
        ("<>", "No article text"),
        ("<!-- -->", "not an HTML page"),
        (page(body='<div id="root"></div><script>start()</script>'), "No article text"),
        (page(body="<p></p>" * MOST_TAGS), "more than 100,000 tags"),
        (page(body=f"<p {'a ' * MOST_TAG_CHARACTERS}"), "more than 300,000 characters"),
        (page(body="<div>" * 40_000 + BODY), "too deep"),
        (page(body="<ul><li>x" * 900 + BODY), "too deep"),
    ],
)
def test_what_cannot_be_read_has_its_reason(source: str, said: str) -> None:
    assert said in reason(source)


def test_text_in_many_elements_is_not_lost() -> None:
    opened = "<font>" * 400  # as pages are that never close one
    assert LEAD in read(page(body=f"<article>{opened}{BODY}</article>")).text


def test_embedded_pictures_are_no_tags_too_long() -> None:
    picture = f'<img src="data:image/png;base64,{"A" * 2 * MOST_TAG_CHARACTERS}">'
    assert LEAD in read(page(body=f"<article>{picture}{BODY}</article>")).text


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_pages_are_read_or_refused(data: st.DataObject) -> None:
    whole = page(linked(ARTICLE) + OPEN_GRAPH, body=f"<article>{BODY}</article>").encode()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    other = data.draw(st.binary(max_size=40) | st.sampled_from([b"<", b"</div>", b"<!--", b"\xff"]))
    accept(whole[:start] + other + whole[end:])


@settings(max_examples=60, deadline=None)
@given(raw=st.binary(max_size=400) | st.text(alphabet="<>/=\"'!-ap \n&;é", max_size=400))
def test_anything_is_read_or_refused(raw: str | bytes) -> None:
    accept(raw)


def accept(source: str | bytes) -> None:
    try:
        assert any(character.isalnum() for character in read(source).text)
    except FormatError as error:
        assert str(error).endswith(".")
