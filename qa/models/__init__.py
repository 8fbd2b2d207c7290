"""The language models, one module a backend, each behind LlamaIndex's `LLM`."""
