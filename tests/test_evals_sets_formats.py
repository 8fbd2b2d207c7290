"""Each public set is read as its files have it; what is wrong in them is said by file and line."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import SHARED
from made_sets import (
    BEIR,
    EVERY,
    FERRY,
    MULTIHOP,
    QUESTION,
    RAMDOCS_ROWS,
    REALTIME,
    articles_of,
    load,
)

from evals.gold import GoldCase
from evals.sets import PublicSet, load_set
from evals.sets.public import file_name
from index.errors import InputError


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


def test_a_line_ends_where_json_lines_end(tmp_path: Path) -> None:
    rows = [{**RAMDOCS_ROWS[0], "question": "One\u2028or two?"}, RAMDOCS_ROWS[0]]
    loaded = load("ramdocs", tmp_path, {"test.jsonl": rows})
    assert [case.question for case in loaded.cases] == [
        "One\u2028or two?",
        "How many live in Lune?",
    ]


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
