"""Tiny GGUF files, written from the format's description and not with our reader."""

import struct
from pathlib import Path
from typing import Any

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
CHAT: dict[str, Any] = {
    "general.architecture": "qwen2",
    "tokenizer.ggml.tokens": ("a", "<|im_end|>"),
    "tokenizer.ggml.eos_token_id": 1,
    "tokenizer.chat_template": CHATML,
}
TENSORS = b"\x07" * 3000


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def typed(value: Any) -> tuple[int, bytes]:
    """The number of a value's kind, and its bytes."""
    match value:
        case bool():
            return 7, struct.pack("<?", value)
        case int():
            return (11, struct.pack("<q", value)) if value < 0 else (4, struct.pack("<I", value))
        case float():
            return 12, struct.pack("<d", value)
        case str():
            return 8, text(value)
        case tuple():
            items = [typed(each) for each in value]
            kind = items[0][0] if items else 4
            data = b"".join(each for _, each in items)
            return 9, struct.pack("<IQ", kind, len(items)) + data
    raise TypeError(value)


def header(metadata: dict[str, Any], *, version: int = 3, count: int | None = None) -> bytes:
    keys = b"".join(
        text(key) + struct.pack("<I", kind) + data
        for key, (kind, data) in ((key, typed(value)) for key, value in metadata.items())
    )
    counts = struct.pack("<IQQ", version, 0, len(metadata) if count is None else count)
    return b"GGUF" + counts + keys


def write_gguf(path: Path, metadata: dict[str, Any] | None = None) -> Path:
    """A file with this header, or with that of a chat model."""
    path.write_bytes(header(CHAT if metadata is None else metadata) + TENSORS)
    return path
