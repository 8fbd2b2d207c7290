"""How far a sync is, counted in articles."""

from collections.abc import Callable

Progress = Callable[[int, int], None]  # articles done, articles to do as far as is known


class Tally:
    """Counts articles as they get their vectors.

    A file is one article until it turns out to hold more: then the articles to come are reckoned
    from the share of its bytes that the articles so far take up.
    """

    def __init__(self, files: int, tell: Progress | None) -> None:
        """So many files are to be read."""
        self._total, self._done, self._expected = files, 0, 0
        self._tell = tell or (lambda done, total: None)
        self._say()

    def expect(self, articles: int, text_bytes: int, file_bytes: int) -> None:
        """So many articles were found in so much text of a file that isn't at its end."""
        in_all = round(articles * file_bytes / text_bytes) if text_bytes else articles
        self._expected = max(articles, in_all) - 1

    def end_file(self, articles: int) -> None:
        """A file is read; so many of its articles are new or changed."""
        self._expected = 0
        self._total += max(articles, 1) - 1
        self.advance(0 if articles else 1)

    def advance(self, articles: int) -> None:
        """So many articles are done with."""
        self._done += articles
        self._say()

    def finish(self) -> None:
        """Everything is done."""
        self._total, self._done = self._done, self._done
        self._say()

    def _say(self) -> None:
        total = self._total + self._expected
        self._tell(min(self._done, total), total)
