"""The latest report of the evals, as they wrote it."""

from pathlib import Path

from qa.page.ask.marks import escape
from qa.page.ask.steering import show

RESULTS = Path(__file__).parents[3] / "evals" / "results"
RECORD, REPORT = "report.json", "report.html"  # of a run, in a folder of its own
NO_REPORT = (
    "How right the answers are hasn't been measured here yet. To measure it, run: dateline eval run"
)
UNREADABLE = "The latest report can't be read: {reason}."


def find_latest(results: Path) -> Path | None:
    """The report of the run that was recorded last; None where there is none."""
    reports = [path for path in results.glob(f"*/{REPORT}") if path.with_name(RECORD).is_file()]
    return max(reports, key=lambda path: path.with_name(RECORD).stat().st_mtime_ns, default=None)


def latest_html(results: Path = RESULTS) -> str:
    """The latest report in a frame, or how to come by one."""
    try:
        path = find_latest(results)
        report = path.read_text(encoding="utf-8") if path else ""
    except (OSError, UnicodeDecodeError) as error:
        return _words(UNREADABLE.format(reason=getattr(error, "strerror", None) or error))
    if path is None:
        return _words(NO_REPORT)
    name = escape(path.parent.name)
    # Its script filters the questions; in a frame of no origin it can reach nothing of the page.
    return (
        f'<p class="dl-note">The run {show(path.parent.name)}.</p>'
        f'<iframe class="dl-report" sandbox="allow-scripts" title="Report of the run {name}"'
        f' srcdoc="{escape(report)}"></iframe>'
    )


def _words(words: str) -> str:
    return f'<p class="dl-none">{show(words)}</p>'
