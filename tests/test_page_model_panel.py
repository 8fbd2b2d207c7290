"""The panel "Model": what it looks at, what it shows, and fetching a model from it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import pytest
from conftest import scripted_model
from fake_ollama import BARE_TEMPLATE, FakeModel, FakeOllama, fake_ollama
from scripted import FERRY, ScriptedDesk, script
from test_page import ALLOWED, HOSTILE, Reader

from index.errors import ModelError
from index.sections import OllamaSettings
from index.settings import Settings
from qa.models.describe import Fact
from qa.models.ollama_models import ServedEntry
from qa.models.ollama_pull import PullProgress, pull
from qa.models.ollama_server import OllamaServer
from qa.models.served import ServedModel, open_model
from qa.page.model.fetching import Fetch, Fetcher
from qa.page.model.html import about_html, fetch_html, served_html
from qa.page.model.panel import NOTHING_NEW, ModelPanel
from qa.page.model.seen import ModelSeen, Offer, Seen, ServerSeen, look
from qa.page.serve.loader import DeskLoader, Loading

pytestmark = pytest.mark.sockets
NEAR = "near:1b"
SERVED_MODELS = (
    FakeModel("qwen2.5:3b"),
    FakeModel("bare:latest", template=BARE_TEMPLATE),
    FakeModel("far:latest", remote_host="https://cloud.example"),
    FakeModel("words:latest", capabilities=("embedding",)),
)


class ModelledDesk(ScriptedDesk):
    """A scripted desk with a model, which `open_it` opens."""

    open_it: Callable[[], ServedModel]

    @cached_property
    def model(self) -> ServedModel:
        return self.open_it()


def make_desk(open_it: Callable[[], ServedModel]) -> ModelledDesk:
    desk = ModelledDesk((FERRY,), script)
    desk.open_it = open_it
    return desk


def look_with(settings: Settings, open_it: Callable[[], ServedModel] | None = None) -> Seen:
    """What is seen once a desk with the settings' model, or another one, is there."""
    desk = make_desk(open_it or (lambda: open_model(settings)))
    return look(Loading("", desk, over=True), settings)


@pytest.fixture
def ollama() -> Iterator[FakeOllama]:
    """A server with four models, whose library has one more."""
    with fake_ollama(*map(replace, SERVED_MODELS)) as fake:
        fake.library[NEAR] = 4096
        yield fake


@pytest.fixture
def settings(settings: Settings, ollama: FakeOllama) -> Settings:
    """Settings for that server."""
    return settings.model_copy(update={"backend": "ollama", "url": ollama.url})


def embedded_model(why: str = "") -> ServedModel:
    return replace(scripted_model(), why=why)


# Looking


def test_the_model_and_the_server_are_seen(settings: Settings, ollama: FakeOllama) -> None:
    seen = look_with(settings)
    facts = {fact.what: fact.words for fact in seen.answers.facts}
    assert (facts["Model"], facts["Memory"]) == ("qwen2.5:3b", "not loaded")
    assert facts["Server"] == f"Ollama, version 0.24.0 at {ollama.url}"
    assert seen.answers.problem == ""
    assert seen.served is not None
    assert [each.name for each in seen.served.entries] == list(ollama.models)
    assert (seen.served.offer, seen.served.problem) == (None, "")


@pytest.mark.parametrize(
    ("models", "changes", "offered", "says"),
    [
        (SERVED_MODELS[1:], {}, "qwen2.5:3b", "This server has no model that can answer."),
        ((), {}, "qwen2.5:3b", "A good one to begin with is qwen2.5:3b."),
        ((FakeModel("other:7b"),), {}, "qwen2.5:3b", "none of this server's models by itself."),
        (SERVED_MODELS, {"model": NEAR}, NEAR, f"The settings name {NEAR}, which isn't on"),
    ],
)
def test_where_no_model_will_do_one_is_offered(
    settings: Settings, models: Any, changes: dict[str, str], offered: str, says: str
) -> None:
    with fake_ollama(*models) as fake:
        fake.models = {each.name: each for each in models}
        seen = look_with(settings.model_copy(update={"url": fake.url, **changes}))
    assert seen.answers == ModelSeen(description="No model answers yet.", is_missing=True)
    assert seen.served is not None
    assert seen.served.offer is not None
    assert seen.served.offer.name == offered
    assert says in seen.served.offer.sentence


def test_a_preferred_model_that_cannot_be_used_is_a_problem_and_an_offer(
    settings: Settings,
) -> None:
    limits = OllamaSettings(preference=("bare",))
    seen = look_with(settings.model_copy(update={"ollama": limits}))
    assert "Register its file again with: dateline models import" in seen.answers.problem
    assert seen.served is not None
    assert seen.served.offer is not None


def test_without_a_server_one_sentence_says_what_to_do(settings: Settings) -> None:
    with fake_ollama() as fake:
        alone = settings.model_copy(update={"url": fake.url})
    seen = look_with(alone)
    assert seen.answers.problem.startswith(f"Ollama doesn't answer at {alone.url}.")
    assert seen.served is not None
    assert seen.served.problem == ""  # once is enough
    other = look_with(alone, lambda: embedded_model("No Ollama server answers."))
    assert other.answers.description == "Answers come from scripted (embedded)."
    assert other.served is not None
    assert "Start it with: ollama serve." in other.served.problem
    assert "--backend embedded" not in other.served.problem
    assert not other.served.is_needed


def test_another_model_may_have_its_reason(settings: Settings) -> None:
    seen = look_with(settings, lambda: embedded_model("Something is wrong."))
    assert seen.answers.description.endswith("(embedded). Something is wrong.")


def test_another_backend_asks_no_ollama(settings: Settings) -> None:
    seen = look_with(settings.model_copy(update={"backend": "embedded"}), embedded_model)
    assert seen.served is None
    assert served_html(seen) == ""


def test_what_cannot_be_told_is_a_sentence(settings: Settings) -> None:
    def status() -> Any:
        raise ModelError("It has gone.")

    chosen = settings.model_copy(update={"backend": "embedded"})
    seen = look_with(chosen, lambda: replace(embedded_model(), status=status)).answers
    assert seen.description == "Answers come from scripted (embedded)."
    assert (seen.facts, seen.problem) == ((), "It has gone.")
    reading = look(Loading("Reading the articles"), chosen).answers
    assert (reading.description, reading.problem) == ("Reading the articles.", "")
    failed = look(Loading("No folder.", error=ModelError("No folder."), over=True), chosen)
    assert failed.answers.problem == "No folder."


# Showing


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_a_server_says_becomes_markup(text: str) -> None:
    entry = ServedEntry(text, 1, text, text, None, True, context_limit=2048)
    cloud = replace(entry, remote_host=text)
    served = ServerSeen(OllamaServer(text, text, ()), (entry, cloud), Offer(text, text), text)
    seen = Seen(ModelSeen(None, text, (Fact("Model", text),), text), served)
    steps = (PullProgress(f"pulling {text}", text, 1, 2), PullProgress(text))
    fetch = Fetch(text)
    for step in steps:
        fetch = fetch.after(step)
    for page in (about_html(seen), served_html(seen), fetch_html(fetch)):
        reader = Reader(page)
        assert set(reader.tags) <= ALLOWED | {"dd", "dl", "dt", "progress"}
        names = {name for name, _ in reader.attributes}
        assert not [name for name in names if name.startswith("on") or name in {"src", "style"}]
        assert text in reader.text


def test_the_table_has_a_row_for_each_model() -> None:
    entries = (
        ServedEntry(NEAR, 5 * 1024**2, "1.2B", "Q4_0", None, True, context_limit=2048),
        ServedEntry("far", 0, "", "", "https://far.example", True),
    )
    seen = Seen(ModelSeen(), ServerSeen(OllamaServer("http://here", "0.24.0", ()), entries))
    rows = [Reader(row).text for row in served_html(seen).split("<tr ")]
    assert rows[0] == "On Ollama 0.24.0 at http://here"
    assert rows[2:] == [
        f'role="row">{NEAR}5 MiBQ4_0up to 2,048 tokensnot loaded',
        'role="row">farruns on https://far.example: your questions and passages would go there',
    ]
    empty = replace(seen, served=ServerSeen(OllamaServer("http://here", "0.24.0", ())))
    assert Reader(served_html(empty)).text == "On Ollama 0.24.0 at http://here: no models yet."


def test_a_layer_has_its_figures_and_a_bar() -> None:
    fetch = Fetch(NEAR)
    for done in (1024, 2048):
        fetch = fetch.after(PullProgress("pulling aaa", "aaa", done, 4096))
    fetch = fetch.after(PullProgress("pulling bbb", "bbb", 300, 300))
    fetch = fetch.after(PullProgress("verifying sha256 digest"))
    reader = Reader(fetch_html(fetch))
    assert reader.text == (
        f"Fetching {NEAR}: checking what arrivedLayer aaa: 2 KiB of 4 KiBLayer bbb: 300 B, done"
    )
    bars = [value for name, value in reader.attributes if name in {"value", "max"}]
    assert bars == ["4096", "2048", "300", "300"]


# Fetching


class Steps:
    """What a pull gives; it waits at its last step until it is closed or released."""

    def __init__(self, *steps: PullProgress | Exception) -> None:
        self.steps = list(steps)
        self.closed = threading.Event()
        self.names: list[str] = []

    def pull(self, name: str) -> "Steps":
        self.names.append(name)
        return self

    def __iter__(self) -> "Steps":
        return self

    def __next__(self) -> PullProgress:
        if not self.steps:
            raise StopIteration
        step = self.steps[0] if len(self.steps) == 1 else self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    def close(self) -> None:
        self.closed.set()


async def until(condition: Callable[[], Any]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def test_a_cancelled_fetch_closes_what_it_pulls() -> None:
    steps = Steps(PullProgress("pulling aaa", "aaa", 1, 2))
    fetcher = Fetcher(steps.pull)
    fetcher.cancel()  # nothing to cancel
    fetcher.start(NEAR)
    fetcher.start("another")  # one at a time
    await until(lambda: fetcher.state and fetcher.state.layers)
    assert fetcher.is_busy
    fetcher.cancel()
    await until(lambda: not fetcher.is_busy)
    assert steps.closed.is_set()
    assert steps.names == [NEAR]
    assert fetcher.state is not None
    assert fetcher.state.outcome == "cancelled"
    assert fetcher.state.words.startswith(f"Cancelled. Fetch {NEAR} again")


async def test_a_fetch_that_fails_says_why() -> None:
    fetcher = Fetcher(Steps(PullProgress("pulling manifest"), ModelError("Disk full.")).pull)
    fetcher.start(NEAR)
    await until(lambda: not fetcher.is_busy)
    assert fetcher.state is not None
    assert (fetcher.state.outcome, fetcher.state.words) == ("failed", "Disk full.")
    assert 'class="dl-line dl-problem"' in fetch_html(fetcher.state)


def make_panel(settings: Settings) -> ModelPanel:
    desk = make_desk(lambda: open_model(settings))
    loader = DeskLoader(desk.open, settings)
    loader.state = Loading("", desk, over=True)
    return ModelPanel(loader, Fetcher(lambda name: pull(settings.url, name, settings.ollama)))


async def last(updates: AsyncIterator[Any]) -> Any:
    """The last update that changes something."""
    return [each async for each in updates if each != NOTHING_NEW][-1]


async def test_looking_shows_and_fills_an_empty_box(settings: Settings) -> None:
    with fake_ollama(FakeModel("other:7b")) as fake:
        panel = make_panel(settings.model_copy(update={"url": fake.url}))
        about, served, getting, box = await last(panel.look(""))
        *_, typed = await last(panel.look("mine:1b"))
    assert "No model answers yet." in about
    assert "other:7b" in served
    assert (getting["visible"], box["value"]) == (True, "qwen2.5:3b")
    assert "value" not in typed  # what was typed stays


async def test_without_a_server_nothing_can_be_fetched(settings: Settings) -> None:
    panel = make_panel(settings.model_copy(update={"backend": "embedded", "model": "none.gguf"}))
    about, served, getting, _ = await last(panel.look(""))
    assert "There is no model at none.gguf." in about
    assert (served, getting["visible"]) == ("", "hidden")


async def test_a_model_is_fetched_and_the_panel_says_how_to_use_it(settings: Settings) -> None:
    panel = make_panel(settings)
    _, served, _, box, told, fetch, cancel = await last(panel.fetch(f" {NEAR} "))
    assert NEAR in served
    assert box["value"] == ""
    assert (fetch["interactive"], cancel["interactive"]) == (True, False)
    assert Reader(told).text.startswith(
        f"{NEAR} is on the server now. To have it answer, start Dateline with: --model {NEAR}"
    )
    assert "4 KiB, done" in told


async def test_a_missing_model_answers_once_it_is_fetched(settings: Settings) -> None:
    panel = make_panel(settings.model_copy(update={"model": NEAR}))
    about, *_, told, _, _ = await last(panel.fetch(NEAR))
    assert f"Answers come from {NEAR}" in about
    assert f"{NEAR} is on the server now. It answers from now on." in told


async def test_what_could_not_be_loaded_is_loaded_once_it_is_fetched(settings: Settings) -> None:
    chosen = settings.model_copy(update={"model": NEAR})
    desk = make_desk(lambda: open_model(chosen))

    def warm_up() -> None:
        desk.model.load()

    desk.warm_up = warm_up  # type: ignore[method-assign]
    loader = DeskLoader(desk.open, chosen)
    loader.start()
    await until(lambda: loader.state.over)
    assert "dateline models pull" in loader.state.words
    panel = ModelPanel(loader, Fetcher(lambda name: pull(chosen.url, name, chosen.ollama)))
    await last(panel.fetch(NEAR))
    await until(lambda: loader.state.over)
    assert (loader.state.error, loader.state.words) == (None, "1 article. A script answers.")


async def test_a_fetch_that_fails_leaves_its_name_in_the_box(settings: Settings) -> None:
    update = await last(make_panel(settings).fetch("gone:1b"))
    assert "There is no model gone:1b in the library." in update[4]
    assert "value" not in update[3]


async def test_without_a_name_nothing_is_fetched(settings: Settings) -> None:
    panel = make_panel(settings)
    *_, told, _, _ = await last(panel.fetch("  "))
    assert "Type the name of a model first." in told
    # An event that sends nothing would empty what it could have changed.
    assert [each async for each in panel.follow()] == [NOTHING_NEW]


async def test_another_page_follows_a_fetch_and_may_cancel_it(
    settings: Settings, ollama: FakeOllama
) -> None:
    ollama.may_write.clear()
    panel = make_panel(settings)
    fetching = asyncio.create_task(last(panel.fetch(NEAR)))
    await until(lambda: NEAR in ollama.fetched)
    following = panel.follow()
    assert f"Fetching {NEAR}" in (await anext(following))[4]
    await panel.cancel()
    assert "Cancelled." in (await last(following))[4]
    assert "Cancelled." in (await fetching)[4]
    await until(lambda: ollama.hang_ups == 1)


# In a browser


@pytest.mark.browser
def test_a_model_is_seen_fetched_cancelled_and_fetched_again(
    settings: Settings, ollama: FakeOllama
) -> None:
    pytest.importorskip("playwright")
    from browser import open_page, run_chromium, serve_page, wait_until
    from playwright.sync_api import expect

    ollama.may_write.clear()
    ollama.fetched[NEAR] = 1024
    desk = make_desk(lambda: open_model(settings))
    size = {"width": 360, "height": 640}
    with (
        serve_page(desk.open, settings) as address,
        run_chromium() as browser,
        open_page(browser, address, viewport=size) as page,
    ):
        panel = page.locator("#dl-model")
        expect(panel.get_by_text("Answers come from")).to_have_count(0)
        page.get_by_role("button", name="Model").click()
        expect(panel.get_by_text("Answers come from qwen2.5:3b (ollama, ")).to_be_visible()
        row = panel.get_by_role("row").filter(has_text="far:latest")
        expect(row).to_contain_text("runs on https://cloud.example")
        fetch, cancel = (
            page.get_by_role("button", name=name, exact=True) for name in ("Fetch", "Cancel")
        )
        expect(cancel).to_be_disabled()
        page.get_by_label("Model to fetch").fill(NEAR)
        fetch.click()
        expect(panel.get_by_text("1 KiB of 4 KiB")).to_be_visible()
        expect(panel.get_by_role("progressbar")).to_have_attribute("value", "1024")
        expect(fetch).to_be_disabled()
        cancel.click()
        expect(panel.get_by_text(f"Cancelled. Fetch {NEAR} again")).to_be_visible()
        wait_until(lambda: ollama.hang_ups == 1)
        assert NEAR not in ollama.models
        ollama.may_write.set()
        fetch.click()
        expect(panel.get_by_text(f"{NEAR} is on the server now.")).to_be_visible()
        expect(panel.get_by_role("row").filter(has_text=NEAR)).to_contain_text("not loaded")
        ollama.models["qwen2.5:3b"].load(4096, 60)
        page.get_by_role("button", name="Look again").click()
        expect(panel.get_by_text("loaded in 1,841 MiB").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
