"""A state in a word (状态标签)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Badge:
    """A state in a word; `tone` is good, wait, warn, bad, info or mute and never says more than the word."""

    text: str
    tone: str
