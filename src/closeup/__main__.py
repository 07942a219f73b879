"""`python -m closeup` is `closeup`."""

from closeup.cli.main import run

run()
