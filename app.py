"""Starts the page: `python app.py`. What can be set is in the README."""

import sys


def main() -> int:
    """Serve the page until Ctrl+C; 1 where that can't be done, 2 for wrong usage."""
    if sys.argv[1:]:
        sys.stderr.write(
            "app.py takes no options. Use dateline.toml or DATELINE_* variables for settings, "
            "or run: dateline --articles FOLDER serve\n"
        )
        return 2
    try:
        return _serve()
    except KeyboardInterrupt:  # while it was still starting
        return 0


def _serve() -> int:
    # Imported here: an answer about wrong usage must not wait for a second of imports.
    from index.errors import DatelineError  # noqa: PLC0415
    from index.settings import load_settings  # noqa: PLC0415
    from qa.page.serve.server import serve  # noqa: PLC0415

    try:
        serve(load_settings())
    except DatelineError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
