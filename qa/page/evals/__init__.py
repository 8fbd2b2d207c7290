"""The room "Evals": how right the answers are, as last measured."""
