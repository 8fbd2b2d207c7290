"""The settings tree: what can be set, its default, its bounds and what it means.

Order of precedence: defaults < `dateline.toml` < `DATELINE_*` environment < command line.
Settings are data. A stage is given its own section, never the whole tree.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

import platformdirs
from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from index.errors import SettingsError
from index.sections import (
    EmbeddedSettings,
    EvidenceSettings,
    GenerationSettings,
    IndexSettings,
    OllamaSettings,
    OpenAISettings,
    PageSettings,
    RetrievalSettings,
    Section,
)

CONFIG_FILE = Path("dateline.toml")
ENVIRONMENT_PREFIX = "DATELINE_"
SECTION_DELIMITER = "__"

Backend = Literal["auto", "ollama", "embedded", "openai"]


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
