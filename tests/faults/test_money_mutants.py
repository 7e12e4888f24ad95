"""Mutants of money beside the tests nearest to them; `make mutants` tries them on every case."""

import dataclasses
from pathlib import Path

import pytest

from tests.faults.money_mutants import MUTANTS, Mutant, as_named, astray, cases, mutated, run
from tests.faults.test_mutants import tree

__all__ = ["tree"]


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_safeguard_of_money_that_is_taken_away_is_missed_by_its_cases_alone(
    tree: Path, mutant: Mutant
) -> None:
    with mutated(tree, mutant):
        result = dataclasses.replace(run(tree, mutant.near, mutant.on), near=True)
    assert as_named(mutant, result), result.told[-2000:]


def test_the_safeguards_of_money_are_where_the_list_says() -> None:
    """Quick, so that who moves one hears of it before the long tests run."""
    assert list(astray(MUTANTS)) == []


def test_every_case_that_a_mutant_names_has_tests() -> None:
    tried = frozenset[int]().union(*cases().values())
    assert frozenset[int]().union(*(one.cases for one in MUTANTS)) <= tried
