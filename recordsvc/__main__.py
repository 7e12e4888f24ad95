"""`python -m recordsvc`."""

from recordsvc.cli import main

main(prog_name="recordsvc")
