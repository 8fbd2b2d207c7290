"""Tables on a real Chroma server: what the ledger and the lease rely on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from chroma_server import opened, running_server

from index.errors import StoreError
from index.tables import Server, Table, pack, unpack

pytestmark = pytest.mark.sockets


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_server(tmp_path_factory.mktemp("chroma")) as found:
        yield found


@pytest.fixture
def server(url: str) -> Iterator[Server]:
    with opened(url, "tables") as found:
        yield found


@pytest.fixture
def table(server: Server) -> Table:
    server.remove(["tables.one"])
    return server.table("tables.one")


def test_a_table_that_nobody_has_written_to(table: Table, server: Server) -> None:
    assert table.read() == {}
    assert table.read(["a"]) == {}
    assert table.ids() == []
    table.remove(["a"])
    table.change("a", {"x": 1})
    assert server.collections("tables.") == ()


def test_rows_are_written_read_changed_and_removed(table: Table, server: Server) -> None:
    table.write({"a": {"x": "one", "y": 2**62}, "b": {"x": "two"}})
    table.write({"b": {"x": "three"}, "c": {"x": "one"}})
    assert table.read() == {
        "a": {"x": "one", "y": 2**62},
        "b": {"x": "three"},
        "c": {"x": "one"},
    }
    assert table.read(["c", "never there"]) == {"c": {"x": "one"}}
    assert table.read(where={"x": "one"}).keys() == {"a", "c"}
    table.change("a", {"y": 3})
    table.change("never there", {"y": 3})
    table.remove(["b", "never there"])
    again = server.table("tables.one")
    assert again.read() == {"a": {"x": "one", "y": 3}, "c": {"x": "one"}}
    assert sorted(again.ids()) == ["a", "c"]


def test_of_several_who_add_a_row_the_first_wins(table: Table, url: str) -> None:
    """The lease rests on this."""
    barrier = Barrier(6)

    def add(number: int) -> int | str:
        with opened(url, "tables") as server:
            own = server.table("tables.one")
            own.write({"other": {"who": 0}})
            barrier.wait(60)
            own.add("a", {"who": number})
            return own.read(["a"])["a"]["who"]

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(add, range(6)))) == 1


@pytest.mark.parametrize(("rows", "size"), [(3, 10**6), (100, 250)])
def test_many_rows_go_in_several_calls(
    table: Table, monkeypatch: pytest.MonkeyPatch, rows: int, size: int
) -> None:
    monkeypatch.setattr("index.tables.ROWS_A_CALL", rows)
    monkeypatch.setattr("index.tables.BYTES_A_CALL", size)
    wanted = {f"{number}": {"x": "x" * 100} for number in range(10)}
    table.write(wanted)
    assert table.read(list(wanted)) == table.read() == wanted
    table.remove(list(wanted))
    assert table.ids() == []


def test_a_table_that_was_made_anew_is_read_as_it_is_now(table: Table, url: str) -> None:
    table.write({"a": {"x": 1}})
    with opened(url, "tables") as other:
        other.remove(["tables.one"])
        assert table.read() == {}
        other.table("tables.one").write({"b": {"x": 2}})
        assert table.read() == {"b": {"x": 2}}
        other.remove(["tables.one"])
        with pytest.raises(StoreError, match="collection tables.one was removed"):
            table.write({"c": {"x": 3}})
    assert table.read() == {}, "what was removed isn't revived by halves"


def test_what_the_server_refuses_is_told(table: Table) -> None:
    with pytest.raises(StoreError, match="refused a request for the store tables.*too large"):
        table.write({"a": {"x": "x" * 45_000_000}})


@pytest.mark.parametrize("text", ["", "a\r\n\u2028\x00", "\U0001f6a2 \ud800", "x" * 10**6])
def test_packed_texts_come_back(text: str) -> None:
    packed = pack(text)
    assert packed.isascii()
    assert unpack(packed) == text
    assert len(packed) < 10**4
