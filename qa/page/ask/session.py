"""A conversation in the page: what is being answered, and what was.

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
from qa.page.ask.book import Place
from qa.page.ask.cards import build_cards
from qa.page.ask.keeper import Keeper
from qa.page.ask.narrowing import filter_words
from qa.page.ask.turn import MODEL_LOADING, READING, Turn
from qa.page.serve.loader import DeskLoader, PageDesk, explain
from qa.threads import iterate_in_thread

POLL_SECONDS = 0.2  # how often the loader, which lives in a thread, is looked at
BUSY = "One question at a time: wait for this answer, or press Stop."
NOT_KEPT = "What you said of the answer could not be kept. The terminal says why."


class Session:
    """A conversation. `turns` holds frozen values and is replaced as they grow.

    `place` is where it is kept, None for one that isn't; `is_editing`, whether the next question
    takes the place of the last one.
    """

    def __init__(
        self,
        loader: DeskLoader,
        keeper: Keeper | None = None,
        *,
        turns: tuple[Turn, ...] = (),
        place: Place | None = None,
    ) -> None:
        """A conversation that goes on from these turns. Without a keeper, nothing is kept."""
        self.turns, self.place = turns, place
        self.is_editing = False
        self.notice: str | None = None
        self.returned: str | None = None
        self.is_dropped = False
        self._loader, self._keeper = loader, keeper
        self._judging = asyncio.Lock()
        self._work: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    @property
    def is_busy(self) -> bool:
        """Whether an answer is being worked on."""
        return self._work is not None and not self._work.done()

    @property
    def examples(self) -> tuple[str, ...]:
        """Questions that the articles can answer, once these are loaded."""
        return self._loader.state.examples

    @property
    def step(self) -> str | None:
        """What is being done, in words; None when nothing is."""
        step = self.turns[-1].step if self.turns else None
        if step == READING and not self._loader.state.over:
            return MODEL_LOADING
        return step

    async def ask(
        self,
        question: str,
        filters: Callable[[], Filters] = Filters,
        *,
        replacing: bool = False,
    ) -> AsyncIterator[None]:
        """Answer a question. Yields whenever there may be something new to show.

        With `replacing`, or while editing, it takes the place of the last question. A question or
        filter that can't be used ends in `notice`, and the question is `returned` to be corrected.
        """
        if self.is_busy:
            self.notice = BUSY
            yield
            return
        self.notice = self.returned = None
        replaced = 1 if replacing or self.is_editing else 0
        earlier = self.turns[: len(self.turns) - replaced]
        work = self._work = asyncio.create_task(self._answer(question, filters, earlier))
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

    async def follow(self) -> AsyncIterator[None]:
        """Yields whenever there may be something new of an answer that another page asked for."""
        while self.is_busy:
            yield
            await self._wait_for_change()

    async def find_texts(self) -> None:
        """Put the articles beside answers that were kept without, once they are loaded."""
        while (desk := self._loader.state.desk) is None:
            if self._loader.state.over:
                return  # the page's first line says why
            await asyncio.sleep(POLL_SECONDS)
        for number, turn in enumerate(self.turns, 1):
            if turn.step is None and turn.citations and not turn.cards:
                cards = await asyncio.to_thread(build_cards, turn, desk)
                if self.turns[number - 1 : number] == (turn,):  # nothing else was asked meanwhile
                    self._replace(number, replace(turn, cards=cards))

    def edit(self, number: int) -> str | None:
        """Let the next question take the place of the last one; gives that one.

        Doing it again takes it back, and gives None, as for another number and while busy.
        """
        if self.is_busy or not self.turns or number != len(self.turns):
            return None
        self.is_editing = not self.is_editing
        return self.turns[-1].question if self.is_editing else None

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
        now = self._asked(number)
        if now is None or now.id != asked.id:
            return  # asked again while this was being written
        self._replace(number, replace(self.turns[number - 1], asked=asked))
        self._keep_talk()

    def _replace(self, number: int, turn: Turn) -> None:
        self.turns = (*self.turns[: number - 1], turn, *self.turns[number:])
        self._changed.set()

    def _keep_talk(self) -> None:
        if self._keeper is not None and self.place is not None:
            self._keeper.keep(self.place, self.turns)

    async def _wait_for_change(self) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), POLL_SECONDS * 2)
        except TimeoutError:
            return  # the loader may have moved on
        self._changed.clear()

    async def _answer(
        self, question: str, filters: Callable[[], Filters], earlier: tuple[Turn, ...]
    ) -> None:
        replaced = self.turns[len(earlier) :]
        turn = Turn(len(earlier) + 1, question)
        self._show(turn)
        try:
            turn = replace(turn, filters=filters())
            await self._read(await self._desk(turn), turn)
        except asyncio.CancelledError:
            self._end(turn, stopped=True)
        except InputError as error:
            self.turns = (*self.turns[:-1], *replaced)
            self.notice, self.returned = str(error), question
            return
        except Exception as error:  # noqa: BLE001 - an edge: it is shown in the page
            self._end(turn, problem=explain(error))
        self.is_editing = False
        self._keep_talk()

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
        talk = desk.conversation(self._answers(turn))
        events = iterate_in_thread(talk.stream(turn.question, filters=turn.filters))
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
        history = [each.standalone_question for each in self._answers(turn)]
        return self._keeper.begin(answer, history=history, narrowed=filter_words(turn.filters))

    def _answers(self, turn: Turn) -> list[Answer]:
        """The answers before this turn."""
        return [each.answer for each in self.turns[: turn.number - 1] if each.answer is not None]

    def _show(self, turn: Turn) -> None:
        self.turns = (*self.turns[: turn.number - 1], turn)
        self._changed.set()

    def _end(self, turn: Turn, *, problem: str | None = None, stopped: bool = False) -> None:
        shown = self.turns[turn.number - 1]
        self._show(shown.ended(problem=problem, stopped=stopped))
