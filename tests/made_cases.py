"""Gold cases about the three articles of conftest.py, and what a model may say to them."""

from datetime import date

from evals.gold import GoldCase, GoldEvidence

PASSENGERS = GoldCase(
    id="fact-1",
    kind="fact",
    question="How many passengers were aboard the Aurelia?",
    answers=(("212",),),
    evidence=(GoldEvidence("ferry.md", "with 212 passengers"),),
)
CAPTAIN = GoldCase(
    id="follow-up-1",
    kind="follow-up",
    question="Who was its captain?",
    history=("Which ferry left Port Hale on Monday?",),
    answers=(("Jon Ferris",),),
    evidence=(GoldEvidence("ferry.md", "Captain Jon Ferris"),),
    as_of=date(2025, 3, 4),
)
PRICE = GoldCase(
    id="unanswerable-1", kind="unanswerable", question="How much did the cutter Merel cost?"
)
RIGHT = "The Aurelia left with 212 passengers."
REFUSAL = "NOT IN THE ARTICLES"
