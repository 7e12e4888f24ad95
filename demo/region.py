"""The whole demo region from one seed: people, institutions, and every record in the order it was signed."""

import dataclasses
import datetime as dt
import random

from demo import stories
from demo.amendments import amend
from demo.career import Career
from demo.ledger import Draft, Ledger
from demo.papers import Papers
from demo.people import Person, Registry
from demo.population import Population
from demo.puzzles import puzzles
from demo.simulation import Simulation

WORKERS = 500


@dataclasses.dataclass(frozen=True, slots=True)
class Region:
    """What the generator made. `drafts` and `amendments` are in order of signing; amendments point at drafts.

    `puzzles` name their worker wrongly: the service must hold them until officials find out who is meant.
    """

    seed: int
    today: dt.date
    people: tuple[Person, ...]
    drafts: tuple[Draft, ...]
    amendments: tuple[Draft, ...]
    puzzles: tuple[Draft, ...]

    def person(self, key: str) -> Person:
        """Return a named worker."""
        return next(person for person in self.people if person.key == key)


def build(seed: int, today: dt.date, workers: int = WORKERS) -> Region:
    """Make the region; the same arguments make the same region, byte for byte."""
    rng = random.Random(seed)  # noqa: S311 - a story is drawn here, never a secret
    registry, ledger = Registry(rng), Ledger(rng, today)
    named = stories.careers(registry)
    papers = Papers(ledger)
    stories.papers(named, papers)
    drawn = _population(rng, registry, ledger, papers, workers - len(named))
    Simulation(ledger).run([*named, *drawn])
    drafts = tuple(sorted(ledger.drafts, key=lambda draft: draft.issued_on))
    people = tuple(career.person for career in (*named, *drawn))
    return Region(
        seed, today, people, drafts, tuple(amend(rng, drafts, today)), tuple(puzzles(rng, drafts, people))
    )


def _population(
    rng: random.Random, registry: Registry, ledger: Ledger, papers: Papers, count: int
) -> list[Career]:
    population = Population(rng, registry, ledger.today)
    drawn = [population.draw(index) for index in range(count)]
    for career in drawn:
        papers.of(career)
    return drawn
