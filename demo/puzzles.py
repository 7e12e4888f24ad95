"""Roster rows that name their worker wrongly: the service never guesses, it holds them."""

import dataclasses
import random
from collections.abc import Iterator, Sequence

from demo import numbers
from demo.ledger import Draft
from demo.people import Person

_HEARD = "伟军梅兰英华明玉芳强龙云义平江宇洋燕旺丽"
_WRITTEN = "玮君玫岚瑛桦鸣钰方墙隆芸毅萍姜雨阳雁望莉"
_HOMOPHONES = dict(zip(_HEARD, _WRITTEN, strict=True))


def puzzles(rng: random.Random, drafts: Sequence[Draft], people: Sequence[Person]) -> Iterator[Draft]:
    """Yield two rows with a homophone for a name and one with the card of somebody else."""
    recent = [draft for draft in drafts if draft.type == "training-completion"][-3:]
    misheard = [person for person in people if not person.key and person.name[-1] in _HOMOPHONES]
    for draft, person in zip(recent[:2], rng.sample(misheard, 2), strict=True):
        wrong = dataclasses.replace(person, name=person.name[:-1] + _HOMOPHONES[person.name[-1]])
        yield _row(rng, draft, wrong, person)
    one, other = rng.sample([person for person in people if not person.key], 2)
    yield _row(rng, recent[2], one, other)


def _row(rng: random.Random, like: Draft, person: Person, card_of: Person) -> Draft:
    """Make a row of the same class as `like` for somebody else, with a card of `card_of`."""
    identity, card = numbers.record_id(rng, like.issued_on), card_of.card(like.issued_on)
    return dataclasses.replace(like, record_id=identity, person=person, card=card)
