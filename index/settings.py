"""The settings tree: what can be set, its default, its bounds and what it means.

Order of precedence: defaults < `dateline.toml` < `DATELINE_*` environment < command line.
Settings are data. A stage is given its own section, never the whole tree.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
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
    embedding_threads: int = Field(
        0, ge=0, le=256, description="Processor cores that embed passages; 0 takes all."
    )


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

    budget_tokens: int | None = Field(
        None,
        ge=60,
        le=8000,
        description="Most tokens of evidence in a prompt; without it, 170 for the embedded model, "
        "and what a server reads in `first_word_seconds`.",
    )
    first_word_seconds: float = Field(
        3, gt=0, le=60, description="How long a server may read evidence before its first word."
    )
    fewest_tokens: int = Field(170, ge=60, le=8000, description="The least such a budget can be.")
    most_tokens: int = Field(2000, ge=60, le=8000, description="The most such a budget can be.")


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


class ServerSettings(Section):
    """How patient Dateline is with a model server."""

    connect_seconds: float = Field(5, gt=0, description="Longest wait for a connection.")
    read_seconds: float = Field(600, gt=0, description="Longest wait for the next words.")
    busy_seconds: float = Field(
        60, ge=0, description="How long a server that is busy loading is asked again."
    )
    at_once: int = Field(
        1, ge=1, le=64, description="Questions given to the server at once; others wait in line."
    )


class OllamaSettings(ServerSettings):
    """The model served by Ollama."""

    context_tokens: int | None = Field(
        None,
        ge=512,
        le=131072,
        description="Context asked of Ollama; without it, what the largest prompt needs, within "
        "the model's limit and memory.",
    )
    keep_alive: str = Field("30m", description="How long Ollama keeps the model loaded.")
    allow_cloud: bool = Field(
        False,
        description="Allow a model that the server passes on to a cloud, if it is named: questions "
        "and passages of your articles then leave this machine.",
    )
    preference: tuple[str, ...] = Field(
        (
            "qwen2.5:3b",
            "qwen2.5:7b",
            "qwen2.5",
            "llama3.2:3b",
            "llama3.2",
            "llama3.1:8b",
            "llama3.1",
            "gemma3:4b",
            "gemma3",
            "mistral:7b",
            "mistral",
            "granite3.3:8b",
            "phi4-mini",
            "qwen2.5:1.5b",
            "qwen2.5-coder:7b",
            "qwen2.5-coder:3b",
            "qwen2.5-coder:1.5b",
        ),
        description="Models that `auto` may take from Ollama, the one to try first at the front.",
    )


class OpenAISettings(ServerSettings):
    """A server that speaks OpenAI's protocol: vLLM, SGLang, llama.cpp, LM Studio."""

    context_tokens: int = Field(
        4096, ge=512, le=131072, description="The model's context, where the server doesn't tell."
    )
    at_once: int = Field(
        4, ge=1, le=64, description="Questions given to the server at once; others wait in line."
    )
    api_key: SecretStr | None = Field(None, description="Key, for a server that asks for one.")


class PageSettings(Section):
    """Where the page is served, and what it keeps."""

    port: int = Field(7860, ge=1, le=65535, description="Port of the page.")
    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="Address that the page listens on; one that other machines reach needs users.",
    )
    users: Path | None = Field(None, description="File of users, from `dateline users add`.")
    open_to_all: bool = Field(
        False, description="Let everyone who reaches the page use it, without logging in."
    )
    keep_questions: bool = Field(
        True,
        description="Keep the page's conversations and its last 1,000 questions, on this machine.",
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
        None,
        description="Folder of the store, or address of a Chroma server (http://host:8000/name); "
        "without it, one store an articles folder.",
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
    openai: OpenAISettings = OpenAISettings()
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
