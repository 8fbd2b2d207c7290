"""The settings tree: what can be set, its default, its bounds and what it means.

Order of precedence: defaults < `dateline.toml` < `DATELINE_*` environment < command line.
Settings are data. A stage is given its own section, never the whole tree.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from index.errors import SettingsError

CONFIG_FILE = Path("dateline.toml")
ENVIRONMENT_PREFIX = "DATELINE_"
SECTION_DELIMITER = "__"

Backend = Literal["auto", "ollama", "embedded", "openai"]


class Section(BaseModel):
    """A frozen group of settings that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class IndexSettings(Section):
    """How articles become passages and vectors. A change builds another index beside the old."""

    passage_words: int = Field(70, ge=10, le=400, description="Longest passage, in words.")
    embedding_model: str = Field(
        "all-MiniLM-L6-v2",
        description="Embedding model: a catalogue name, or a folder for sentence-transformers.",
    )
    embedding_batch: int = Field(32, ge=1, le=1024, description="Passages embedded at once.")


class RetrievalSettings(Section):
    """How passages are ranked."""

    passages: int = Field(16, ge=1, le=200, description="Passages kept for the evidence.")
    lexical_weight: float = Field(
        0.4, ge=0, le=1, description="Share of BM25 in the fused score; the rest is the vectors'."
    )
    rerank_passages: int = Field(
        50, ge=0, le=200, description="Passages that are reranked; 0 leaves the fused order."
    )
    rerank_weight: float = Field(
        0.5, ge=0, le=1, description="Share of the reranker in the score; the rest is the fused."
    )
    cross_encoder: str | None = Field(
        None,
        description="Folder of a cross-encoder for sentence-transformers to rerank with; "
        "without it, late interaction.",
    )


class EvidenceSettings(Section):
    """How much the language model is given to read."""

    budget_tokens: int = Field(
        170, ge=60, le=8000, description="Most tokens of evidence in a prompt."
    )


class GenerationSettings(Section):
    """How the language model writes."""

    answer_tokens: int = Field(120, ge=16, le=2000, description="Longest answer, in tokens.")
    seed: int = Field(7, ge=0, description="Seed of the sampler (temperature is always 0).")
    least_support: float = Field(
        0.6,
        ge=0,
        le=1,
        description="What is less likely right than this is not given as an answer.",
    )


class EmbeddedSettings(Section):
    """The llama.cpp model that runs inside Dateline's own process."""

    context_tokens: int = Field(
        2048, ge=512, le=131072, description="Context given to the embedded model."
    )
    threads: int = Field(0, ge=0, le=256, description="Threads; 0 takes every core.")


class OllamaSettings(Section):
    """The model served by Ollama."""

    context_tokens: int = Field(
        4096, ge=512, le=131072, description="Context asked of Ollama; fixed for a model."
    )
    connect_seconds: float = Field(5, gt=0, description="Longest wait for a connection.")
    read_seconds: float = Field(600, gt=0, description="Longest wait for the next words.")
    keep_alive: str = Field("30m", description="How long Ollama keeps the model loaded.")
    preference: tuple[str, ...] = Field(
        (
            "qwen2.5:3b-instruct",
            "qwen2.5:7b-instruct",
            "llama3.2:3b",
            "llama3.1:8b",
            "gemma3:4b",
            "mistral:7b-instruct",
            "qwen2.5:1.5b-instruct",
            "qwen2.5-coder:1.5b",
        ),
        description="Models that `auto` may take from Ollama, best first.",
    )


class PageSettings(Section):
    """Where the page is served, and what it keeps."""

    port: int = Field(7860, ge=1, le=65535, description="Port of the page on 127.0.0.1.")
    keep_questions: bool = Field(
        True,
        description="Keep the page's last 1,000 questions with their answers, on this machine.",
    )


def default_models_folder() -> Path:
    """The cache folder for model files, as the platform names it."""
    return Path(platformdirs.user_cache_dir("dateline")) / "models"


class Settings(BaseSettings):
    """The root of the tree."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter=SECTION_DELIMITER,
    )

    config_file: ClassVar[Path] = CONFIG_FILE

    articles: Path = Field(Path("articles"), description="Folder of articles.")
    store: str | None = Field(
        None, description="Folder of the store; without it, one store an articles folder."
    )
    backend: Backend = Field("auto", description="Who runs the language model.")
    model: str | None = Field(
        None, description="Language model; without it, the backend's default."
    )
    url: str | None = Field(None, description="Model server; without it, OLLAMA_HOST.")
    models_folder: Path = Field(
        default_factory=default_models_folder, description="Where model files are kept."
    )

    index: IndexSettings = IndexSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    generation: GenerationSettings = GenerationSettings()
    embedded: EmbeddedSettings = EmbeddedSettings()
    ollama: OllamaSettings = OllamaSettings()
    page: PageSettings = PageSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line (as keyword arguments) over environment over file."""
        return (
            init_settings,
            env_settings,
            TomlConfigSettingsSource(settings_cls, toml_file=cls.config_file),
        )


def setting_names() -> Iterator[tuple[str, Any, str]]:
    """Every setting as (dotted name, default, meaning), in the order of the tree."""
    for name, field in Settings.model_fields.items():
        section = field.default
        if isinstance(section, Section):
            for key, inner in type(section).model_fields.items():
                yield f"{name}.{key}", getattr(section, key), inner.description or ""
        else:
            yield name, field.default, field.description or ""


def settings_table() -> str:
    """Every setting as a Markdown table, for the README and `dateline settings`."""
    rows = ["| setting | default | meaning |", "| --- | --- | --- |"]
    for name, default, meaning in setting_names():
        if isinstance(default, tuple):
            shown = ", ".join(str(item) for item in default)
        elif name == "models_folder":
            shown = "the platform's cache folder"
        else:
            shown = "" if default is None else str(default)
        rows.append(f"| `{name}` | {shown} | {meaning} |")
    return "\n".join(rows)


def load_settings(config: Path | None = None, **overrides: Any) -> Settings:
    """Settings from file, environment and `overrides` (those that are None are left out).

    Raises SettingsError for a missing or broken file, an unknown key or a value out of bounds.
    """
    if config is not None and not config.is_file():
        raise SettingsError(f"There is no settings file at {config}. Check the path.")
    _refuse_unknown_environment()

    class Configured(Settings):
        config_file: ClassVar[Path] = config or CONFIG_FILE

    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        loaded = Configured(**given)
    except ValidationError as error:
        raise SettingsError(_readable(error)) from error
    except ValueError as error:  # a TOML file that doesn't parse, or JSON in the environment
        raise SettingsError(f"The settings can't be read: {error}") from error
    return loaded


def _refuse_unknown_environment() -> None:
    known = {name.replace(".", SECTION_DELIMITER).upper() for name, _, _ in setting_names()}
    known |= {name.upper() for name in Settings.model_fields}
    for variable in os.environ:
        name = variable.removeprefix(ENVIRONMENT_PREFIX)
        if name != variable and name.upper() not in known:
            raise SettingsError(
                f"The environment variable {variable} is not a setting. "
                "The README lists the settings; remove it or correct its name."
            )


def _readable(error: ValidationError) -> str:
    problems = [
        f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
        for problem in error.errors()
    ]
    return "These settings can't be used. " + "; ".join(problems) + "."
