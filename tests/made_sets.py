"""Public sets as their files have them, each with a few rows that try its format."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evals.sets import PublicSet, load_set
from index.articles import Article, read_article

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
