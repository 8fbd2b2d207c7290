"""Ask the reference systems that need a language model, and store what they say.

python -m evals.references [--gold briefs|town] [--system NAME]... [--limit N] [--model NAME]

What is stored already isn't asked again, so the command may be stopped and run again.
"""

import argparse
import logging
import sys
from collections.abc import Sequence

from evals import EVALS
from evals.gold import BRIEFS, GOLD_SETS, GoldCase, GoldSet
from evals.program import add_model_options
from evals.references import ANSWERS, REFERENCES, StoredAnswers, open_reference
from evals.references.catalogue import OpenReference
from evals.references.citation_engine import CONTEXT_TOKENS
from evals.sample import take_stratified
from index.errors import DatelineError
from index.settings import Settings, load_settings
from qa.desk import Desk, open_desk

log = logging.getLogger(__name__)
STORES = EVALS.parent / ".dateline" / "evals" / "references"
ASKED = tuple(name for name, each in REFERENCES.items() if each.needs_model)
ABOUT = "Ask the reference systems that need a language model, and store what they say."
DONE, FAILED = 0, 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, store, report. Returns the exit code: 1 where a case is still without its answer."""
    given = _parser().parse_args(arguments)
    gold = GOLD_SETS[given.gold]
    try:
        cases = gold.load()
        cases = take_stratified(cases, most=given.limit or len(cases))
        stored = StoredAnswers(ANSWERS / f"{gold.name}.jsonl")
        desk = open_desk(settings=reference_settings(gold, given.backend, given.model))
        failed = [each for name in given.system or ASKED for each in ask(name, desk, cases, stored)]
    except DatelineError as error:
        _tell(str(error))
        return FAILED
    return FAILED if failed else DONE


def reference_settings(gold: GoldSet, backend: str, model: str | None) -> Settings:
    """Settings over a gold set's articles, with room in the context for LlamaIndex's defaults."""
    settings = load_settings(
        articles=gold.articles.resolve(),
        store=str(STORES / gold.name),
        backend=backend,
        model=model,
    )
    wider = {
        name: section.model_copy(
            update={"context_tokens": max(CONTEXT_TOKENS, section.context_tokens or 0)}
        )
        for name, section in (("embedded", settings.embedded), ("ollama", settings.ollama))
    }
    return settings.model_copy(update=wider)


def ask(name: str, desk: Desk, cases: Sequence[GoldCase], stored: StoredAnswers) -> list[str]:
    """Ask one system the cases that it has no answer to; the ids of those that failed."""
    reference = REFERENCES[name]
    left = [case for case in cases if stored.find(reference, case, desk) is None]
    _tell(f"{name}: {len(cases) - len(left)} of {len(cases)} answers are stored.")
    if not left:
        return []
    opened = open_reference(name, desk)
    desk.model.load()  # else the first answer would be charged for it
    failed = []
    for number, case in enumerate(left, start=1):
        outcome = _ask_case(opened, case, desk, stored)
        if outcome is None:
            failed.append(case.id)
        _tell(f"{number}/{len(left)} {name} {case.id} {outcome or 'failed; passed over'}")
    return failed


def _ask_case(
    opened: OpenReference, case: GoldCase, desk: Desk, stored: StoredAnswers
) -> str | None:
    """Answer and store one case; what is to be told of it, None where it failed."""
    try:
        answer = opened.answer(case)
    except DatelineError as error:
        log.warning("%s: %s", case.id, error)
        return None
    except Exception:  # noqa: BLE001 - one case is an edge: the others go on
        log.warning("%s failed.", case.id, exc_info=True)
        return None
    stored.keep(opened.reference, case, desk, answer)
    return f"{answer.seconds:.1f} s{', refused' if answer.refused else ''}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evals.references", description=ABOUT)
    parser.add_argument("--gold", choices=tuple(GOLD_SETS), default=BRIEFS.name)
    parser.add_argument(
        "--system",
        action="append",
        choices=ASKED,
        help="a system to ask (default: all that need a model)",
    )
    parser.add_argument(
        "--limit", type=_count, help="only so many cases, of all kinds, as a run chooses them"
    )
    add_model_options(parser)
    return parser


def _count(given: str) -> int:
    if not given.isdecimal() or int(given) < 1:
        raise argparse.ArgumentTypeError(f"{given} is no number of cases; give 1 or more")
    return int(given)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    logging.basicConfig(format="%(message)s")
    sys.exit(main())
