"""The sections of the settings: for each stage what can be set, its default, bounds and meaning."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr


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
    upload_megabytes: int = Field(
        50, ge=1, le=4096, description="Largest file that the page takes, in megabytes."
    )
    keep_questions: bool = Field(
        True,
        description="Keep the page's conversations and its last 1,000 questions, on this machine.",
    )
