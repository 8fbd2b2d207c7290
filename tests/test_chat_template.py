"""Chat templates for Ollama: each renders conversations as the Jinja of its file does."""

import re

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from index.errors import ModelFileError
from qa.models.chat_template import LAST, ChatTemplate, template_from, template_of
from qa.models.gguf import Metadata

TURNS = [
    {"role": "system", "content": "Keep to the articles."},
    {"role": "user", "content": "Who?"},
    {"role": "assistant", "content": "Ada Lund."},
    {"role": "user", "content": "When?"},
    {"role": "assistant", "content": "On Monday."},
    {"role": "user", "content": "Why {{ .System }}?"},
]
ROLES = "{% for m in messages %}{{ '<|' + m.role + '|>\\n' + m.content + END }}{% endfor %}"
OPENING = "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('No system') }}{% endif %}"
# In the shapes that the families of models have, in words of our own.
CHATML = (
    "{% if messages[0].role != 'system' %}<|im_start|>system\nBe kind.<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA_3 = (
    "{{ bos_token }}<|head|>system<|/head|>\n\nToday: {{ strftime_now('%d %b %Y') }}\n\n"
    "{% if messages[0].role == 'system' %}{{ messages[0].content | trim }}"
    "{% set messages = messages[1:] %}{% endif %}<|eot|>"
    "{% for m in messages %}<|head|>{{ m.role }}<|/head|>\n\n{{ m.content | trim }}<|eot|>"
    "{% endfor %}{% if add_generation_prompt %}<|head|>assistant<|/head|>\n\n{% endif %}"
)
GEMMA = (
    "{{ bos_token }}" + NO_SYSTEM + "{% for m in messages %}"
    "<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{{ m.content }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
GEMMA_3 = (
    "{{ bos_token }}{% set first = '' %}{% if messages[0].role == 'system' %}"
    "{% set first = messages[0].content + '\n\n' %}{% set messages = messages[1:] %}{% endif %}"
    "{% for m in messages %}<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{{ (first if loop.first else '') + m.content }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
LLAMA_2 = (
    "{% if messages[0].role == 'system' %}{% set first = messages[0].content %}"
    "{% set messages = messages[1:] %}{% endif %}{% for m in messages %}"
    "{% if m.role == 'user' %}{{ bos_token }}[INST] {% if loop.first and first %}<<SYS>>\n"
    "{{ first }}\n<</SYS>>\n\n{% endif %}{{ m.content }} [/INST]"
    "{% else %} {{ m.content }} {{ eos_token }}{% endif %}{% endfor %}"
)
MISTRAL = (  # the system's words stand before the user's last ones
    "{{ bos_token }}{% if messages[0].role == 'system' %}{% set first = messages[0].content %}"
    "{% set messages = messages[1:] %}{% endif %}{% for m in messages %}{% if m.role == 'user' %}"
    "[INST] {{ first + '\n\n' if loop.last and first }}{{ m.content }}[/INST]"
    "{% else %} {{ m.content }}{{ eos_token }}{% endif %}{% endfor %}"
)
THINKING = (
    CHATML.replace("assistant\n' }}", "assistant\n' }}{% if enable_thinking %}<think>{% endif %}")
    + "{% if not enable_thinking and add_generation_prompt %}<think>\n\n</think>\n\n{% endif %}"
)
LEFT_OUT = ROLES.replace("{{", "{% if m.role != 'system' %}{{").replace("}}", "}}{% endif %}")


def metadata(jinja: str, *, adds_begin: bool | None = None) -> Metadata:
    found: Metadata = {
        "tokenizer.chat_template": jinja,
        "tokenizer.ggml.tokens": ("<unk>", "<s>", "</s>"),
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
    }
    return found if adds_begin is None else found | {"tokenizer.ggml.add_bos_token": adds_begin}


def in_jinja(go: str) -> str:
    """The same template in Jinja: only what ours are made of is understood."""
    ends: list[str] = []

    def translate(action: str) -> str:
        if action.startswith("range"):
            ends.append("endfor")
            return "{% for m in messages %}"
        if action == "end":
            return f"{{% {ends.pop()} %}}"
        if action.startswith("if "):
            ends.append("endif")
        conditions = {
            'if eq .Role "system"': "{% if m.role == 'system' %}",
            'else if eq .Role "assistant"': "{% elif m.role == 'assistant' %}",
            "if eq $i 0": "{% if loop.first %}",
            "if eq (len (slice $.Messages $i)) 1": "{% if loop.last %}",
            "else": "{% else %}",
            ".Content": "{{ m.content }}",
        }
        return conditions.get(action, f"{{{{ {action} }}}}")

    return re.sub(r"\{\{ (.*?) \}\}", lambda found: translate(found[1]), go)


def render(jinja: str, messages: list[dict[str, str]]) -> str:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    words = {"bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True}
    return environment.from_string(jinja).render(
        messages=messages, strftime_now=lambda _: "", raise_exception=lambda _: None, **words
    )


@pytest.mark.parametrize(
    ("jinja", "stops"),
    [
        pytest.param(CHATML, ("<|im_end|>", "<|im_start|>", "</s>"), id="chatml"),
        pytest.param(LLAMA_3, ("<|eot|>", "<|head|>", "<|/head|>", "</s>"), id="llama-3"),
        pytest.param(GEMMA_3, ("<end_of_turn>", "<start_of_turn>", "</s>"), id="gemma-3"),
        pytest.param(LLAMA_2, ("</s>", "<s>", "[INST]"), id="llama-2"),
        pytest.param(THINKING, ("<|im_end|>", "<|im_start|>", "</s>"), id="thinking"),
        pytest.param(
            ROLES.replace("END", "eos_token + '\\n'") + OPENING, ("</s>", "<|user|>"), id="zephyr"
        ),
        pytest.param(
            ROLES.replace("END", "'{{<|end|>'") + OPENING,
            ("<|end|>", "<|user|>", "</s>"),
            id="braces",
        ),
    ],
)
def test_a_template_renders_as_its_jinja_does(jinja: str, stops: tuple[str, ...]) -> None:
    made = template_of(metadata(jinja, adds_begin=False))
    assert made.stops == stops
    for talk in (TURNS, TURNS[:2], TURNS[:4], TURNS[1:], TURNS[1:2]):
        assert render(in_jinja(made.text), talk) == render(jinja, talk)


@pytest.mark.parametrize("jinja", [GEMMA, MISTRAL, LEFT_OUT.replace("END", "'\\n'") + OPENING])
def test_where_the_system_has_no_place_its_words_begin_the_users(jinja: str) -> None:
    go = in_jinja(template_of(metadata(jinja, adds_begin=False)).text)
    one = {"role": "user", "content": f"{TURNS[0]['content']}\n\n{TURNS[1]['content']}"}
    for rest in (TURNS[2:4], []):
        assert render(go, [*TURNS[:2], *rest]) == render(jinja, [one, *rest])
        assert render(go, [TURNS[1], *rest]) == render(jinja, [TURNS[1], *rest])


@pytest.mark.parametrize(("adds", "there"), [(None, False), (True, False), (False, True)])
def test_the_first_token_is_not_said_twice(adds: bool | None, there: bool) -> None:
    made = template_of(metadata(LLAMA_3, adds_begin=adds))
    assert ("<s>" in made.text) == there


def test_the_template_of_the_default_models_family() -> None:
    made = template_of(metadata(CHATML))
    assert made == ChatTemplate(
        '{{ range $i, $_ := .Messages }}{{ if eq .Role "system" }}<|im_start|>system\n'
        "{{ .Content }}<|im_end|>\n<|im_start|>user\n"
        '{{ else if eq .Role "assistant" }}{{ .Content }}<|im_end|>\n<|im_start|>user\n'
        "{{ else }}{{ if eq $i 0 }}<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\n"
        "{{ end }}{{ .Content }}<|im_end|>\n<|im_start|>assistant\n{{ end }}{{ end }}",
        ("<|im_end|>", "<|im_start|>", "</s>"),
    )


@pytest.mark.parametrize(
    ("jinja", "reason"),
    [
        (None, "holds no chat template"),
        ("  ", "holds no chat template"),
        ("{% for", "can't be brought to Ollama"),
        ("{{ nothing.there.at_all }}", "can't be brought to Ollama"),
        ("{{ messages[-1].content }}", "it leaves out a message"),
        ("{{ messages[0].content }}{{ messages[0].content }}", "says it twice"),
        ("{% for m in messages | reverse %}{{ m.content }}{% endfor %}", "changes the order"),
        (f"{CHATML}{{{{ messages | length }}}}", "unlike others"),
        (f"{CHATML}{{% if messages[-1].content == '{LAST}' %}}!{{% endif %}}", "unlike others"),
        ("{{ 1 // 0 }}", "can't be brought to Ollama"),
        ("{{ ''.__class__.__mro__ }}", "can't be brought to Ollama"),
    ],
)
def test_nothing_is_guessed(jinja: str | None, reason: str) -> None:
    with pytest.raises(ModelFileError, match=reason) as raised:
        template_of(metadata(jinja) if jinja is not None else {})
    assert "--template FILE" in str(raised.value)


def test_a_template_of_the_users_own() -> None:
    text = "{{ .System }} {{ .Prompt }}"
    assert template_from(text, metadata(CHATML)) == ChatTemplate(text, ("</s>",))
    assert template_from(text, {}) == ChatTemplate(text, ())
    with pytest.raises(ModelFileError, match="no place for the instructions"):
        template_from("{{ .Prompt }}", {})
