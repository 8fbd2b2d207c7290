"""Reading the ledger's tables on a server, while another process may be writing them."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from index.errors import StoreBusyError
from index.ledger import IndexedArticle
from index.server_rows import (
    DAMAGE,
    HEAD,
    Head,
    State,
    article_of,
    head_from,
    head_id,
    ids_from,
    is_leaving,
    keys_from,
    row_id,
    state_from,
    text_ids,
)
from index.tables import Row, Rows, Server

LOOKS = 20  # at a state that is another one at every look


class LedgerTables:
    """The tables of one ledger, and the last state that was read or written."""

    def __init__(self, server: Server, prefix: str) -> None:
        """Nothing is called yet."""
        self.server = server
        self.heads = server.table(f"{prefix}.head")
        self.entries = server.table(f"{prefix}.entries")
        self.texts = server.table(f"{prefix}.texts")
        self.keys = server.table(f"{prefix}.keys")
        self.held: State | None = None
        self._known: dict[str, dict[str, str]] = {}  # passages' keys, by the id of their row

    def head(self, *, before: int | None = None) -> Head | None:
        """The head that is valid, or was before a term. None where nobody had written yet."""
        heads = self._heads(self.heads.read(where={"kind": HEAD}))
        return next((each for each in heads if before is None or each.term < before), None)

    def state(self) -> State | None:
        """The last finished state; None before the first commit."""
        for _ in range(LOOKS):
            head = self.head()
            if head is None or head.generation is None:
                return None
            state = self.state_under(head)
            if state is self.held or self.head() == head:
                self.held = state
                return state
        raise self.restless()

    def state_under(self, head: Head) -> State:
        """What the rows mean under this head, as long as it is valid."""
        held = self.held
        if held is not None and held.head == head:
            return held
        with self.whole():
            return state_from(head, self.entries.read().values())

    def fetch_texts(self) -> tuple[State, Rows] | None:
        """The last finished state and its texts, of one commit; None before the first."""
        texts: dict[str, Row] = {}
        for _ in range(LOOKS):
            state = self.state()
            if state is None:
                return None
            wanted = state.text_ids()
            texts = {each: texts[each] for each in wanted if each in texts}  # never rewritten
            texts |= self.texts.read(sorted(wanted - texts.keys()))
            if len(texts) == len(wanted):
                return state, texts
            if self.head() == state.head:
                raise self.server.damaged("texts of articles are missing")
        raise self.restless()

    def articles(self, ids: Iterable[str], state: State, texts: Rows) -> Iterator[IndexedArticle]:
        """The articles of these ids. Raises StoreError where a text is damaged."""
        for key in ids:
            with self.whole():
                article = article_of([texts[each] for each in text_ids(key, state.articles[key])])
            yield article

    def passages(self, state: State, articles: Iterable[str]) -> Iterator[Mapping[str, str]]:
        """For each of these articles, the keys of its passages by their ids."""
        wanted = [row_id(key, state.articles[key].sequence) for key in articles]
        rows = self.keys.read([each for each in wanted if each not in self._known])
        with self.whole():
            self._known |= {each: keys_from(row) for each, row in rows.items()}
        return (self._known[each] for each in wanted if each in self._known)

    def remove_keys(self, rows: Sequence[str]) -> None:
        """Remove rows of passages' keys."""
        self.keys.remove(rows)
        for each in rows:
            self._known.pop(each, None)

    def leaving(self) -> dict[str, list[str]]:
        """Ids of the vectors that are to be removed, by the rows that hold them."""
        rows = self.heads.read()
        for head in self._heads(rows)[:1]:
            with self.whole():
                return {each: ids_from(row) for each, row in rows.items() if is_leaving(row, head)}
        return {}

    def void_heads(self) -> list[str]:
        """Rows of the head's table that nobody needs; of the heads, a reader may see the last two.

        They are two so that at no moment a reader finds none.
        """
        rows = self.heads.read()
        heads = self._heads(rows)
        needed = {head_id(head) for head in heads[:2]}
        with self.whole():
            needed |= {each for each, row in rows.items() if is_leaving(row, heads[0])}
        return sorted(rows.keys() - needed)

    def _heads(self, rows: Rows) -> list[Head]:
        """The heads among the rows, the valid one first."""
        with self.whole():
            heads = [head_from(row) for row in rows.values() if row["kind"] == HEAD]
        return sorted(heads, key=lambda head: (head.term, head.sequence), reverse=True)

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """Raises StoreError where a row can't be read."""
        try:
            yield
        except DAMAGE as error:
            raise self.server.damaged(f"a row can't be read ({error!r})") from error

    def restless(self) -> StoreBusyError:
        """The error where every look finds another state."""
        return StoreBusyError(
            f"The store {self.server.address} changes faster than it can be read. Try again in a "
            "minute."
        )
