"""The ledger on a Chroma server, where no call changes more than one row at once.

A commit writes its rows under a sequence that doesn't count yet, then makes it count by one row,
the head; what it replaced is removed after that. A reader takes the rows that count under a head
that was valid before and after it read them. Each writer's term has heads of its own, and those of
the highest term are valid: a writer whose lease has run out changes nothing that is read, however
late its calls arrive.

    <store>.<fingerprint>.head      the head, and ids of vectors that are to be removed
    <store>.<fingerprint>.entries   articles and files
    <store>.<fingerprint>.texts     the articles with their passages
    <store>.<fingerprint>.keys      the passages' keys
"""

import secrets
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from index.ledger import Change, IndexedArticle, Manifest, Recipe
from index.server_change import (
    Draft,
    draft,
    replaced_entries,
    replaced_keys,
    replaced_texts,
)
from index.server_reader import LedgerTables
from index.server_rows import (
    GONE_ID,
    INTENDED,
    LEFT,
    Head,
    State,
    first_sequence,
    head_id,
    head_row,
    ids_rows,
    ids_value,
)
from index.tables import Server


class Fence(Protocol):
    """What a ledger must know of the writer's lease (index/lease.py)."""

    @property
    def term(self) -> int | None:
        """The term that is held; None where none is."""

    @property
    def took_over(self) -> bool:
        """Whether the last holder came to no proper end."""

    def check(self) -> None:
        """Raises StoreError where the lease isn't held any more."""


class ServerLedger:
    """A `Ledger` in tables on a server."""

    def __init__(self, server: Server, store: str, recipe: Recipe, fence: Fence) -> None:
        """`recipe` is what a new ledger is of. Nothing is called yet."""
        self._server, self._recipe, self._fence = server, recipe, fence
        self._tables = LedgerTables(server, f"{store}.{recipe.fingerprint}")
        self._lock = threading.RLock()
        self._begun: int | None = None  # the term in which this writer has cleared up
        self._step = 0  # of the last commit in it
        self._is_apart = False  # whether the next commit begins a span of its own

    def generation(self) -> int | None:
        """The number of the last commit; None before the first. A new ledger has other numbers."""
        head = self._tables.head()
        return head.generation if head else None

    def read_manifest(self) -> Manifest | None:
        """The last finished state; None before the first commit."""
        with self._lock:
            state = self._tables.state()
        return state.manifest() if state else None

    def load(self) -> tuple[Manifest, Iterator[IndexedArticle]] | None:
        """The last finished state with its articles, all fetched, by path and id."""
        with self._lock:
            fetched = self._tables.fetch_texts()
        if fetched is None:
            return None
        manifest = fetched[0].manifest()
        return manifest, self._tables.articles(manifest.articles, *fetched)

    def keys(self, keys: Sequence[str]) -> Mapping[str, str]:
        """For each `Passage.key` that is known, the id of a passage whose vector is the same."""
        wanted = set(keys)
        with self._lock:
            state = self._tables.state() if wanted else None
            passages = self._tables.passages(state, state.articles) if state else iter(())
            return {k: passage for own in passages for passage, k in own.items() if k in wanted}

    def intend(self, passages: Sequence[str]) -> None:
        """Note ids whose vectors are about to be written, in case no commit follows."""
        with self._lock:
            head = self._begin()
            rows = ids_rows(INTENDED, passages, head.sequence + 1, uuid.uuid4().hex)
            self._tables.heads.write(rows)

    def commit(self, change: Change) -> Manifest:
        """Make the change by one row, and tell what is there now."""
        with self._lock:
            before = self._tables.state_under(self._begin())
            self._step += 1  # never used again, whatever becomes of this commit
            drafted = draft(before, change, first_sequence(before.head.term) + self._step)
            try:
                after = self._finish(before, drafted, is_complete=change.is_complete)
            except BaseException:
                self._begun = None  # something may still be on the way, which must not count
                raise
            return after.manifest()

    def left_over(self) -> tuple[str, ...]:
        """Ids whose vectors are to be removed: intended and not committed, replaced or dropped."""
        if self._fence.term is not None:
            self._fence.check()  # a writer removes vectors on the strength of this
        with self._lock:
            return tuple(sorted(self._uncounted(self._leaving())))

    def forget(self, passages: Sequence[str]) -> None:
        """Their vectors are gone."""
        gone = set(passages)
        with self._lock:
            self._begin()
            for row, ids in self._tables.leaving().items():
                rest = [passage for passage in ids if passage not in gone]
                if not rest:
                    self._tables.heads.remove([row])
                elif len(rest) < len(ids):
                    self._tables.heads.change(row, ids_value(rest))

    def _leaving(self) -> set[str]:
        return {passage for ids in self._tables.leaving().values() for passage in ids}

    def _uncounted(self, passages: set[str]) -> set[str]:
        """Those that no article has."""
        state = self._tables.state() if passages else None
        if state is None:
            return passages
        return passages.difference(*self._tables.passages(state, state.articles))

    def _begin(self) -> Head:
        """The head that the next commit follows. This writer's first call in a term clears up."""
        self._fence.check()
        term = self._fence.term
        assert term is not None  # check() saw to it
        head = self._tables.head()
        if head is not None and head.term > term:
            raise self._server.damaged("it was written under a later lease than this one")
        if head is None or head.term < term:
            head = self._adopt(head, term)
            self._begun, self._step, self._is_apart = None, 0, self._fence.took_over
        elif self._begun != term:  # this writer has failed before, or another one in this process
            self._step = max(self._step, head.sequence - first_sequence(term))
            self._is_apart = True
        if self._begun != term:
            self._clear_up(self._tables.state_under(head))
            self._begun = term
        return head

    def _adopt(self, head: Head | None, term: int) -> Head:
        """Make the last term's head this term's, with what was still committed meanwhile."""
        while True:
            mine = replace(head or Head(self._recipe, term), term=term)
            self._tables.heads.write({head_id(mine): head_row(mine)})
            again = self._tables.head(before=term)
            if again is None or again == head:
                return mine
            head = again

    def _finish(self, before: State, drafted: Draft, *, is_complete: bool) -> State:
        """Write the rows, make them count, and remove what they replace."""
        tables, sequence = self._tables, first_sequence(before.head.term) + self._step
        replaced = set().union(*tables.passages(before, drafted.replaced))
        leaving = self._uncounted(self._leaving() - drafted.passages)
        tables.texts.write(drafted.texts)
        tables.keys.write(drafted.keys)
        tables.entries.write(drafted.entries)
        tables.heads.write(ids_rows(LEFT, leaving | replaced - drafted.passages, sequence, ""))
        head = self._next_head(before.head, sequence, is_complete=is_complete)
        self._fence.check()
        tables.heads.write({head_id(head): head_row(head)})
        self._fence.check()  # else the row came too late to be valid
        after = tables.held = State(head, drafted.articles, drafted.files)
        self._is_apart = False
        tables.entries.remove(replaced_entries(before, drafted))
        tables.entries.remove(drafted.gone)  # only now: it hid those
        tables.texts.remove(replaced_texts(before, drafted))
        tables.remove_keys(replaced_keys(before, drafted))
        tables.heads.remove(tables.void_heads())
        return after

    def _next_head(self, head: Head, sequence: int, *, is_complete: bool) -> Head:
        generation = secrets.randbelow(2**31) if head.generation is None else head.generation
        spans = head.counting
        if self._is_apart or not spans:
            counting = (*spans, (sequence, sequence))
        else:  # between this commit and the last one nobody wrote
            counting = (*spans[:-1], (spans[-1][0], sequence))
        return replace(
            head,
            sequence=sequence,
            generation=generation + 1,
            is_complete=head.is_complete or is_complete,
            changed_ns=self._server.now_ns(),
            counting=counting,
        )

    def _clear_up(self, state: State) -> None:
        """Remove what a writer left that didn't come to its end."""
        tables = self._tables
        entries = set(tables.entries.ids()) - state.entry_ids()
        hiding = {each for each in entries if each.startswith(GONE_ID)}
        tables.entries.remove(sorted(entries - hiding))
        tables.entries.remove(sorted(hiding))
        tables.texts.remove(sorted(set(tables.texts.ids()) - state.text_ids()))
        tables.remove_keys(sorted(set(tables.keys.ids()) - state.keys_ids()))
        tables.heads.remove(tables.void_heads())


def read_head(server: Server, store: str, fingerprint: str) -> Head | None:
    """The head of one of a store's indexes; None where it has none."""
    return LedgerTables(server, f"{store}.{fingerprint}").head()
