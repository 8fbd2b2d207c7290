"""The panel "Model": who answers, what the Ollama server has, and fetching a model."""
