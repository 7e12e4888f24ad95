"""The draw itself (抽取算法 draw/1), as pure functions that anybody repeats with a spreadsheet.

    line        id ⇥ weight ⇥ stratum                      of an object
                code ⇥ weight ⇥ excluded ids, by commas    of an inspector
    root        SHA-256(the lines, sorted by their UTF-8 bytes, each with a line feed)
    seed        SHA-256(root | salt | value)
    ticket      the least of SHA-256(seed | id | k)            over k = 0 … weight - 1
    seat        the least of SHA-256(seat seed | object | inspector | k), the seat seed over the roster's root

All hashes are lower-case hexadecimal text and are compared as such; | is the character. Of each stratum the
objects with the smallest tickets are drawn; each drawn object has the inspectors with the smallest seats,
without those whose line excludes it. Weights are whole numbers: an object of weight 5 has five tries.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

ALGORITHM: Final = "draw/1"


@dataclass(frozen=True, slots=True)
class Object:
    """What may be drawn; the id is public, so it must tell of no person."""

    id: str
    weight: int
    stratum: str

    def line(self) -> str:
        """Return its line of the list."""
        return f"{self.id}\t{self.weight}\t{self.stratum}"


@dataclass(frozen=True, slots=True)
class Inspector:
    """Who may be drawn to inspect, under a code of this draw alone; never what `excluded` names (回避)."""

    code: str
    weight: int
    excluded: frozenset[str]

    def line(self) -> str:
        """Return the line of the roster."""
        return f"{self.code}\t{self.weight}\t{','.join(sorted(self.excluded))}"


def text(things: Iterable[Object | Inspector]) -> bytes:
    """Return a list as it is committed to."""
    return b"".join(sorted(thing.line().encode() + b"\n" for thing in things))


def objects(lines: bytes) -> list[Object]:
    """Return the objects of a list. Raises `ValueError` for a line that is none."""
    found = (line.split("\t") for line in lines.decode().splitlines())
    return [Object(id_, int(weight), stratum) for id_, weight, stratum in found]


def inspectors(lines: bytes) -> list[Inspector]:
    """Return the inspectors of a roster. Raises `ValueError` for a line that is none."""
    found = (line.split("\t") for line in lines.decode().splitlines())
    return [
        Inspector(code, int(weight), frozenset(filter(None, excluded.split(","))))
        for code, weight, excluded in found
    ]


def root(lines: bytes) -> str:
    """Return what commits to a list."""
    return hashlib.sha256(lines).hexdigest()


def seed(root: str, salt: str, value: str) -> str:
    """Return what all tickets of a draw follow from."""
    return _hash(root, salt, value)


def draw(things: Iterable[Object], seed: str, numbers: Mapping[str, int]) -> list[Object]:
    """Return the objects drawn, `numbers` of each stratum, in the order of their tickets."""
    ordered: dict[str, list[tuple[str, Object]]] = {stratum: [] for stratum in numbers}
    for one in things:
        if one.stratum in ordered:
            ordered[one.stratum].append((_least((seed, one.id), one.weight), one))
    drawn = []
    for stratum, tickets in ordered.items():
        drawn += sorted(tickets, key=lambda ticket: (ticket[0], ticket[1].id))[: numbers[stratum]]
    return [one for _ticket, one in sorted(drawn, key=lambda ticket: (ticket[0], ticket[1].id))]


def order(roster: Sequence[Inspector], seed: str, object_id: str) -> list[str]:
    """Return the codes of those who may inspect an object, in the order of their seats."""
    seats = [
        (_least((seed, object_id, one.code), one.weight), one.code)
        for one in roster
        if object_id not in one.excluded
    ]
    return [code for _seat, code in sorted(seats)]


def _least(parts: Sequence[str], weight: int) -> str:
    begun = hashlib.sha256("|".join((*parts, "")).encode())
    tries = []
    for k in range(weight):
        one = begun.copy()
        one.update(str(k).encode())
        tries.append(one.hexdigest())
    return min(tries)


def _hash(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
