"""`python -m qa` is the command `dateline`."""

from qa.cli import main

main()
