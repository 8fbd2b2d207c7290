"""What one open page has asked. Nobody sees another page's conversation.

Everything here runs on the event loop; only what blocks goes to threads. An answer is worked
on in a task of its own, which Stop cancels, so that Gradio's own handling of events has no say
in whether the model stops.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from index.errors import InputError
from qa.answer import Answer, Finished, Sentence
from qa.asked import Asked, Judgement
from qa.filters import Filters
from qa.page.ask.keeper import Keeper
from qa.page.ask.narrowing import filter_words
from qa.page.ask.turn import MODEL_LOADING, READING, Card, Turn, group_by_article
from qa.page.serve.loader import DeskLoader, PageDesk, Talk, explain
from qa.threads import iterate_in_thread

POLL_SECONDS = 0.2  # how often the loader, which lives in a thread, is looked at
BUSY = "One question at a time: wait for this answer, or press Stop."
NOT_KEPT = "What you said of the answer could not be kept. The terminal says why."


class Session:
    """The conversation of one page. `turns` holds frozen values and is replaced as they grow."""

    def __init__(self, loader: DeskLoader, keeper: Keeper | None = None) -> None:
        """A conversation in which nothing was asked yet. Without a keeper, nothing is kept."""
        self.turns: tuple[Turn, ...] = ()
        self.notice: str | None = None
        self.returned: str | None = None
        self.is_dropped = False
        self._loader, self._keeper = loader, keeper
        self._judging = asyncio.Lock()
        self._talk: Talk | None = None
        self._work: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    @property
    def is_busy(self) -> bool:
        """Whether an answer is being worked on."""
        return self._work is not None and not self._work.done()

    @property
    def step(self) -> str | None:
        """What is being done, in words; None when nothing is."""
        step = self.turns[-1].step if self.turns else None
        if step == READING and not self._loader.state.over:
            return MODEL_LOADING
        return step

    async def ask(
        self, question: str, filters: Callable[[], Filters] = Filters
    ) -> AsyncIterator[None]:
        """Answer a question. Yields whenever there may be something new to show.

        A question or filter that can't be used ends in `notice`, and the question is `returned`
        to be corrected.
        """
        if self.is_busy:
            self.notice = BUSY
            yield
            return
        self.notice = self.returned = None
        work = self._work = asyncio.create_task(self._answer(question, filters))
        work.add_done_callback(lambda _: self._changed.set())
        try:
            while not work.done():
                yield
                await self._wait_for_change()
            if self.notice == BUSY:
                self.notice = None
            yield
        finally:
            work.cancel()

    def stop(self) -> None:
        """Stop the model, keeping what was written."""
        if self._work is not None:
            self._work.cancel()

    async def judge(self, number: int, verdict: Judgement) -> None:
        """Keep what the reader says of an answer; saying the same again takes it back.

        A turn that isn't kept can't be judged. Where writing fails, the old verdict stands.
        """
        async with self._judging:
            asked = self._asked(number)
            if asked is None or self._keeper is None:
                return
            marked = replace(asked, verdict=None if asked.verdict == verdict else verdict)
            await self._put(number, marked, self._keeper)

    async def remark(self, number: int, text: str) -> None:
        """Keep what the reader found wrong with an answer. Where writing fails, nothing changes."""
        async with self._judging:
            asked = self._asked(number)
            if asked is None or asked.verdict != "wrong" or self._keeper is None:
                return
            marked = asked.remarked(text)
            await self._put(number, marked, self._keeper)

    async def _put(self, number: int, marked: Asked, keeper: Keeper) -> None:
        if not await keeper.mark(marked):
            self.notice = NOT_KEPT
        else:
            self._mark(number, marked)

    def _asked(self, number: int) -> Asked | None:
        return next((turn.asked for turn in self.turns if turn.number == number), None)

    def _mark(self, number: int, asked: Asked) -> None:
        if self.notice == NOT_KEPT:
            self.notice = None
        marked = replace(self.turns[number - 1], asked=asked)
        self.turns = (*self.turns[: number - 1], marked, *self.turns[number:])
        self._changed.set()

    async def _wait_for_change(self) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), POLL_SECONDS * 2)
        except TimeoutError:
            return  # the loader may have moved on
        self._changed.clear()

    async def _answer(self, question: str, filters: Callable[[], Filters]) -> None:
        turn = Turn(len(self.turns) + 1, question)
        self._show(turn)
        try:
            turn = replace(turn, filters=filters())
            await self._read(await self._desk(turn), turn)
        except asyncio.CancelledError:
            self._end(turn, stopped=True)
        except InputError as error:
            self.turns = self.turns[:-1]
            self.notice, self.returned = str(error), question
        except Exception as error:  # noqa: BLE001 - an edge: it is shown in the page
            self._end(turn, problem=explain(error))

    async def _desk(self, turn: Turn) -> PageDesk:
        self._loader.start()
        while (desk := self._loader.state.desk) is None:
            state = self._loader.state
            if state.over:
                raise state.error or RuntimeError(state.words)
            self._show(replace(turn, step=state.words))
            await asyncio.sleep(POLL_SECONDS)
        return desk

    async def _read(self, desk: PageDesk, turn: Turn) -> None:
        self._show(turn)
        if self._talk is None:
            self._talk = desk.conversation()
        events = iterate_in_thread(self._talk.stream(turn.question, filters=turn.filters))
        try:
            async for event in events:
                turn = turn.after(event)
                if isinstance(event, Sentence | Finished):
                    cards = await asyncio.to_thread(build_cards, turn, desk)
                    turn = replace(turn, cards=cards)
                if isinstance(event, Finished):
                    turn = replace(turn, asked=self._keep(event.answer, turn))
                self._show(turn)
        finally:
            await events.aclose()

    def _keep(self, answer: Answer, turn: Turn) -> Asked | None:
        if self._keeper is None:
            return None
        earlier = [each.answer for each in self.turns[: turn.number - 1] if each.answer is not None]
        history = [each.standalone_question for each in earlier]
        return self._keeper.begin(answer, history=history, narrowed=filter_words(turn.filters))

    def _show(self, turn: Turn) -> None:
        self.turns = (*self.turns[: turn.number - 1], turn)
        self._changed.set()

    def _end(self, turn: Turn, *, problem: str | None = None, stopped: bool = False) -> None:
        shown = self.turns[turn.number - 1]
        self._show(shown.ended(problem=problem, stopped=stopped))


class Sessions:
    """The sessions of the pages that are open, by the hash that Gradio gives each."""

    def __init__(self, loader: DeskLoader, keeper: Keeper | None = None) -> None:
        """No page is open yet."""
        self._loader, self._keeper = loader, keeper
        self._open: dict[str, Session] = {}

    def of(self, page: str) -> Session:
        """The session of a page, made when it is first asked for."""
        if page not in self._open:
            self._open[page] = Session(self._loader, self._keeper)
        return self._open[page]

    def find(self, page: str) -> Session | None:
        """The session of a page; None where it has none, as when it was closed."""
        return self._open.get(page)

    def drop(self, page: str) -> None:
        """End a session: its model stops, its conversation is forgotten."""
        session = self._open.pop(page, None)
        if session is not None:
            session.is_dropped = True
            session.stop()


def build_cards(turn: Turn, desk: PageDesk) -> tuple[Card, ...]:
    """The articles that the turn cites so far. Cards that are there already keep their text."""
    known = {card.article_id: card for card in turn.cards}
    cards = []
    for article_id, citations in group_by_article(turn.citations).items():
        card = known.get(article_id)
        if card is None:
            first = citations[0]
            text, start = _text_of(article_id, desk)
            card = Card(article_id, first.title, first.outlet, first.published, (), text, start)
        cards.append(replace(card, citations=citations))
    return tuple(cards)


def _text_of(article_id: str, desk: PageDesk) -> tuple[str | None, int]:
    starts = {article.id: article.body_start for article in desk.articles}
    try:
        return desk.article_text(article_id), starts.get(article_id, 0)
    except Exception as error:  # noqa: BLE001 - a missing text must not cost the answer
        explain(error)
        return None, 0
