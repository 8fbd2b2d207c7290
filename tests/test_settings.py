"""Settings: which source wins, what is refused, and how that is said."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from index.errors import SettingsError
from index.sections import Section
from index.settings import Settings, default_models_folder, load_settings, setting_names


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("DATELINE_"):
            monkeypatch.delenv(name)


def write(text: str, name: str = "dateline.toml") -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults() -> None:
    found = load_settings()
    assert found.articles == Path("articles")
    assert (found.store, found.backend, found.model, found.url) == (None, "auto", None, None)
    assert found.models_folder == default_models_folder()
    assert found.index.passage_words == 70


@pytest.mark.parametrize(
    ("file", "variable", "keyword", "expected"),
    [
        (None, None, None, 70),
        (20, None, None, 20),
        (20, 30, None, 30),
        (20, 30, 40, 40),
        (20, None, 40, 40),
        (None, 30, 40, 40),
        (None, 30, None, 30),
        (None, None, 40, 40),
    ],
)
def test_precedence_in_a_section(
    monkeypatch: pytest.MonkeyPatch,
    file: int | None,
    variable: int | None,
    keyword: int | None,
    expected: int,
) -> None:
    if file:
        write(f"[index]\npassage_words = {file}\nembedding_threads = 5\n")
    if variable:
        monkeypatch.setenv("DATELINE_INDEX__PASSAGE_WORDS", str(variable))
    given = {"index": {"passage_words": keyword}} if keyword else {}
    found = load_settings(**given)
    assert found.index.passage_words == expected
    assert found.index.embedding_threads == (5 if file else 0)  # the rest of the section stays


@pytest.mark.parametrize(
    ("file", "variable", "keyword", "expected"),
    [
        (False, False, False, None),
        (True, False, False, "file"),
        (True, True, False, "variable"),
        (True, True, True, "keyword"),
    ],
)
def test_precedence_at_the_root(
    monkeypatch: pytest.MonkeyPatch, file: bool, variable: bool, keyword: bool, expected: str | None
) -> None:
    if file:
        write('model = "file"\n')
    if variable:
        monkeypatch.setenv("DATELINE_MODEL", "variable")
    assert load_settings(model="keyword" if keyword else None).model == expected


def test_a_named_file_takes_the_place_of_the_usual_one() -> None:
    write('model = "usual"\nurl = "http://usual"\n')
    found = load_settings(write('model = "named"\n', "other.toml"))
    assert (found.model, found.url) == ("named", None)
    assert load_settings().model == "usual"


def test_a_missing_named_file_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"no settings file at nowhere\.toml"):
        load_settings(Path("nowhere.toml"))
    with pytest.raises(SettingsError, match="no settings file"):
        load_settings(Path())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("modle = 'x'\n", "modle: Extra inputs are not permitted"),
        ("[index]\npassage_wrods = 20\n", "index.passage_wrods: Extra inputs are not permitted"),
        ("[indx]\npassage_words = 20\n", "indx: Extra inputs are not permitted"),
        ("[page.deep]\nx = 1\n", "page.deep: Extra inputs are not permitted"),
        ("index = 7\n", "index: "),
        ("[index]\npassage_words = 'many'\n", "index.passage_words: Input should be a valid int"),
        ("backend = 'cloud'\n", "backend: Input should be 'auto', 'ollama', 'embedded'"),
        ("model = \n", "The settings can't be read: "),
        ("[index\n", "The settings can't be read: "),
    ],
)
def test_what_a_file_may_not_say(text: str, said: str) -> None:
    write(text)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert said in str(raised.value)
    assert "pydantic" not in str(raised.value)


def test_a_file_that_is_not_utf8() -> None:
    Path("dateline.toml").write_bytes(b"model = '\xff'\n")
    with pytest.raises(SettingsError, match="can't be read"):
        load_settings()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("DATELINE_MODLE", "x", "DATELINE_MODLE is not a setting"),
        ("DATELINE_INDEX__PASSAGE_WRODS", "20", "DATELINE_INDEX__PASSAGE_WRODS is not a setting"),
        ("DATELINE_INDEX_PASSAGE_WORDS", "20", "DATELINE_INDEX_PASSAGE_WORDS is not a setting"),
        ("DATELINE_INDEX__PASSAGE_WORDS", "many", "index.passage_words: Input should be a valid"),
        ("DATELINE_INDEX", '{"passage_wrods": 20}', "index.passage_wrods: Extra inputs"),
        ("DATELINE_INDEX", "{", "The settings can't be read: "),
        ("DATELINE_PAGE__PORT", "0", "page.port: Input should be greater than or equal to 1"),
    ],
)
def test_what_the_environment_may_not_say(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATELINE_INDEX__PASSAGE_WORDS", "20"),
        ("dateline_index__passage_words", "20"),
        ("DATELINE_INDEX", '{"passage_words": 20}'),
        ("DATELINEX", "not ours"),
    ],
)
def test_what_the_environment_may_say(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert load_settings().index.passage_words == (70 if variable == "DATELINEX" else 20)


def test_unknown_keywords_are_refused() -> None:
    with pytest.raises(SettingsError, match="modle: Extra inputs"):
        load_settings(modle="x")
    with pytest.raises(SettingsError, match="index.x: Extra inputs"):
        load_settings(index={"x": 1})


# (section, key, lowest, highest) that are allowed; the next ones beside them aren't.
BOUNDS: list[tuple[str, str, float, float | None]] = [
    ("index", "passage_words", 10, 400),
    ("index", "embedding_threads", 0, 256),
    ("retrieval", "passages", 1, 200),
    ("retrieval", "lexical_weight", 0, 1),
    ("retrieval", "rerank_passages", 0, 200),
    ("retrieval", "rerank_weight", 0, 1),
    ("evidence", "budget_tokens", 60, 8000),
    ("evidence", "fewest_tokens", 60, 8000),
    ("evidence", "most_tokens", 60, 8000),
    ("generation", "answer_tokens", 16, 2000),
    ("generation", "seed", 0, None),
    ("generation", "least_support", 0, 1),
    ("embedded", "context_tokens", 512, 131072),
    ("embedded", "threads", 0, 256),
    ("ollama", "context_tokens", 512, 131072),
    ("ollama", "busy_seconds", 0, None),
    ("ollama", "at_once", 1, 64),
    ("openai", "context_tokens", 512, 131072),
    ("openai", "busy_seconds", 0, None),
    ("openai", "at_once", 1, 64),
    ("page", "port", 1, 65535),
    ("page", "upload_megabytes", 1, 4096),
]


@pytest.mark.parametrize(("section", "key", "lowest", "highest"), BOUNDS)
def test_bounds(section: str, key: str, lowest: float, highest: float | None) -> None:
    for value in (lowest, highest if highest is not None else 10**9):
        found = load_settings(**{section: {key: value}})
        assert getattr(getattr(found, section), key) == value
    outside = [lowest - 1] + ([highest + 1] if highest is not None else [])
    for value in outside:
        with pytest.raises(SettingsError, match=f"{section}.{key}: Input should be"):
            load_settings(**{section: {key: value}})


WAITS = [
    ("evidence", "first_word_seconds"),
    ("ollama", "connect_seconds"),
    ("ollama", "read_seconds"),
    ("openai", "connect_seconds"),
    ("openai", "read_seconds"),
]


@pytest.mark.parametrize(("section", "key"), WAITS)
def test_a_wait_is_longer_than_nothing(section: str, key: str) -> None:
    assert getattr(getattr(load_settings(**{section: {key: 0.01}}), section), key) == 0.01
    with pytest.raises(SettingsError, match=f"{section}.{key}: Input should be greater than 0"):
        load_settings(**{section: {key: 0}})


def test_every_number_has_bounds() -> None:
    checked = {(section, key) for section, key, _, _ in BOUNDS}
    checked |= set(WAITS)
    unset = {("evidence", "budget_tokens"), ("ollama", "context_tokens")}
    numbers = {
        (section, key)
        for section, field in Settings.model_fields.items()
        if isinstance(field.default, Section)
        for key, value in field.default
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }
    assert numbers | unset == checked


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings(backend="cloud", page={"port": 0})
    assert "backend: " in str(raised.value)
    assert "page.port: " in str(raised.value)


def test_settings_are_frozen() -> None:
    found = load_settings()
    with pytest.raises(ValidationError, match="frozen"):
        found.model = "x"
    with pytest.raises(ValidationError, match="frozen"):
        found.index.passage_words = 20


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def test_names_cover_every_setting() -> None:
    names = list(setting_names())
    settings = flatten(load_settings().model_dump())
    assert [name for name, _, _ in names] == list(settings)
    for name, default, meaning in names:
        assert meaning.endswith("."), name
        if name != "models_folder":  # which depends on the machine
            assert default == settings[name], name


ODD_VALUES = {
    "page.keep_questions": "false",
    "page.open_to_all": "true",
    "backend": "openai",
    "retrieval.lexical_weight": "1",
    "retrieval.rerank_weight": "1",
    "generation.least_support": "1",
    "embedded.context_tokens": "600",
    "evidence.first_word_seconds": "2",
    "ollama.context_tokens": "600",
    "ollama.at_once": "2",
    "ollama.allow_cloud": "true",
    "openai.context_tokens": "600",
    "openai.at_once": "2",
    "ollama.preference": '["a"]',
}


@pytest.mark.parametrize("name", [name for name, _, _ in setting_names()])
def test_each_name_is_a_variable(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    default = flatten(load_settings().model_dump())
    value = ODD_VALUES.get(name, "100")
    monkeypatch.setenv("DATELINE_" + name.replace(".", "__").upper(), value)
    loaded = flatten(load_settings().model_dump())
    assert [key for key in loaded if loaded[key] != default[key]] == [name]
