"""A conversation to keep: Markdown to read, and JSON by which each quote can be audited later.

The JSON has every answer as `dateline ask --json` gives it, and the SHA-256 of each cited file as
it was when the answer was given. Nothing of what is read back is trusted: `audit` looks up every
quote in the file that it names.
"""

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from index.articles import Article, read_articles
from index.errors import ArticlesError, InputError
from index.files import BadFile
from qa.answer import Answer, Citation

FORMAT = "dateline-conversation-1"
NOT_IN_ARTICLES = "The articles don't say."
# What Markdown would make something of, anywhere, as an address, and at a line's beginning.
MARKED = re.compile(r"[\\`*_\[\]|~@]|:(?=//)|(?<=www)\.|^[#+=-]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")

Verdict = Literal["as it was", "moved", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class CitedFile:
    """The file of an article: its path inside the folder, and what it was."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was exported. `files` are those of the cited articles, by article id."""

    format: str
    exported: str
    files: dict[str, CitedFile]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Audited:
    """A citation and what has become of it.

    "as it was": the words stand where they stood; "moved": elsewhere in the article; "changed": the
    article no longer has them; "gone": there is no such article. `same_file` says whether the file
    is the one that the answer was made from, byte by byte.
    """

    citation: Citation
    verdict: Verdict
    same_file: bool


_EXPORTED = TypeAdapter(Conversation)


def conversation(answers: Sequence[Answer], articles: Sequence[Article]) -> Conversation:
    """What is to be exported of a conversation over these articles."""
    cited = {each.article_id for answer in answers for each in answer.citations}
    return Conversation(
        format=FORMAT,
        exported=datetime.now(UTC).isoformat(timespec="seconds"),
        files={each.id: CitedFile(each.path, each.sha256) for each in articles if each.id in cited},
        answers=tuple(answers),
    )


def to_json(exported: Conversation) -> str:
    """The conversation as JSON, which `from_json` takes."""
    plain = {
        "format": exported.format,
        "exported": exported.exported,
        "files": {key: asdict(file) for key, file in exported.files.items()},
        "answers": [answer.to_dict() for answer in exported.answers],
    }
    return json.dumps(plain, ensure_ascii=False, indent=1) + "\n"


def from_json(written: str | bytes) -> Conversation:
    """The conversation that `to_json` wrote. Raises InputError for anything else."""
    try:
        found = _EXPORTED.validate_json(written)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"This is no conversation that Dateline exported: {place or 'it'}: {first['msg']}."
        ) from error
    if found.format != FORMAT:
        raise InputError(
            f"This conversation was exported in another format, {found.format!r}. "
            f"This version of Dateline reads {FORMAT!r}."
        )
    return replace(found, answers=tuple(_with_sources(answer) for answer in found.answers))


def to_markdown(exported: Conversation) -> str:
    """The conversation to read: each answer with its numbered sources, quoted in full."""
    return "\n".join(_written(answer, exported.files) for answer in exported.answers)


def audit(exported: Conversation, folder: Path) -> Iterator[Audited]:
    """Each citation, held to the articles in `folder` as they are now."""
    kept: dict[str, dict[str, Article]] = {}
    for answer in exported.answers:
        for each in answer.citations:
            file = exported.files.get(each.article_id)
            path = file.path if file else ""
            if path not in kept:
                kept[path] = _articles_of(folder, path)
            article = kept[path].get(each.article_id)
            same_file = bool(article and file and article.sha256 == file.sha256)
            yield Audited(each, _verdict(each, article), same_file)


def _with_sources(answer: Answer) -> Answer:
    """The answer with what its JSON says by numbers: the citations of each sentence."""
    numbered = {each.number: each for each in answer.citations}
    lines = (
        replace(line, sources=tuple(numbered[each] for each in line.citations if each in numbered))
        for line in answer.sentences
    )
    return replace(answer, sentences=tuple(lines))


def _verdict(citation: Citation, article: Article | None) -> Verdict:
    if article is None:
        return "gone"
    if article.text[citation.start : citation.end] == citation.quote:
        return "as it was"
    return "moved" if citation.quote in article.text else "changed"


def _articles_of(folder: Path, path: str) -> dict[str, Article]:
    try:
        inside = (folder / path).resolve().is_relative_to(folder.resolve())
        # What an export says is no reason to open other files.
        found = tuple(read_articles(folder, path)) if path and inside else ()
    except (ArticlesError, OSError, ValueError):
        return {}
    return {each.id: each for each in found if not isinstance(each, BadFile)}


def _written(answer: Answer, files: Mapping[str, CitedFile]) -> str:
    parts = [f"## {_inert(answer.question)}"]
    if answer.standalone_question.strip() != answer.question.strip():
        parts.append(f"Understood as: {_inert(answer.standalone_question)}")
    parts.append(_inert(answer.text) if answer.sentences else NOT_IN_ARTICLES)
    if answer.reason:
        parts.append(_inert(answer.reason))
    parts += [_source(each, files) for each in answer.citations if each.number is not None]
    return "\n\n".join(parts) + "\n"


def _source(citation: Citation, files: Mapping[str, CitedFile]) -> str:
    known = (citation.title, citation.outlet, citation.published)
    named = " · ".join(_inert(part) for part in known if part)
    quote = "\n".join(f"> {_inert(line)}" for line in citation.quote.splitlines() or [""])
    file = files.get(citation.article_id)
    place = _inert(file.path if file else citation.article_path)
    hashed = f", SHA-256 {file.sha256}" if file else ""
    at = f"characters {citation.start} to {citation.end}"
    return f"\\[{citation.number}\\] {named}\n\n{quote}\n\n{place}, {at}{hashed}"


def _inert(text: str) -> str:
    """Text that Markdown shows as it is: no link, no image, no tag, on one line."""
    return MARKED.sub(r"\\\g<0>", html.escape(" ".join(text.split()), quote=False))
