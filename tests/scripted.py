"""A desk whose answers are scripted: articles, answers, and the questions that bring them."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from index.adding import Added
from index.articles import Article
from index.errors import ArticlesError, InputError, ModelError, ModelUnreachableError
from index.overview import Row
from index.report import SyncReport
from qa.answer import (
    Answer,
    ArticleReference,
    Citation,
    Disagreement,
    Event,
    Evidence,
    Extract,
    Finished,
    Sentence,
    Timings,
    Token,
    Usage,
    Version,
    Waiting,
)
from qa.filters import Filters
from qa.models.line import Line, Ticket


def make_article(name: str, text: str, **known: object) -> Article:
    """An article that isn't on disk."""
    fields: dict[str, object] = {
        "id": name, "path": f"{name}.txt", "title": name, "outlet": None, "author": None,
        "published": None, "text": text, "body_start": 0, "sha256": "",
    }  # fmt: skip
    return Article(**(fields | known))  # type: ignore[arg-type]


def cite(article: Article, quote: str, number: int | None = 1) -> Citation:
    """A citation of words of the article."""
    start = article.text.index(quote)
    published = article.published.isoformat() if article.published else None
    return Citation(
        number=number, article_id=article.id, article_path=article.path, title=article.title,
        outlet=article.outlet, published=published, quote=quote, start=start,
        end=start + len(quote),
    )  # fmt: skip


def supported(text: str, *citations: Citation) -> Sentence:
    """A sentence that its citations carry."""
    numbers = tuple(each.number for each in citations if each.number is not None)
    return Sentence(text, numbers, "supported", 1.0, sources=citations)


def make_answer(question: str, *sentences: Sentence, **known: object) -> Answer:
    """An answer; `known` overrides any of its fields."""
    citations = {each.number: each for line in sentences for each in line.sources}
    base = Answer(
        question=question, standalone_question=question, status="answered",
        text=" ".join(line.text for line in sentences), sentences=sentences,
        citations=tuple(citations.values()), disagreements=(), extract=None, reason=None,
        closest=(), finished=True, stale=False, trace=None, as_of="2024-12-08",
        backend="scripted", model="scripted", index="", timings=Timings(), usage=Usage(),
    )  # fmt: skip
    return replace(base, **known)  # type: ignore[arg-type]


def make_abstention(question: str, reason: str, *closest: Article) -> Answer:
    """ "Not in the articles", with the articles that came close."""
    references = tuple(
        ArticleReference(
            each.id, each.path, each.title, each.outlet,
            each.published.isoformat() if each.published else None,
        )
        for each in closest
    )  # fmt: skip
    return make_answer(question, status="abstained", reason=reason, closest=references)


def script_answer(answer: Answer) -> list[Event]:
    """The events that lead to an answer, as the engine gives them."""
    events: list[Event] = [Evidence(answer.citations)]
    if answer.extract:
        events.append(answer.extract)
    for line in answer.sentences:
        events += [Token(line.text), line]
    return [*events, Finished(answer)]


def extract_of(citation: Citation) -> Extract:
    """The citation's quote as the first thing found."""
    return Extract(citation.quote, replace(citation, number=None))


@dataclass
class ScriptedStream:
    """Events with a pause before each, and its turn before the first that a model has to write.

    Closing it is noted and ends it, from any thread.
    """

    events: list[Event | Exception]
    pause_seconds: float
    ticket: Ticket
    closed: threading.Event = field(default_factory=threading.Event)

    def __iter__(self) -> "ScriptedStream":
        return self

    def __next__(self) -> Event:
        if self.closed.wait(self.pause_seconds) or not self.events:
            self.ticket.leave()
            raise StopIteration
        if isinstance(self.events[0], Token | Sentence) and (ahead := self.ticket.ahead()):
            return Waiting(ahead)
        event = self.events.pop(0)
        if isinstance(event, Exception):
            raise event
        return event

    def close(self) -> None:
        self.closed.set()
        self.ticket.leave()


Script = Callable[[str, tuple[str, ...]], list[Event | Exception]]


@dataclass
class ScriptedDesk:
    """A desk whose answers come from `script`, a function of question and earlier questions."""

    articles: tuple[Article, ...]
    script: Script
    pause_seconds: float = 0.02
    warm_seconds: float = 0.0
    description: str = "A script answers."
    streams: list[ScriptedStream] = field(default_factory=list)
    line: Line = field(default_factory=Line)
    filters: list[Filters | None] = field(default_factory=list)
    behind: tuple[Row, ...] = ()  # files that a sync would read

    def open(self, **_: object) -> "ScriptedDesk":
        """What the page calls to open a desk."""
        return self

    @property
    def model(self) -> Any:
        raise ModelError("A script answers.")

    def conversation(self, earlier: Sequence[Answer] = ()) -> "ScriptedTalk":
        return ScriptedTalk(self, tuple(answer.question for answer in earlier))

    def article_text(self, article_id: str) -> str:
        return {each.id: each.text for each in self.articles}[article_id]

    def examples(self) -> tuple[str, ...]:
        return ("How many were on the ferry?", "What did Lena Marsh say?")

    def overview(self) -> tuple[Row, ...]:
        indexed = (
            Row(
                path=each.path, status="indexed", id=each.id, title=each.title,
                outlet=each.outlet, published=each.published, passages=1,
            )
            for each in self.articles
        )  # fmt: skip
        return (*indexed, *self.behind)

    def sync(self, on_progress: Callable[[int, int], None] | None = None) -> SyncReport:
        read = tuple(
            make_article(Path(row.path).stem, f"Words of {row.path}.") for row in self.behind
        )
        for done in range(len(read)):
            time.sleep(self.pause_seconds)
            if on_progress:
                on_progress(done + 1, len(read))
        self.articles, self.behind = (*self.articles, *read), ()
        return SyncReport(
            new=tuple(each.path for each in read), changed=(), deleted=(),
            unchanged=len(self.articles) - len(read), bad=(), passages=len(self.articles),
        )  # fmt: skip

    def add(self, file: Path) -> Added:
        if file.suffix != ".txt":
            raise ArticlesError("Only text is read.")
        article = make_article(file.stem, file.read_text(encoding="utf-8"))
        self.behind = (*self.behind, Row(path=article.path, status="not indexed"))
        return Added(article.path, 1)

    def remove(self, path: str) -> Path:
        self.articles = tuple(each for each in self.articles if each.path != path)
        return Path(".removed") / path

    def warm_up(self) -> None:
        time.sleep(self.warm_seconds)


@dataclass
class ScriptedTalk:
    """A conversation with a `ScriptedDesk`."""

    desk: ScriptedDesk
    questions: tuple[str, ...] = ()

    def stream(self, question: str, *, filters: Filters | None = None) -> ScriptedStream:
        self.desk.filters.append(filters)
        events = self.desk.script(question, self.questions)
        self.questions = (*self.questions, question)
        stream = ScriptedStream(list(events), self.desk.pause_seconds, self.desk.line.enter())
        self.desk.streams.append(stream)
        return stream


FERRY = make_article(
    "ferry",
    "---\ntitle: Ferry\n---\n\n"
    + "The harbour was quiet. " * 200
    + "The ferry left Port Hale at 06:40 with 212 passengers. Its engine failed "
    "nine kilometres off Cape Dorn.\n\nNobody was hurt.\n",
    title="Ferry towed back",
    outlet="The Hale Gazette",
    published=date(2025, 3, 3),
    body_start=len("---\ntitle: Ferry\n---\n"),
)
CUTTER = make_article(
    "cutter",
    "The coastguard cutter Merel reached the ferry some 12 km off Cape Dorn, said Lena Marsh of "
    "the coastguard, who had been called from her bed at half past seven by the harbour office.\n",
    title="Cutter brings ferry home",
    outlet="Dorn & Hale Morning Chronicle",
    published=date(2025, 3, 4),
)
NASTY_TITLE = "<script>window.hacked=1</script>"
NASTY_WORDS = (
    '<img src="http://evil.example/x.png" onerror="window.hacked=1">\r\n'
    "![pixel](http://evil.example/y.png) [link](javascript:window.hacked=1) "
    "</mark></div><script>window.hacked=1</script> ${window.hacked=1} {{value}} \u202emarch\u202c "
    + "w"
    * 10_000
)
NASTY = make_article(
    "nasty", f"Before it. {NASTY_WORDS} After it.", title=NASTY_TITLE, outlet="<b>Out</b>let"
)


def ferry_answer(question: str) -> list[Any]:
    passengers = cite(FERRY, "The ferry left Port Hale at 06:40 with 212 passengers.", 1)
    engine = cite(FERRY, "Its engine failed nine kilometres off Cape Dorn.", 2)
    answer = make_answer(
        question,
        supported("The ferry had 212 passengers.", passengers),
        Sentence("Its engine failed near the cape.", (2,), "partly", 0.6, sources=(engine,)),
        extract=extract_of(passengers),
    )
    return list(script_answer(answer))


def differing_answer(question: str) -> list[Any]:
    """Two articles differ on a distance; another one agrees with the first."""
    nine = replace(
        cite(FERRY, "Its engine failed nine kilometres off Cape Dorn.", 1),
        corroborated_by=("harbour", "radio"),
    )
    twelve = cite(CUTTER, CUTTER.text.strip(), 2)
    answer = make_answer(
        question,
        supported("The engine failed nine kilometres off Cape Dorn.", nine),
        supported("The articles differ: nine kilometres; 12 km.", nine, twelve),
        extract=extract_of(nine),
        disagreements=(
            Disagreement(
                "how far off Cape Dorn was the ferry",
                (Version("nine kilometres", 1), Version("12 km", 2)),
            ),
        ),
    )
    return list(script_answer(answer))


def abstention(question: str) -> list[Any]:
    reason = "No article speaks of Australia."
    return [Evidence(()), Finished(make_abstention(question, reason, FERRY))]


def hostile_answer(question: str) -> list[Any]:
    quote = cite(NASTY, NASTY_WORDS)
    answer = make_answer(
        question,
        supported(NASTY_WORDS, quote),
        extract=extract_of(quote),
        disagreements=(Disagreement(NASTY_WORDS, (Version(NASTY_WORDS, 1),)),),
    )
    return list(script_answer(answer))


def endless_answer(_: str) -> list[Any]:
    passengers = cite(FERRY, "The ferry left Port Hale at 06:40 with 212 passengers.", 1)
    return [Evidence((passengers,)), supported("It left.", passengers), *[Token("x")] * 9999]


SCRIPTS: dict[str, Callable[[str], list[Any]]] = {
    "   ": lambda _: [InputError("Ask a question.")],
    "Is the server there?": lambda _: [ModelUnreachableError("No Ollama server answers.")],
    "A broken one": lambda _: [ValueError("<b>boom</b>")],
    "What is the capital of Australia?": abstention,
    "How far off Cape Dorn was the ferry?": differing_answer,
    "A hostile one": hostile_answer,
    "An endless one": endless_answer,
}


def script(question: str, earlier: tuple[str, ...]) -> list[Any]:
    """What the scripted desk answers; a follow-up shows that it knows what came before."""
    events = SCRIPTS.get(question, ferry_answer)(question)
    if earlier and isinstance(events[-1], Finished):
        understood = f"{question} (after {earlier[0]})"
        events[-1] = Finished(replace(events[-1].answer, standalone_question=understood))
    return events
