"""`dateline eval`: runs the evals, compares runs, writes their reports, drafts gold cases."""

import sys
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from evals import DEFAULT_GOLD, DEFAULT_JUDGE, RESULTS
from evals.gold import GOLD_SETS, MAY_LACK_ANSWERS, GoldCase, GoldSet, choose_sets
from evals.results import Layer, Row, Run
from evals.sample import take_stratified
from evals.sets import PublicSet, load_set
from index.errors import InputError
from index.settings import Settings

eval_app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="How right the answers are: run the evals, compare runs, draft gold cases.",
)

RunName = Annotated[str, typer.Argument(help="A run's name, its folder or its report.json.")]
Gold = Annotated[Path | None, typer.Option(help="A gold file, over the folder of --articles.")]

NamedSets = Annotated[
    list[str] | None,
    typer.Option("--gold-set", help="A gold set of ours by name; may be given again."),
]
Outside = Annotated[
    Path | None, typer.Option(help="The articles that the gold set shared is about.")
]


class Measured(StrEnum):
    """The layers that a run can be narrowed down to."""

    RETRIEVAL = "retrieval"
    EXTRACT = "extract"
    ANSWERS = "answers"


@dataclass(frozen=True, slots=True)
class ChosenSet(GoldSet):
    """Cases that are chosen already, whatever else the file has."""

    cases: tuple[GoldCase, ...]

    def load(self) -> tuple[GoldCase, ...]:
        """The chosen cases."""
        return self.cases


@eval_app.command("run")
def run_command(  # noqa: PLR0913, PLR0917 - a command's options are its arguments
    context: typer.Context,
    gold: Gold = None,
    gold_set: NamedSets = None,
    outside: Outside = None,
    set_name: Annotated[
        str | None, typer.Option("--set", help="A public set, from the files at --path.")
    ] = None,
    path: Annotated[Path | None, typer.Option(help="The files of the public set.")] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Ask every question of our own sets for an answer.")
    ] = False,
    layer: Annotated[
        list[Measured] | None, typer.Option(help="May be given again (default: all three).")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many questions of each set.")
    ] = None,
    judge: Annotated[
        str | None, typer.Option(help=f"A local model that judges the answers: {DEFAULT_JUDGE}.")
    ] = None,
) -> None:
    """Measure, print what was found, and write report.json and report.html.

    Without --gold, --gold-set and --set, our open gold sets are asked, each over its own articles.
    The exit code is 1 where no question came to anything.
    """
    from evals.suite import LAYERS, Plan, run_plan  # noqa: PLC0415 - a command imports its needs

    settings: Settings = context.obj
    layers = tuple(each for each in LAYERS if not layer or each in layer)
    if (set_name is None) != (path is None) or sum(map(bool, (set_name, gold, gold_set))) > 1:
        raise typer.BadParameter("--set and --path go together, without --gold and --gold-set.")
    if set_name is not None and path is not None:
        finished = _run_public(settings, load_set(set_name, path, limit=limit), path, layers)
    elif gold is not None:
        own = GoldSet(gold.stem, gold, settings.articles)
        chosen = _limited(own, limit)
        # Distractors and the kept answers of other systems belong to our own sets.
        plan = Plan(layers=layers, gold=(chosen,), full=True, distractors=0, references=False)
        finished = run_plan(plan, settings, on_progress=_show_progress)
    else:
        sets = tuple(_limited(each, limit) for each in _own_sets(gold_set, outside))
        every = full or limit is not None or bool(gold_set)
        plan = Plan(layers=layers, gold=sets, full=every, judge=judge)
        finished = run_plan(plan, settings, on_progress=_show_progress)
    _report(finished, RESULTS)
    if all(row.failure is not None for each in finished.sections for row in each.rows):
        raise typer.Exit(1)


@eval_app.command("compare")
def compare_command(before: RunName, now: RunName) -> None:
    """Say what changed between two runs, and whether chance alone would do it."""
    from evals.compare import compare  # noqa: PLC0415
    from evals.record import find_run, read_run  # noqa: PLC0415

    a, b = (read_run(find_run(name, RESULTS)) for name in (before, now))
    typer.echo(compare(a, b))


@eval_app.command("baseline")
def baseline_command(run: RunName) -> None:
    """Make this run the committed baseline. Floors stay; they are changed by hand."""
    from evals.baseline import BASELINE, load_levels, renew, write_levels  # noqa: PLC0415
    from evals.record import find_run, read_run  # noqa: PLC0415

    write_levels(renew(load_levels(), read_run(find_run(run, RESULTS))))
    typer.echo(BASELINE)


@eval_app.command("new")
def new_command(
    context: typer.Context,
    asked_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="A question kept.")] = None,
    last: Annotated[bool, typer.Option("--last", help="The question asked last.")] = False,
    wrong: Annotated[bool, typer.Option("--wrong", help="List only those marked wrong.")] = False,
    gold: Annotated[
        Path | None, typer.Option(help="The gold file it is for (default: briefs.jsonl).")
    ] = None,
) -> None:
    """List the questions asked in the page, or draft a gold case of one of them."""
    from evals.new import draft_case, list_asked  # noqa: PLC0415

    if last and asked_id is not None:
        raise typer.BadParameter("Give an ID or --last, not both.")
    if last or asked_id is not None:
        raise typer.Exit(draft_case(context.obj, asked_id, gold=gold or DEFAULT_GOLD))
    raise typer.Exit(list_asked(context.obj, wrong=wrong))


@eval_app.command("report")
def report_command(run: RunName) -> None:
    """Write a run's report.html anew, from its report.json."""
    from evals.baseline import describe_standing  # noqa: PLC0415
    from evals.record import find_run, last_run, read_run  # noqa: PLC0415
    from evals.report.html import write_html  # noqa: PLC0415

    found = find_run(run, RESULTS)
    finished = read_run(found)
    folder = found if found.is_dir() else found.parent
    if folder.name != finished.name:
        raise InputError(
            f"The report of the run {finished.name} lies in {folder}. Rename the folder to "
            f"{finished.name} and try again."
        )
    before, note = last_run(finished, folder.parent), describe_standing(finished)
    typer.echo(write_html(finished, folder=folder.parent, last=before, baseline_note=note))


def _report(run: Run, results: Path) -> None:
    """Write the run down first, so that nothing is lost whatever comes after."""
    from evals.baseline import describe_standing  # noqa: PLC0415
    from evals.record import last_run, write_run  # noqa: PLC0415
    from evals.report.console import render_run  # noqa: PLC0415
    from evals.report.html import write_html  # noqa: PLC0415

    record = write_run(run, results)
    before = last_run(run, results)
    note = describe_standing(run)
    page = write_html(run, folder=results, last=before, baseline_note=note)
    sys.stdout.write(f"{render_run(run, before, note)}\n\n{record}\n{page}\n")


def _run_public(
    settings: Settings, public: PublicSet, path: Path, layers: tuple[Layer, ...]
) -> Run:
    """A public set, its documents written as articles into a folder of the evals' own.

    Where a set names the documents to find, they are what retrieval is measured by.
    """
    from evals.documents import measure_documents  # noqa: PLC0415
    from evals.suite import WORK, Plan, run_plan  # noqa: PLC0415
    from qa.desk import open_desk  # noqa: PLC0415

    for reason, count in public.left_out.items():
        _say(f"Left out of {public.name}: {count}, {reason}")
    articles = WORK / "sets" / f"{public.name}-{len(public.documents)}"
    public.write_documents(articles)
    asked = tuple(each for each in public.cases if each.answers or each.kind in MAY_LACK_ANSWERS)
    chosen = (ChosenSet(public.name, path, articles, asked),) if asked else ()
    plan = Plan(layers=layers, gold=chosen, full=True, distractors=0, references=False)
    finished = run_plan(plan, settings, on_progress=_show_progress)
    if not public.relevant or "retrieval" not in layers:
        return finished
    clock = time.perf_counter()
    store = str(WORK / "stores" / articles.name)
    desk = open_desk(settings=settings.model_copy(update={"articles": articles, "store": store}))
    section = measure_documents(
        desk,
        public.cases,
        public.relevant,
        gold=public.name,
        on_progress=lambda *now: _show_progress(f"{public.name}: documents", *now),
    )
    seconds = round(finished.seconds + time.perf_counter() - clock, 1)
    return replace(finished, seconds=seconds, sections=(*finished.sections, section))


def _own_sets(names: list[str] | None, outside: Path | None) -> tuple[GoldSet, ...]:
    """The sets of these names that can be asked here; the open ones, if none is named."""
    chosen, skipped = choose_sets(names or tuple(GOLD_SETS), outside=outside)
    for sentence in skipped:
        _say(sentence)
    return chosen


def _limited(gold: GoldSet, limit: int | None) -> GoldSet:
    if limit is None:
        return gold
    cases = take_stratified(gold.load(), most=limit)
    return ChosenSet(gold.name, gold.path, gold.articles, cases)


def _show_progress(section: str, done: int, total: int, row: Row) -> None:
    from evals.report.questions import outcome_of  # noqa: PLC0415

    _say(f"{section} {done}/{total} {row.id} {outcome_of(row)}")


def _say(line: str) -> None:
    typer.echo(line, err=True)
