"""Who can reach the page, and who may come in."""

import json
import socket
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted import CUTTER, FERRY, ScriptedDesk, script

from index.errors import SettingsError
from index.sections import PageSettings
from index.settings import Settings
from qa import cli
from qa.page.serve import server
from qa.page.serve.reach import address_of, allowed_hosts, listen, login_of
from qa.page.serve.users import add_user

PASSWORD = "a quiet harbour"


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("users") / "users.txt"
    add_user(file, "ruth", PASSWORD)
    return file


@pytest.mark.parametrize(
    ("host", "loopback", "address"),
    [
        ("127.0.0.1", True, "http://127.0.0.1:7860"),
        ("127.8.8.8", True, "http://127.8.8.8:7860"),
        ("localhost", True, "http://localhost:7860"),
        ("::1", True, "http://[::1]:7860"),
        ("0.0.0.0", False, "http://0.0.0.0:7860"),
        ("::", False, "http://[::]:7860"),
        ("192.168.1.4", False, "http://192.168.1.4:7860"),
        ("news-desk.example", False, "http://news-desk.example:7860"),
        ("localhost.example", False, "http://localhost.example:7860"),
    ],
)
async def test_others_reach_the_page_only_where_that_was_meant(
    users: Path, host: str, loopback: bool, address: str
) -> None:
    page = PageSettings(host=host)
    assert address_of(page) == address
    if loopback:
        assert login_of(page) is None
    else:
        with pytest.raises(SettingsError, match="dateline users add NAME --file users.txt"):
            login_of(page)
    assert login_of(PageSettings(host=host, open_to_all=True)) is None
    login = login_of(PageSettings(host=host, users=users))
    assert login is not None
    assert await login("ruth", PASSWORD)
    assert not await login("ruth", "another one")
    assert {"localhost", host} <= set(allowed_hosts(page))
    assert "*" not in allowed_hosts(PageSettings(host=host, open_to_all=True))
    assert ("*" in allowed_hosts(PageSettings(host=host, users=users))) is not loopback


def test_users_are_asked_for_even_where_all_may_come(users: Path) -> None:
    assert login_of(PageSettings(users=users, open_to_all=True)) is not None


def test_without_its_file_of_users_no_page_is_served(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="users can't be read"):
        server.serve(Settings(page=PageSettings(users=tmp_path / "none.txt")))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), {}),
        (("--host", "0.0.0.0", "--open-to-all"), {"host": "0.0.0.0", "open_to_all": True}),
        (("--auth", "u.txt"), {"users": Path("u.txt")}),
    ],
)
def test_the_command_says_who_may_come(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], expected: dict[str, Any]
) -> None:
    served: list[Settings] = []
    monkeypatch.setattr(server, "serve", served.append)
    monkeypatch.setattr(sys, "argv", ["dateline", "serve", *words])
    with pytest.raises(SystemExit):
        cli.main()
    (settings,) = served
    assert settings.page == PageSettings(**expected)


@pytest.mark.browser
def test_a_port_in_use_is_a_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SettingsError) as raised:
            listen(PageSettings(port=port))
    assert str(raised.value) == (
        f"Port {port} is in use. Set another one with DATELINE_PAGE__PORT={port + 1}, "
        "or stop the other program."
    )


@pytest.mark.sockets
@pytest.mark.parametrize("host", ["203.0.113.7", "no such host.invalid"])
def test_an_address_that_this_machine_has_not_is_a_sentence(host: str) -> None:
    with pytest.raises(SettingsError, match=f"This machine has no address {host}"):
        listen(PageSettings(host=host), port=0)


pytest.importorskip("playwright")
from browser import FLAGS, ask, run_chromium, serve_page, wait_for_end  # noqa: E402, F401
from playwright.sync_api import expect  # noqa: E402


@pytest.fixture
def guarded(users: Path, tmp_path: Path) -> Iterator[str]:
    page = PageSettings(users=users)
    settings = Settings(store=str(tmp_path / "store"), page=page)
    desk = ScriptedDesk((FERRY, CUTTER), script)
    with serve_page(desk.open, settings, login_of(page)) as url:
        yield url


def fetch(url: str, data: dict[str, str] | None = None) -> tuple[int, str]:
    body = urllib.parse.urlencode(data).encode() if data else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body)) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.browser
def test_who_has_not_logged_in_gets_nothing(guarded: str) -> None:
    _, shown = fetch(guarded)
    assert "dl-desk" not in shown
    assert fetch(f"{guarded}config")[0] == 401
    assert fetch(f"{guarded}gradio_api/info")[0] == 401
    assert fetch(f"{guarded}openapi.json")[0] == 404
    wrong = {"username": "ruth", "password": "another one"}
    assert fetch(f"{guarded}login", wrong)[0] == 400
    right = {"username": "ruth", "password": PASSWORD}
    assert json.loads(fetch(f"{guarded}login", right)[1])["success"]


@pytest.mark.browser
def test_a_user_logs_in_and_asks(guarded: str) -> None:
    with run_chromium() as browser:
        context = browser.new_context()
        page = context.new_page()
        outside = []
        page.on("request", lambda each: outside.append(each.url))
        page.goto(guarded)
        page.get_by_label("username").fill("ruth")
        page.get_by_label("password").fill(PASSWORD)
        page.get_by_role("button", name="Login").click()
        page.get_by_label("Question").wait_for()
        ask(page, "How many passengers?")
        wait_for_end(page)
        expect(page.get_by_role("log")).to_contain_text("212 passengers")
        assert not [url for url in outside if not url.startswith((guarded, "data:", "blob:"))]
        context.close()
