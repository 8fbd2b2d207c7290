"""Turns a folder of articles into a searchable store. Knows nothing of questions."""
