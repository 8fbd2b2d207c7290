"""The ledger on a real Chroma server: the contract, writers that are cut off or late, damage."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from chroma_server import free_port, opened, running_server
from ledger_contract import (
    RECIPE,
    LedgerContract,
    OpenLedger,
    assert_holds,
    entry,
    ids,
    made,
)

from index.errors import StoreBusyError, StoreError
from index.ledger import Change, IndexedArticle
from index.server_ledger import ServerLedger, read_head
from index.tables import Server, Table

pytestmark = pytest.mark.sockets


@dataclass
class Term:
    """A writer's term, held until it is `lost`."""

    term: int = 1
    took_over: bool = False
    lost: bool = False

    def check(self) -> None:
        if self.lost:
            raise StoreError("Another process has taken over.")


OpenWriter = Callable[[Term], ServerLedger]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_server(tmp_path_factory.mktemp("chroma")) as found:
        yield found


@pytest.fixture
def server(url: str, request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server, with a name that no other test has."""
    with opened(url, f"t{abs(hash(request.node.nodeid))}") as found:
        yield found


@pytest.fixture
def open_writer(server: Server) -> OpenWriter:
    return lambda term: ServerLedger(server, server.address.name, RECIPE, term)


@pytest.fixture
def open_ledger(open_writer: OpenWriter) -> OpenLedger:
    return lambda: open_writer(Term())


class TestServerLedger(LedgerContract):
    """A ledger on a server."""


def rows(server: Server) -> dict[str, int]:
    """How many rows each table has."""
    prefix = f"{server.address.name}.{RECIPE.fingerprint}"
    names = ("head", "entries", "texts", "keys")
    return {name: len(server.table(f"{prefix}.{name}").ids()) for name in names}


# Cut off at any call


class CutOff(BaseException):
    """Stands for the end of a process: nothing that catches errors catches it."""


class Calls:
    """Counts the calls that write to the server; ends the process before one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made, self.last = 0, 10**9
        for name in ("write", "change", "remove", "add"):
            monkeypatch.setattr(Table, name, self._counted(getattr(Table, name)))

    def _counted(self, call: Callable[..., None]) -> Callable[..., None]:
        def counted(*args: Any, **named: Any) -> None:
            if self.made >= self.last:
                raise CutOff
            self.made += 1
            call(*args, **named)

        return counted


def test_each_article_is_old_or_new_wherever_a_commit_is_cut_off(
    open_writer: OpenWriter, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [made("a.txt"), made("b.txt"), made("c.txt")]
    new = [made("a.txt", "Later."), made("b.txt"), made("d.txt")]
    change = Change(put=[new[0], new[2]], drop=[old[2].article.id], files=[entry("d.txt")])
    undo = Change(put=[old[0], old[2]], drop=[new[2].article.id], files=[], drop_files=["d.txt"])
    calls = Calls(monkeypatch)
    writer = open_writer(Term())
    writer.commit(Change(put=old, files=[entry("a.txt"), entry("b.txt")]))
    whole = rows(server)
    outcomes = []
    for cut in range(30):
        calls.made, calls.last = 0, cut
        cut_off = open_writer(Term(2 * cut + 2, took_over=True))
        try:
            cut_off.intend(ids(new[0], new[2]))
            cut_off.commit(change)
        except CutOff:
            pass
        else:
            break
        finally:
            calls.last = 10**9
        outcomes.append(_check(open_writer(Term()), old, new))
        writer = open_writer(Term(2 * cut + 3, took_over=True))
        left = writer.left_over()
        assert not set(left) & set(ids(*(new if outcomes[-1] else old)))
        writer.forget(left)
        writer.commit(undo)
        assert_holds(writer, old)
        writer.forget(writer.left_over())
        assert rows(server) == whole | {"head": 2}
    else:
        raise AssertionError("the commit never came to its end")
    assert outcomes == sorted(outcomes), "once new, it stays new"
    assert set(outcomes) == {False, True}
    assert len(outcomes) > 8


def _check(reader: ServerLedger, old: list[IndexedArticle], new: list[IndexedArticle]) -> bool:
    """Whether the reader finds the new articles; else it finds the old ones."""
    manifest = reader.read_manifest()
    assert manifest is not None
    is_new = "d.txt" in manifest.files
    assert_holds(reader, new if is_new else old)
    return is_new


# A writer whose lease has run out


@pytest.mark.parametrize("late_call", range(5))  # texts, keys, entries, left over, head
def test_what_a_former_writer_still_writes_is_not_read(
    open_writer: OpenWriter, monkeypatch: pytest.MonkeyPatch, late_call: int
) -> None:
    """The former writer is held up before one of its calls, while the next one commits."""
    open_writer(Term(1)).commit(Change(put=[made("a.txt", "First.")]))
    former, next_term = Term(2), Term(3, took_over=True)
    mine = [made("a.txt", "By the next one."), made("b.txt")]
    late = open_writer(former)
    late.intend(["x"])
    calls, write = 0, Table.write

    def held_up(table: Table, written: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == late_call + 1:
            monkeypatch.setattr(Table, "write", write)
            open_writer(next_term).commit(Change(put=mine))
            former.lost = True
        write(table, written)

    monkeypatch.setattr(Table, "write", held_up)
    change = Change(put=[made("a.txt", "Too late."), made("c.txt")])
    with pytest.raises(StoreError, match="taken over"):
        late.commit(change)
    assert_holds(open_writer(next_term), mine)
    again = open_writer(Term(4))
    again.commit(Change())
    assert_holds(again, mine)


def test_a_writer_without_the_lease_writes_nothing(open_writer: OpenWriter) -> None:
    ledger = open_writer(Term(lost=True))
    for call in (
        lambda: ledger.intend(["a"]),
        lambda: ledger.commit(Change()),
        lambda: ledger.forget(["a"]),
        ledger.left_over,
    ):
        with pytest.raises(StoreError, match="taken over"):
            call()
    assert ledger.generation() is None


def test_a_commit_that_came_in_while_the_next_writer_began_counts(
    open_writer: OpenWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_writer(Term(1)).commit(Change(put=[made("a.txt")]))
    late, write, is_first = open_writer(Term(2)), Table.write, True
    late.intend(["x"])

    def interrupted(table: Table, written: Any) -> None:
        nonlocal is_first
        if is_first:
            is_first = False
            late.commit(Change(put=[made("b.txt")]))
        write(table, written)

    monkeypatch.setattr(Table, "write", interrupted)
    following = open_writer(Term(3, took_over=True))
    following.commit(Change(put=[made("c.txt")]))
    assert_holds(following, [made("a.txt"), made("b.txt"), made("c.txt")])


def test_a_term_below_the_last_one_is_refused(open_writer: OpenWriter) -> None:
    open_writer(Term(7)).commit(Change())
    with pytest.raises(StoreError, match="later lease.*another name"):
        open_writer(Term(6)).commit(Change())


# Reading while it is written


def test_a_reader_sees_one_state(open_writer: OpenWriter) -> None:
    """Every commit changes all articles to the same text; no reader may see two texts."""
    writer, paths = open_writer(Term()), [f"{number}.txt" for number in range(20)]
    writer.commit(Change(put=[made(path, "Text 0.") for path in paths]))
    seen: set[str] = set()

    def read() -> None:
        reader = open_writer(Term())
        for _ in range(8):
            loaded = reader.load()
            assert loaded is not None
            texts = [each.article.text for each in loaded[1]]
            assert len(texts) == len(paths)
            assert len(set(texts)) == 1
            seen.add(texts[0])

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for number in range(1, 9):
            writer.commit(Change(put=[made(path, f"Text {number}.") for path in paths]))
        for reader in readers:
            reader.result()
    assert len(seen) > 1


def test_a_state_that_never_stands_still(
    open_writer: OpenWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, reader = open_writer(Term()), open_writer(Term())
    writer.commit(Change())
    read, is_writing = Table.read, False

    def changing(table: Table, *args: Any, **named: Any) -> Any:
        nonlocal is_writing
        found = read(table, *args, **named)
        if table.name.endswith("entries") and not is_writing:
            is_writing = True
            writer.commit(Change())
            is_writing = False
        return found

    monkeypatch.setattr(Table, "read", changing)
    with pytest.raises(StoreBusyError, match="faster than it can be read") as raised:
        reader.load()
    assert raised.value.retryable


def test_nothing_of_a_long_text_is_lost(
    open_ledger: OpenLedger, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.server_rows.PART_CHARACTERS", 100)
    monkeypatch.setattr("index.tables.BYTES_A_CALL", 150)
    monkeypatch.setattr("index.tables.ROWS_A_CALL", 3)
    articles = [made("a.txt", " ".join(map(str, range(400)))), made("b.txt")]
    open_ledger().commit(Change(put=articles))
    assert rows(server)["texts"] > 10
    assert_holds(open_ledger(), articles)
    open_ledger().commit(Change(drop=[each.article.id for each in articles]))
    assert rows(server)["texts"] == 0


def test_many_ids_are_left_over_in_several_rows(
    open_ledger: OpenLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.server_rows.IDS_A_ROW", 3)
    open_ledger().intend([f"{number:02d}" for number in range(10)])
    open_ledger().commit(Change())
    open_ledger().forget([f"{number:02d}" for number in range(8)])
    assert open_ledger().left_over() == ("08", "09")
    open_ledger().intend(["10"])
    assert open_ledger().left_over() == ("08", "09", "10")


def test_reading_creates_nothing(open_ledger: OpenLedger, server: Server) -> None:
    assert open_ledger().load() is None
    assert server.collections(f"{server.address.name}.") == ()


def test_head_of_a_ledger(open_writer: OpenWriter, server: Server) -> None:
    named = (server, server.address.name, RECIPE.fingerprint)
    assert read_head(*named) is None
    open_writer(Term()).commit(Change(is_complete=True))
    head = read_head(*named)
    assert head is not None
    assert (head.recipe, head.is_complete) == (RECIPE, True)


def test_spans_grow_only_where_a_writer_was_cut_off(
    open_writer: OpenWriter, server: Server
) -> None:
    for term in range(1, 5):
        open_writer(Term(term)).commit(Change(put=[made(f"{term}.txt")]))
    open_writer(Term(5, took_over=True)).commit(Change(put=[made("5.txt")]))
    head = read_head(server, server.address.name, RECIPE.fingerprint)
    assert head is not None
    assert len(head.counting) == 2
    assert_holds(open_writer(Term(6)), [made(f"{number}.txt") for number in range(1, 6)])


# Damage


DAMAGES = {
    "head": {"head": "{"},
    "entries": {"entry": "[]"},
    "texts": {"text": "bm8="},
}


@pytest.mark.parametrize("table", DAMAGES)
def test_a_row_that_was_overwritten(open_ledger: OpenLedger, server: Server, table: str) -> None:
    open_ledger().commit(Change(put=[made("a.txt")]))
    damaged = server.table(f"{server.address.name}.{RECIPE.fingerprint}.{table}")
    for row in damaged.ids():
        damaged.change(row, DAMAGES[table])
    with pytest.raises(StoreError, match=f"{server.address} is damaged.*{server.address}-2"):
        list((open_ledger().load() or (None, ()))[1])


def test_texts_that_are_gone(open_ledger: OpenLedger, server: Server) -> None:
    open_ledger().commit(Change(put=[made("a.txt")]))
    server.remove([f"{server.address.name}.{RECIPE.fingerprint}.texts"])
    with pytest.raises(StoreError, match="is damaged: texts.*dateline index"):
        open_ledger().load()


def test_a_server_that_ends(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with opened(url, "gone") as server, opened(url, "gone") as other:
        ledger = ServerLedger(server, "gone", RECIPE, Term())
        fresh = ServerLedger(other, "gone", RECIPE, Term())
        with running_server(tmp_path, port):
            ledger.commit(Change(put=[made("a.txt")]))
        for each in (ledger, fresh):
            with pytest.raises(StoreError, match=rf"No Chroma server answers at {url}.*chroma run"):
                each.generation()
        with running_server(tmp_path, port):
            assert_holds(fresh, [made("a.txt")])
            assert_holds(ledger, [made("a.txt")])
