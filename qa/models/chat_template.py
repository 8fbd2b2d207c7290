"""A model's chat template for Ollama: from the Jinja in its GGUF file to Go's template language.

A server that knows no template gives the model the bare prompt, and the system message is lost
without a word. So the Jinja is rendered with words of ours, and what stands between them is the
template: right for every family that puts its marks around the messages, and checked on
conversations that it wasn't read from. Where the Jinja does more than that, nothing is guessed.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from index.errors import ModelFileError
from qa.models.gguf import Metadata

# Marks of a template: <|im_end|>, </s>, <start_of_turn>, [INST]. Whatever ends an answer or begins
# another's turn stops the model.
MARK = re.compile(r"<[^<>\s]{1,60}>|\[/?[A-Z_]{2,40}\]")
# What may go wrong in a program of somebody else's, which a Jinja template is.
FAILURES = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
GIVE_ONE = "Give one in Go's template language, as Ollama takes it, with --template FILE."
FOLDED = "\n\n"  # between the system's words and the user's where the two are one message

SYSTEM, FIRST, REPLY, SECOND, LATER, LAST = (
    f"{name}-words" for name in ("system", "first", "reply", "second", "later", "last")
)
Talk = tuple[tuple[str, str], ...]
WITHOUT_SYSTEM: Talk = (("user", FIRST), ("assistant", REPLY), ("user", SECOND))
LONG: Talk = (*WITHOUT_SYSTEM, ("assistant", LATER), ("user", LAST))
OPENING: Talk = (("system", SYSTEM),)


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """A template as Ollama takes it, and the texts at which the model stops."""

    text: str
    stops: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands before, between and after the messages of a conversation."""

    system: str  # before the system's message
    after_system: str  # up to the user's
    start: str  # before the user's first message where there is none of the system
    after_user: str  # up to an earlier answer
    after_reply: str  # up to the user's next message
    opening: str  # after the user's last message: here the model writes

    def render(self, talk: Talk) -> str:
        """The prompt that this frame makes of a conversation."""
        after = {
            "system": self.after_system,
            "user": self.after_user,
            "assistant": self.after_reply,
        }
        text = self.system if talk[0][0] == "system" else self.start
        for role, content in talk[:-1]:
            text += content + after[role]
        return text + talk[-1][1] + self.opening


def template_of(metadata: Metadata) -> ChatTemplate:
    """The template that a GGUF file brings along. Raises ModelFileError where it has none."""
    jinja = metadata.get("tokenizer.chat_template")
    if not isinstance(jinja, str) or not jinja.strip():
        raise ModelFileError(
            f"The file holds no chat template: it may be a model that only makes embeddings. "
            f"{GIVE_ONE}"
        )
    begin, end = token(metadata, "bos"), token(metadata, "eos")
    frame = _read_frame(jinja, begin=begin, end=end)
    # Ollama puts the first token there itself, unless the file says otherwise.
    own = begin if metadata.get("tokenizer.ggml.add_bos_token", True) else ""
    return ChatTemplate(_in_go(frame, own=own), _stops(frame.after_reply, end))


def template_from(text: str, metadata: Metadata) -> ChatTemplate:
    """A template of the user's own. Raises ModelFileError where it would lose the instructions."""
    if ".Messages" not in text and ".System" not in text:
        raise ModelFileError(
            "This template has no place for the instructions: it needs {{ .System }} or a loop "
            "over .Messages. Correct it, or leave it out to take the file's own."
        )
    end = token(metadata, "eos")
    return ChatTemplate(text, (end,) if end else ())


def token(metadata: Metadata, name: str) -> str:
    """The text of the file's `bos` or `eos` token; empty where it names none."""
    number = metadata.get(f"tokenizer.ggml.{name}_token_id")
    tokens = metadata.get("tokenizer.ggml.tokens")
    if isinstance(number, int) and isinstance(tokens, tuple) and number < len(tokens):
        return str(tokens[number])
    return ""


def _read_frame(jinja: str, *, begin: str, end: str) -> Frame:
    """The frame, with the system's message where the Jinja puts it, or before the user's first.

    Some templates (Gemma 2, the first of Mistral) refuse a system message, or leave it out.
    """
    problem = ""
    for fold in (False, True):
        try:
            frame = _observe(_Renderer(jinja, begin, end), fold=fold)
        except FAILURES as error:
            problem = problem or str(error)
            continue
        return frame
    raise ModelFileError(
        f"The file's chat template can't be brought to Ollama ({problem}). {GIVE_ONE}"
    )


class _Renderer:
    """The Jinja as transformers and llama.cpp render it, without tools and without thinking."""

    def __init__(self, jinja: str, begin: str, end: str) -> None:
        # A file may come from anywhere: its template runs in Jinja's sandbox.
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
        environment.globals["raise_exception"] = _refuse
        # Today's date would be frozen into the template.
        environment.globals["strftime_now"] = lambda _: ""
        self._template = environment.from_string(jinja)
        self._words: dict[str, Any] = {
            "bos_token": begin,
            "eos_token": end,
            "date_string": "",
            "enable_thinking": False,
            "thinking": False,
        }

    def render(self, talk: Talk) -> str:
        messages = [{"role": role, "content": content} for role, content in talk]
        return self._template.render(messages=messages, add_generation_prompt=True, **self._words)


def _observe(renderer: _Renderer, *, fold: bool) -> Frame:
    """The frame that a template makes. Raises ValueError where it isn't one."""
    start, opening = _around(renderer.render(WITHOUT_SYSTEM[:1]), [FIRST])
    talk = WITHOUT_SYSTEM if fold else OPENING + WITHOUT_SYSTEM
    pieces = _around(renderer.render(talk), [content for _, content in talk])
    if fold:
        pieces = [pieces[0], FOLDED, *pieces[1:]]
    system, after_system, after_user, after_reply, last = pieces
    frame = Frame(system, after_system, start, after_user, after_reply, last)
    checked: list[Talk] = [WITHOUT_SYSTEM[:1], WITHOUT_SYSTEM, LONG]
    if not fold:
        checked += [OPENING + WITHOUT_SYSTEM[:1], OPENING + LONG]
    if opening != last or any(frame.render(each) != renderer.render(each) for each in checked):
        raise ValueError("it treats some messages unlike others")
    return frame


def _around(text: str, contents: Sequence[str]) -> list[str]:
    """What stands before, between and after `contents`, each of which stands there once."""
    places = [text.find(content) for content in contents]
    if -1 in places or any(text.count(content) > 1 for content in contents):
        raise ValueError("it leaves out a message, or says it twice")
    if any(one > other for one, other in pairwise(places)):
        raise ValueError("it changes the order of the messages")
    ends = [0, *(place + len(content) for place, content in zip(places, contents, strict=True))]
    return [text[one:other] for one, other in zip(ends, [*places, len(text)], strict=True)]


def _in_go(frame: Frame, *, own: str) -> str:
    after_user, opening = _literal(frame.after_user), _literal(frame.opening)
    if after_user != opening:
        # The text after the last message, and after each other.
        after_user = (
            "{{ if eq (len (slice $.Messages $i)) 1 }}" + opening + "{{ else }}" + after_user
        ) + "{{ end }}"
    system = _literal(frame.system.removeprefix(own)), _literal(frame.after_system)
    start = _literal(frame.start.removeprefix(own))
    return (
        "{{ range $i, $_ := .Messages }}"
        '{{ if eq .Role "system" }}' + "{{ .Content }}".join(system) + ""
        '{{ else if eq .Role "assistant" }}{{ .Content }}' + _literal(frame.after_reply) + ""
        "{{ else }}{{ if eq $i 0 }}" + start + "{{ end }}{{ .Content }}" + after_user + ""
        "{{ end }}{{ end }}"
    )


def _literal(text: str) -> str:
    """Text as Go's templates have it: as it is, unless a brace could be taken for theirs."""
    return f"{{{{ {json.dumps(text, ensure_ascii=False)} }}}}" if "{" in text else text


def _stops(after_reply: str, end: str) -> tuple[str, ...]:
    """What ends an answer; without any marks, the words that begin the user's next message."""
    marks = MARK.findall(after_reply) or after_reply.strip().splitlines()[:1]
    return tuple(dict.fromkeys(mark for mark in [*marks, end] if mark))


def _refuse(message: str) -> None:
    raise jinja2.TemplateError(message)
