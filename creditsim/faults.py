"""How the simulated bank misbehaves: by chance, from a seed, so that a run repeats itself."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Faults:
    """Chances, each of a hundred."""

    reject: int = 0
    """A line is rejected."""
    lose: int = 0
    """An answer is lost on its way; it is sent again later."""
    lose_reply: int = 0
    """An answer arrives, what was said to it is lost; it is sent again later."""
    delay: int = 0
    """An answer waits for a later round."""
    repeat: int = 0
    """An answer is sent twice."""
    contradict: int = 0
    """Something else is said, under another id, of what was answered before."""
    undecided: int = 0
    """No decision is made of an accepted outcome."""
    redeem: int = 0
    """Credits of a decision that was taken are redeemed."""


class Dice:
    """Chances drawn from a seed."""

    def __init__(self, seed: int) -> None:
        """Begin."""
        self._random = random.Random(seed)  # noqa: S311 - to repeat a run, not to keep a secret

    def falls(self, chance: int) -> bool:
        """Tell whether something of this chance (of a hundred) happens now."""
        return self._random.randrange(100) < chance

    def pick(self, *choices: str) -> str:
        """Return one of these."""
        return self._random.choice(choices)
