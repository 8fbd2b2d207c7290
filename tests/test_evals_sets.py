"""Public sets become articles and cases; a file that isn't as it should be is refused by line."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import SHARED

from evals.gold import GoldCase, read_verbatim
from evals.sets import SETS, Document, PublicSet, load_set
from evals.sets.public import file_name, find_quote
from index.articles import Article, read_article
from index.errors import InputError

Files = Mapping[str, Any]

FERRY = "The ferry sank at dusk. All 212 passengers were saved. The owner, Ms. Abara, wept."
SQUAD: Files = {
    "data": [
        {
            "title": "Ferry_of_Lune",
            "paragraphs": [
                {
                    "context": FERRY,
                    "qas": [
                        {
                            "id": "a1",
                            "question": "How many were saved?",
                            "answers": [
                                {"text": "212", "answer_start": FERRY.index("212")},
                                {"text": "All 212", "answer_start": FERRY.index("All 212")},
                            ],
                        },
                        {
                            "id": "a2",
                            "question": "Who built it?",
                            "answers": [{"text": "", "answer_start": 0}],
                            "is_impossible": True,
                        },
                    ],
                },
                {"context": FERRY, "qas": []},
            ],
        }
    ]
}
BEIR: Files = {
    "corpus.jsonl": [
        {"_id": "D/1", "title": "Ferry", "text": "It sank at dusk."},
        {"_id": "d-1", "title": "Only a title", "text": ""},
        {"_id": "d2", "title": "", "text": " ", "metadata": {}},
    ],
    "queries.jsonl": [
        {"_id": "q1", "text": "When did it sink?"},
        {"_id": "q2", "text": "Who judged this?"},
    ],
    "qrels/test.tsv": "query-id\tcorpus-id\tscore\n"
    "q1\tD/1\t2\nq1\td-1\t0\nq1\tgone\t1\nq2\td-1\t0\n",
    "qrels/train.tsv": "query-id\tcorpus-id\tscore\nq2\td-1\t1\n",
}
MULTIHOP: Files = {
    "corpus.json": [
        {
            "title": 'Harbour says: "no" – 3:2',
            "author": "K. Lind",
            "source": "The Lune Post",
            "published_at": "2023-09-28T12:00:00+00:00",
            "category": "business",
            "url": "https://example.org/1",
            "body": "The port\nclosed on Monday.\n\nIt may open again.",
        },
        {"title": "Second", "source": "Wire", "url": "https://example.org/2", "body": "It rained."},
    ],
    "MultiHopRAG.json": [
        {
            "query": "Did both report?",
            "answer": "Yes",
            "question_type": "comparison_query",
            "evidence_list": [
                {
                    "title": "x",
                    "url": "https://example.org/1",
                    "fact": "The port closed on Monday.",
                },
                {"title": "Second", "fact": "It snowed."},
            ],
        },
        {
            "query": "What of the airport?",
            "answer": "Insufficient information.",
            "question_type": "null_query",
            "evidence_list": [],
        },
    ],
}
RGB_ROWS: list[dict[str, Any]] = [
    {
        "id": 0,
        "query": "When and where?",
        "answer": [["2 May", "May 2"], "Lune"],
        "positive": [["It was on 2 May."], ["It was in Lune.", "It was in Lune."]],
        "negative": ["It was fun.", " "],
    },
    {
        "id": 1,
        "query": "Who won?",
        "answer": "Norway",
        "fakeanswer": ["Sweden", "Norway"],
        "positive": ["Norway won."],
        "positive_wrong": ["Sweden won."],
        "negative": [],
    },
    {"id": 2, "query": "Who lost?", "answer": "Nobody", "positive": [], "negative": ["It rained."]},
]
RAMDOCS_ROWS: list[dict[str, Any]] = [
    {
        "question": "How many live in Lune?",
        "documents": [
            {"text": "Lune (north): 300 people.", "type": "correct", "answer": "300"},
            {"text": "Lune (south): 40 people.", "type": "correct", "answer": "40"},
            {"text": "Lune: 9,000 people.", "type": "misinfo", "answer": "9,000"},
            {"text": "Lune is wet.", "type": "noise", "answer": "unknown"},
        ],
        "gold_answers": ["300 people", "40"],
        "wrong_answers": ["9,000", "300"],
    }
]
QUESTION = {
    "question_id": "20220617_0",
    "question_date": "2022/06/16",
    "question_sentence": "Which show goes on?",
    "choices": ["“Ferry Game”", "Friends", "None of the above", "All of the above."],
    "answer": ["0"],
    "evidence": "",
}
REALTIME: Files = {
    "20220617_qa.jsonl": [
        QUESTION,
        {**QUESTION, "question_id": "20220617_1", "answer": ["2"]},
        {**QUESTION, "question_id": "20220617_2"},
        {
            **QUESTION,
            "question_id": "20220617_3",
            "answer": ["2"],
            "choices": ["A", "B", "All of the above."],
        },
    ],
    "20220617_gcs.jsonl": [
        {
            "question_id": "20220617_0",
            "search_result": [
                {
                    "url": "https://www.example.org/show",
                    "title": "Ferry Game goes on",
                    "text": "There will be more.",
                    "publish_date": "2022/06/12",
                },
                {
                    "url": "https://example.org/none",
                    "title": "Empty",
                    "text": "",
                    "publish_date": "",
                },
            ],
        },
    ],
    "20220617_dpr.jsonl": [
        {
            "question_id": "20220617_0",
            "search_result": [{"doc_id": "7", "text": "There will be more."}],
        },
        {"question_id": "20220617_3", "search_result": [{"doc_id": "8", "text": "A / A and B."}]},
    ],
}


def write(folder: Path, files: Files) -> Path:
    """The files as the sets have them: JSON lines, one JSON value, or text as it is."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            text = content
        elif path.suffix == ".jsonl" or name.startswith("en"):
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
        else:
            text = json.dumps(content)
        path.write_text(text, encoding="utf-8", newline="")
    return folder


def load(name: str, folder: Path, files: Files) -> PublicSet:
    return load_set(name, write(folder / "set", files))


def articles_of(loaded: PublicSet, folder: Path) -> dict[str, Article]:
    """The written articles, as Dateline reads them."""
    loaded.write_documents(folder)
    read = {document.name: read_article(folder, document.name) for document in loaded.documents}
    return {name: article for name, article in read.items() if isinstance(article, Article)}


EVERY: dict[str, Files] = {
    "squad": {"dev.json": SQUAD},
    "beir": BEIR,
    "multihop-rag": MULTIHOP,
    "rgb": {"en_int.json": RGB_ROWS},
    "ramdocs": {"test.jsonl": RAMDOCS_ROWS},
    "realtime-qa": REALTIME,
}


def test_every_set_is_tried_here() -> None:
    assert set(EVERY) == set(SETS)


@pytest.mark.parametrize("name", EVERY)
def test_a_set_holds_together(name: str, tmp_path: Path) -> None:
    loaded = load(name, tmp_path, EVERY[name])
    assert loaded.name == name
    assert "Published tables" in loaded.citation
    names = {document.name for document in loaded.documents}
    ids = {case.id for case in loaded.cases}
    assert len(names) == len(loaded.documents)
    assert len(ids) == len(loaded.cases)
    assert set(loaded.relevant) <= ids
    articles = articles_of(loaded, tmp_path / "articles")
    assert set(articles) == names
    for document in loaded.documents:
        body = articles[document.name].text[articles[document.name].body_start :]
        assert body == f"\n{document.text}\n"
    for case in loaded.cases:
        for evidence in case.evidence:
            assert evidence.quote in read_verbatim(tmp_path / "articles" / evidence.article)


def test_squad(tmp_path: Path) -> None:
    loaded = load("squad", tmp_path, EVERY["squad"])
    (document,) = loaded.documents  # the same context stands once
    assert (document.title, document.text) == ("Ferry of Lune", FERRY)
    saved, built = loaded.cases
    assert (saved.kind, saved.answers) == ("fact", (("212", "All 212"),))
    assert [each.quote for each in saved.evidence] == ["All 212 passengers were saved."]
    assert (built.kind, built.answers, built.evidence) == ("unanswerable", (), ())
    assert loaded.relevant == {"a1": {document.name}}


def test_beir(tmp_path: Path) -> None:
    loaded = load("beir", tmp_path, BEIR)
    ferry, title = loaded.documents
    assert (ferry.title, ferry.text, title.text) == ("Ferry", "It sank at dusk.", "Only a title")
    (case,) = loaded.cases  # q2 has no document above 0 in test.tsv
    assert (case.id, case.question, case.answers) == ("q1", "When did it sink?", ())
    assert loaded.relevant == {"q1": {ferry.name, file_name("beir", "gone")}}
    assert loaded.left_out == {
        "documents without title and text": 1,
        "relevant documents that the corpus lacks": 1,
    }


def test_multihop(tmp_path: Path) -> None:
    loaded = load("multihop-rag", tmp_path, MULTIHOP)
    first, second = loaded.documents
    assert (first.outlet, first.published) == ("The Lune Post", date(2023, 9, 28))
    article = articles_of(loaded, tmp_path / "articles")[first.name]
    assert (article.title, article.outlet) == ('Harbour says: "no" – 3:2', "The Lune Post")
    assert article.published == date(2023, 9, 28)
    both, none = loaded.cases
    assert (both.kind, both.answers) == ("comparison", (("Yes",),))
    # The second fact isn't in its article, which is to be found all the same.
    assert [each.quote for each in both.evidence] == ["The port\nclosed on Monday."]
    assert loaded.relevant == {both.id: {first.name, second.name}}
    assert (none.kind, none.answers) == ("unanswerable", ())


def test_rgb(tmp_path: Path) -> None:
    loaded = load("rgb", tmp_path, EVERY["rgb"])
    both, won, lost = loaded.cases
    assert (both.id, both.kind) == ("en-int-0", "several-articles")
    assert both.answers == (("2 May", "May 2"), ("Lune",))
    assert (won.kind, won.disagreement, won.must_not_say) == ("conflict", True, ("Sweden",))
    assert (lost.kind, lost.answers) == ("unanswerable", ())
    by_text = {document.text: document.name for document in loaded.documents}
    assert len(by_text) == len(loaded.documents) == 3 + 2 + 1  # blank and repeated ones left out
    assert loaded.relevant == {
        both.id: {by_text["It was on 2 May."], by_text["It was in Lune."]},
        won.id: {by_text["Norway won."]},
    }
    assert by_text["Sweden won."] == "rgb-en-int-1-2.md"


def test_ramdocs(tmp_path: Path) -> None:
    loaded = load("ramdocs", tmp_path, EVERY["ramdocs"])
    (case,) = loaded.cases
    assert (case.kind, case.disagreement) == ("conflict", True)
    assert case.answers == (("300 people",), ("40",))
    # "300" stands in a right answer: forbidden, no answer could be right.
    assert case.must_not_say == ("9,000",)
    assert loaded.relevant == {"ramdocs-001": {"ramdocs-001-1.md", "ramdocs-001-2.md"}}


def test_realtime(tmp_path: Path) -> None:
    loaded = load("realtime-qa", tmp_path, REALTIME)
    show, every = loaded.cases
    assert (show.answers, show.as_of) == ((("Ferry Game",),), date(2022, 6, 16))
    assert every.answers == (("A",), ("B",))
    news, wikipedia = loaded.documents  # the text found twice stands once
    assert (news.title, news.outlet) == ("Ferry Game goes on", "example.org")
    assert news.published == date(2022, 6, 12)
    assert (wikipedia.outlet, wikipedia.published) == (None, None)
    assert loaded.left_out == {
        "questions answered by none of the choices": 1,
        "questions without a search result that has text": 1,
    }


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("squad", lambda f: f.clear(), r"set has no \.json file"),
        ("squad", lambda f: f.update({"b.json": {}}), r"several \.json files: b\.json, dev\.json"),
        ("squad", lambda f: f.update({"dev.json": "{"}), r"dev\.json: Invalid JSON.*Expected: SQ"),
        ("squad", lambda f: f.update({"dev.json": {"data": []}}), "there are no questions"),
        (
            "squad",
            lambda f: _squad(f)[0]["answers"][0].update(answer_start=3),
            r"data\.0\.paragraphs\.0\.qas\.0\.answers: “212” doesn't stand at character 3",
        ),
        (
            "squad",
            lambda f: _squad(f)[1].update(is_impossible=False),
            r"qas\.1\.answers: there are",
        ),
        ("squad", lambda f: _squad(f)[1].update(id="a1"), "the id a1 is taken"),
        ("beir", lambda f: f.pop("queries.jsonl"), r"set has no queries\.jsonl"),
        ("beir", lambda f: f["corpus.jsonl"].append({"_id": "d2"}), r"line 4: the id d2 is taken"),
        ("beir", lambda f: f.update({"qrels/test.tsv": "a\tb\tc\nq1\tD/1\n"}), r"tsv, line 2: Exp"),
        ("beir", lambda f: f.update({"qrels/test.tsv": "q9\tD/1\t1\n"}), "the query q9 isn't in"),
        ("beir", lambda f: f.update({"qrels/test.tsv": "q1\tD9\t1\n"}), "none of these documents"),
        ("beir", lambda f: f.update({"qrels/test.tsv": "q1\tD/1\t0\n"}), "nothing is judged"),
        ("multihop-rag", lambda f: f.pop("corpus.json"), r"set has no corpus\.json"),
        (
            "multihop-rag",
            lambda f: f["corpus.json"][1].pop("body"),
            r"corpus\.json: 1\.body: Field",
        ),
        (
            "multihop-rag",
            lambda f: f["MultiHopRAG.json"][0]["evidence_list"][1].update(title="Third"),
            r"MultiHopRAG\.json, 0\.evidence_list\.1: corpus\.json has no article",
        ),
        (
            "multihop-rag",
            lambda f: f["MultiHopRAG.json"][0].update(evidence_list=[]),
            r"MultiHopRAG\.json, 0\.evidence_list: it is empty",
        ),
        (
            "multihop-rag",
            lambda f: f["MultiHopRAG.json"][0].update(question_type="riddle"),
            r"0\.question_type: Input should be 'inference_query'",
        ),
        ("rgb", lambda f: f["en_int.json"][1].pop("positive"), r"line 2: positive: Field required"),
        ("rgb", lambda f: f["en_int.json"][1].update(answer=""), "line 2, answer: a fact is empty"),
        ("rgb", lambda f: f["en_int.json"][1].update(id=0), "line 2: the id en-int-0 is taken"),
        ("rgb", lambda f: f.update({"en_int.json": "\n"}), "line 1: it is empty"),
        (
            "ramdocs",
            lambda f: f["test.jsonl"][0]["documents"][1].update(type="good"),
            r"line 1: documents\.1\.type: Input should be 'correct', 'misinfo'",
        ),
        ("ramdocs", lambda f: f["test.jsonl"][0].update(question=" "), "question: It must not be"),
        ("ramdocs", lambda f: f["test.jsonl"].insert(0, {}), "line 1: .*Expected: a JSON object"),
        ("realtime-qa", lambda f: f.pop("20220617_qa.jsonl"), r"has no \*_qa\.jsonl"),
        (
            "realtime-qa",
            lambda f: _week(f).update(answer=["4"]),
            "line 1, answer: there is no such",
        ),
        ("realtime-qa", lambda f: _week(f).update(question_date="soon"), "question_date: it is no"),
        (
            "realtime-qa",
            lambda f: f["20220617_qa.jsonl"].append({**QUESTION, "answer": ["1"]}),
            "line 5: the id 20220617_0 is taken",
        ),
        (
            "realtime-qa",
            lambda f: [f.pop(f"20220617_{kind}.jsonl") for kind in ("gcs", "dpr")],
            r"has no \*_gcs\.jsonl or \*_dpr\.jsonl",
        ),
    ],
)
def test_what_is_wrong_is_said(name: str, change: Change, said: str, tmp_path: Path) -> None:
    files = json.loads(json.dumps(EVERY[name]))
    change(files)
    (tmp_path / "set").mkdir()
    with pytest.raises(InputError, match=said):
        load(name, tmp_path, files)


def _squad(files: dict[str, Any]) -> list[dict[str, Any]]:
    questions: list[dict[str, Any]] = files["dev.json"]["data"][0]["paragraphs"][0]["qas"]
    return questions


def _week(files: dict[str, Any]) -> dict[str, Any]:
    question: dict[str, Any] = files["20220617_qa.jsonl"][0]
    return question


@pytest.mark.parametrize(
    ("name", "limit", "said"),
    [
        ("trivia", None, "There is no set “trivia”. Name one of: squad, beir"),
        ("squad", 0, "A limit of 0"),
        ("squad", None, r"There is no .*nowhere"),
        ("beir", None, r"nowhere isn't there\. Name the folder that has corpus\.jsonl"),
    ],
)
def test_a_set_that_cannot_be_named(
    name: str, limit: int | None, said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        load_set(name, tmp_path / "nowhere", limit=limit)


def test_a_line_ends_where_json_lines_end(tmp_path: Path) -> None:
    rows = [{**RAMDOCS_ROWS[0], "question": "One\u2028or two?"}, RAMDOCS_ROWS[0]]
    loaded = load("ramdocs", tmp_path, {"test.jsonl": rows})
    assert [case.question for case in loaded.cases] == [
        "One\u2028or two?",
        "How many live in Lune?",
    ]


@pytest.mark.parametrize(
    "title",
    [
        'He said: "\\no" # 3',
        "- [a]: {b}",
        "---",
        "Ferry\u2028sinks\nat 🌅 \u0085 dusk",
        "No",
        "C:\\new\\table",
    ],
)
def test_a_title_is_read_back(title: str, tmp_path: Path) -> None:
    document = Document("a.md", title, "---\nIt sank.", outlet='O\'Hara: "News"')
    (article,) = articles_of(PublicSet("x", "", (document,), ()), tmp_path / "a").values()
    assert article.title == " ".join(title.split())
    assert article.outlet == 'O\'Hara: "News"'
    assert article.text[article.body_start :] == "\n---\nIt sank.\n"


def test_what_no_article_may_have_is_replaced_in_place(tmp_path: Path) -> None:
    rows = json.loads(json.dumps(SQUAD))
    paragraph = rows["data"][0]["paragraphs"][0]
    paragraph["context"] = FERRY.replace("ferry ", "ferry\u0002")
    rows["data"][0]["title"] = "Ferry\u007f\u0002 of Lune"
    loaded = load("squad", tmp_path, {"dev.json": rows})
    article = articles_of(loaded, tmp_path / "articles")[loaded.documents[0].name]
    assert article.title == "Ferry of Lune"
    assert FERRY in article.text
    assert loaded.cases[0].evidence[0].quote in article.text


def test_file_names_are_safe_and_different() -> None:
    keys = ["a", "A", "a/b", "a-b", "a b", "../a", "Über", "漢字", "漢", "x" * 300, "x" * 301]
    names = [file_name("beir", key) for key in keys]
    assert len({name.casefold() for name in names}) == len(keys)
    assert all(name.isascii() and "/" not in name and len(name) < 120 for name in names)
    assert file_name("beir", "4983") == "beir-4983.md"


@pytest.mark.parametrize(
    ("words", "found"),
    [("a b", "a\n b"), ("b c", "b c"), ("a c", None), ("", None), ("(c)", None)],
)
def test_a_quote_is_the_text_s_own(words: str, found: str | None) -> None:
    assert find_quote("a\n b c", words) == found


def test_writing_again_changes_nothing_and_strangers_are_refused(tmp_path: Path) -> None:
    loaded = load("ramdocs", tmp_path, EVERY["ramdocs"])
    folder = tmp_path / "articles"
    loaded.write_documents(folder)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    loaded.write_documents(folder)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    (folder / "own.md").write_text("Mine.", encoding="utf-8")
    with pytest.raises(InputError, match=r"other files, own\.md among them"):
        loaded.write_documents(folder)
    with pytest.raises(InputError, match="can't be written"):
        loaded.write_documents(folder / "own.md")


def many(folder: Path) -> Path:
    """RGB with 60 questions of one kind, 30 of another and 10 of a third."""
    rows = [
        {**RGB_ROWS[1], "id": number, "query": f"Question {number}?"}
        | ({} if number < 60 else {"positive_wrong": []} if number < 90 else {"positive": []})
        for number in range(100)
    ]
    return write(folder, {"en.json": rows})


def test_a_sample_keeps_the_shares_and_all_documents(tmp_path: Path) -> None:
    path = many(tmp_path)
    whole, ten, twenty, other = (
        load_set("rgb", path),
        load_set("rgb", path, limit=10),
        load_set("rgb", path, limit=20),
        load_set("rgb", path, limit=10, seed=8),
    )
    assert Counter(case.kind for case in ten.cases) == {"conflict": 6, "fact": 3, "unanswerable": 1}
    assert ten.documents == whole.documents
    assert set(ten.relevant) == {case.id for case in ten.cases if case.is_answerable}
    assert [case for case in whole.cases if case in ten.cases] == list(ten.cases)
    assert set(ten.cases) < set(twenty.cases)
    assert ten == load_set("rgb", path, limit=10)
    assert set(ten.cases) != set(other.cases)
    assert load_set("rgb", path, limit=1000) == whole


def real(name: str) -> Path:
    path = SHARED / "data" / name
    if not path.is_file():
        pytest.skip(f"{name} is not here")
    return path


def test_the_real_squad(tmp_path: Path) -> None:
    loaded = load_set("squad", real("squad2-sample.json"))
    kinds = Counter(case.kind for case in loaded.cases)
    assert kinds == {"unanswerable": 258, "fact": 500 - 258}
    assert len(articles_of(loaded, tmp_path / "a")) == len(loaded.documents)
    assert all(_stands(case, loaded) for case in loaded.cases if case.is_answerable)


def test_the_real_ramdocs(tmp_path: Path) -> None:
    loaded = load_set("ramdocs", real("ramdocs-half.jsonl"))
    assert len(loaded.cases) == 250
    assert len(articles_of(loaded, tmp_path / "a")) == len(loaded.documents) > 1000
    assert all(case.answers and case.kind != "unanswerable" for case in loaded.cases)


def _stands(case: GoldCase, loaded: PublicSet) -> bool:
    texts = {document.name: document.text for document in loaded.documents}
    (fact,) = case.answers
    quotes = [each.quote for each in case.evidence]
    return all(each.quote in texts[each.article] for each in case.evidence) and all(
        any(str(said) in quote for quote in quotes) for said in fact
    )
