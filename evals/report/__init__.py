"""What a run found, for people: `report.html`, and the same in a terminal.

numbers (how a value is written) → tables (systems side by side) → console
questions (each question with all that is known of it), plots    → html
"""
