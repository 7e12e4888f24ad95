"""What a start refuses: the one kind of error that a command tells as a line, without a trace of calls."""


class StartRefused(RuntimeError):
    """The service must not run so; the text says why, and what to do (docs/operations.md)."""
