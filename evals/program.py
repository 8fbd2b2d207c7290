"""What the evals' programs share: the choice of a model, and how they end."""

import argparse
import sys
from collections.abc import Callable

from index.errors import DatelineError


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add --backend and --model. A measurement names its backend: `auto` isn't among them."""
    parser.add_argument("--backend", choices=("embedded", "ollama"), default="embedded")
    parser.add_argument("--model", help="language model (default: the backend's)")


def end_with(main: Callable[[], int]) -> None:
    """Run `main` and exit with its code; an error of ours is one line and code 1."""
    try:
        sys.exit(main())
    except DatelineError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
