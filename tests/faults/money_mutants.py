"""Mutants of money (变异体): each takes one safeguard away, and exactly its cases must notice.

The cases are those of the money design, by the numbers that their tests bear (`test_case_28_…`). A mutant
is a copy of the tree with one safeguard gone in every layer that repeats it; all cases run there, each test
in its own database, and the numbers of the cases that go red must be the ones the mutant names: one that
misses is a safeguard nobody would notice losing, one too many is a test that does not know what it is about.
The tree as it is must break none.

`python -m tests.faults.money_mutants --write docs/mutants.md` runs the whole; `make mutants` does. With
`--kept FILE` a run that was cut short goes on where it stopped.
"""

import argparse
import dataclasses
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.faults.tree import ROOT, copied

SHORT: Final = "not long or mutants"
CHOSEN: Final = "test_case_ and not (test_case_35 and not (off_by_one or wrong_id or silent))"
"""All cases; of the simulated bank's faults those in which a line differs from what was asked for."""
_RED: Final = re.compile(r"^(?:FAILED|ERROR) \S+?::test_case_(\d\d)_", re.MULTILINE)
_NUMBERED: Final = re.compile(r"^def test_case_(\d\d)_", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Edit:
    """In `path`, `before`, which stands there once, becomes `after`."""

    path: str
    before: str
    after: str


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One safeguard gone; `cases` go red and no other; `near` are files of tests that show it soon."""

    name: str
    edits: tuple[Edit, ...]
    cases: frozenset[int]
    near: tuple[str, ...]
    on: str = "sqlite"


LEDGER: Final = "recordsvc/money/ledger"
BANK: Final = "recordsvc/money/bank"
RULES: Final = "recordsvc/money/rules"
BOOK: Final = "recordsvc/migrations/versions/0026_ledger.py"
OF_BOOKING: Final = "tests/money/ledger/test_booking.py"
_RACES: Final = "tests/money/ledger/test_race.py::test_case"
OF_GUARD: Final = f"{_RACES}_03_the_guard_holds_where_the_lock_is_passed_by"
OF_MEANWHILE: Final = f"{_RACES}_12_who_waited_for_the_book_sees_what_was_booked_meanwhile"
OF_LAST_YUAN: Final = f"{_RACES}_19_eight_processes_for_the_last_yuan_get_what_is_affordable"
OF_PAYMENTS: Final = "tests/money/bank/test_payments.py"
OF_RULES: Final = "tests/money/test_rule_cases.py"
FEES: Final = "recordsvc/money/fees"
OF_FEES: Final = "tests/money/fees/test_fees.py"
FEE_BOOK: Final = "recordsvc/migrations/versions/0040_fees.py"
FEE_BOOK_NOW: Final = "recordsvc/migrations/versions/0057_debits_taken_back.py"

MUTANTS: Final = (
    Mutant(
        "the statement that moves a balance has no condition",
        (Edit(f"{LEDGER}/booking.py", "sa.or_(_C.guard == 0, _LEFT >= 0),", "sa.true(),"),),
        frozenset({3}),
        (OF_GUARD, OF_BOOKING),
    ),
    Mutant(
        "what is held counts as free",
        (
            Edit(f"{LEDGER}/booking.py", "source.available -= sign * (posted + pending)",
                 "source.available -= sign * posted"),
            Edit(f"{LEDGER}/booking.py", "available = own.in_posted - own.out_posted - own.out_pending",
                 "available = own.in_posted - own.out_posted"),
            Edit(f"{LEDGER}/booking.py",
                 '    - _C.out_pending - sa.bindparam("d_out_pending")\n', ""),
            Edit(BOOK, "guard = 0 OR in_posted - out_posted - out_pending >= 0",
                 "guard = 0 OR in_posted - out_posted >= 0"),
        ),
        frozenset({3, 8, 19, 20, 57}),
        (OF_BOOKING,),
    ),
    Mutant(
        "a hold may end twice",
        (
            Edit(f"{LEDGER}/booking.py", "        if leg.about in self._ended:",
                 "        if undoing and leg.about in self._ended:"),
            Edit(BOOK, '        sa.UniqueConstraint("about_id", name=op.f("uq_transfer_about_id")),\n', ""),
        ),
        frozenset({4}),
        (OF_BOOKING,),
    ),
    Mutant(
        "an id is looked up before the book is locked",
        (
            Edit(f"{LEDGER}/booking.py",
                 "        self._size, day = lock(turn.conn)\n",
                 '        known = _rows(turn.conn, tables.posting, "id", (p.id for p in postings))\n'
                 "        self._size, day = lock(turn.conn)\n"),
            Edit(f"{LEDGER}/booking.py",
                 '            row.id: row for row in _rows(turn.conn, tables.posting, "id", '
                 "(p.id for p in postings))\n",
                 "            row.id: row for row in known\n"),
        ),
        frozenset({12}),
        (OF_MEANWHILE,),
        "postgresql",
    ),
    Mutant(
        "a batch that is sent again bears a new message id",
        (
            Edit(f"{BANK}/dispatch.py",
                 "        exchange(house, found.account).put(found.file_name, content)\n",
                 "        name = found.file_name\n"
                 "        if found.lease_ms:\n"
                 '            new = f"B{found.lease_ms:026d}"\n'
                 "            name = name.replace(found.message_id, new)\n"
                 "            content = content.replace(found.message_id.encode(), new.encode())\n"
                 "        exchange(house, found.account).put(name, content)\n"),
        ),
        frozenset({26, 28}),
        (OF_PAYMENTS,),
    ),
    Mutant(
        "a batch counts as sent before its file is there",
        (
            Edit(f"{BANK}/dispatch.py",
                 "        exchange(house, found.account).put(found.file_name, content)\n"
                 "        house.db.write(lambda turn: _sent(turn, house, found, lease_ms))\n",
                 "        house.db.write(lambda turn: _sent(turn, house, found, lease_ms))\n"
                 "        exchange(house, found.account).put(found.file_name, content)\n"),
        ),
        frozenset({26, 27}),
        (OF_PAYMENTS,),
    ),
    Mutant(
        "amounts are fractions of a computer",
        (
            Edit(f"{RULES}/amounts.py", "    product = value * pct\n",
                 "    product = int(value / 100.0 * pct) * 100\n"),
            Edit(f"{BANK}/formats/yuan.py",
                 '    amount = int(found[2]) * 100 + int((found[3] or "").ljust(2, "0"))\n',
                 "    amount = int(float(written.lstrip('-')) * 100)\n"),
        ),
        frozenset({39}),
        (OF_RULES,),
    ),
    Mutant(
        "a booked line is known by its id alone",
        (Edit(f"{BANK}/reconcile.py", "if entry.amount_fen != found.amount_fen:", "if False:"),),
        frozenset({33, 35}),
        (OF_PAYMENTS,),
    ),
    Mutant(
        "writers decide on a snapshot",
        (
            Edit("recordsvc/ground/database.py",
                 "            self.engine = _postgresql_engine(url, pool_size)\n",
                 "            self.engine = _postgresql_engine(url, pool_size).execution_options(\n"
                 '                isolation_level="REPEATABLE READ"\n'
                 "            )\n"),
            Edit(f"{LEDGER}/accounts.py", ".with_for_update()", ""),
        ),
        frozenset({19}),
        (OF_LAST_YUAN,),
        "postgresql",
    ),
    Mutant(
        "the first clause that fails is the only one told",
        (
            Edit(f"{RULES}/rule.py", "            failed = True\n",
                 "            trace.append((words, result, own))\n"
                 "            return tuple(trace), True, missing\n"),
        ),
        frozenset({46, 49}),
        (OF_RULES,),
    ),
    Mutant(
        "a parameter that ended goes on with its last value",
        (
            Edit(f"{RULES}/params.py",
                 "        return {name: row for name, rows in self.rows.items() for row in rows "
                 "if row.first <= day <= row.last}\n",
                 "        return {\n"
                 "            name: row for name, rows in self.rows.items() for row in rows\n"
                 "            if row.first <= day and (day <= row.last or row is rows[-1])\n        }\n"),
        ),
        frozenset({47}),
        (OF_RULES,),
    ),
    Mutant(
        "every day is a working day",
        (
            Edit("recordsvc/workdays.py",
                 "    return day in made_up or (day.weekday() < _SATURDAY and day not in free)\n",
                 "    return True\n"),
        ),
        frozenset({25, 38, 48}),
        (OF_RULES,),
    ),
    Mutant(
        "refunds may exceed what was paid",
        (
            Edit(f"{FEES}/refunding.py", " or so_far + wanted.amount_fen > paid.amount_fen", ""),
            Edit(FEE_BOOK,
                 'sa.CheckConstraint("total_fen <= payment_fen", '
                 'name=op.f("ck_fee_refund_within_the_payment"))',
                 'sa.CheckConstraint("total_fen >= 0", name=op.f("ck_fee_refund_within_the_payment"))'),
        ),
        frozenset({40}),
        (OF_FEES,),
    ),
    Mutant(
        "a disputed fee is decided back",
        (Edit(f"{FEES}/refunding.py", "        if one.disputed:\n            raise FeeDisputed\n", ""),),
        frozenset({40}),
        (OF_FEES,),
    ),
    Mutant(
        "a final order is moved by whoever can write",
        (
            Edit(FEE_BOOK, "\"source || ':' || event || ':' || target IN (", '"1 = 1 OR source IN ('),
            Edit(FEE_BOOK_NOW, "source || ':' || event || ':' || target IN (", "1 = 1 OR source IN ("),
        ),
        frozenset({40}),
        (OF_FEES,),
    ),
    Mutant(
        "whoever called a class off keeps what was not held",
        (
            Edit(f"{FEES}/refunding.py", 'rest(turn, house, one, "cancelled", offered.held, reason',
                 'rest(turn, house, one, "cancelled", offered.held + 1, reason'),
        ),
        frozenset({41}),
        (OF_FEES,),
    ),
    Mutant(
        "money that comes twice stays where it came",
        (
            Edit(f"{FEES}/taking.py",
                 "    refunding.decide(turn, house, one, values.payment(turn.conn, found.payment_id), whole, "
                 "values.SYSTEM)\n", ""),
        ),
        frozenset({42}),
        (OF_FEES,),
    ),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Result:
    """What a run of the cases came to; `near`: of the nearest tests alone."""

    red: frozenset[int]
    tests: int
    """How many tests went red."""
    passed: int
    told: str
    near: bool = False


def cases() -> dict[str, frozenset[int]]:
    """Return the files with tests of cases, and the cases of each."""
    found: dict[str, frozenset[int]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if numbers := _NUMBERED.findall(path.read_text("utf-8")):
            found[str(path.relative_to(ROOT))] = frozenset(map(int, numbers))
    return found


def astray(mutants: Iterable[Mutant]) -> Iterator[tuple[str, str]]:
    """Yield mutants whose place is no longer what it was: the safeguard has moved and must be named anew."""
    for mutant in mutants:
        texts: dict[str, str] = {}
        for edit in mutant.edits:
            text = texts.setdefault(edit.path, (ROOT / edit.path).read_text("utf-8"))
            if text.count(edit.before) != 1:
                yield mutant.name, edit.path
            texts[edit.path] = text.replace(edit.before, edit.after)


@contextmanager
def mutated(tree: Path, mutant: Mutant) -> Iterator[None]:
    """Take the safeguard away in a copy of the tree, and put it back."""
    kept = {edit.path: (tree / edit.path).read_text("utf-8") for edit in mutant.edits}
    try:
        for edit in mutant.edits:
            text = (tree / edit.path).read_text("utf-8")
            if text.count(edit.before) != 1:
                raise SystemExit(f"{edit.path} has changed: name the safeguard anew")
            (tree / edit.path).write_text(text.replace(edit.before, edit.after), "utf-8")
        yield
    finally:
        for path, text in kept.items():
            (tree / path).write_text(text, "utf-8")


def run(tree: Path, where: Sequence[str], on: str, jobs: int = 0) -> Result:
    """Run the cases of some files in the copy, on one database where they ask for one."""
    other = "postgresql" if on == "sqlite" else "sqlite"
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rfE", "-p", "no:cacheprovider", "-n", str(jobs),
         "-m", SHORT, "-k", f"{CHOSEN} and not {other}", *where],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "400"},
        capture_output=True,
        text=True,
        timeout=5400,
        check=False,
    )  # fmt: skip
    # 0: all passed, 1: some failed. Anything else (nothing collected, no import) proves nothing.
    if told.returncode not in (0, 1):
        raise SystemExit(told.stdout[-3000:] + told.stderr[-1000:])
    red = _RED.findall(told.stdout)
    passed = re.search(r"(\d+) passed", told.stdout)
    return Result(frozenset(map(int, red)), len(red), int(passed[1]) if passed else 0, told.stdout)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all, or those of which the name holds a word, and write what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.money_mutants", description=__doc__)
    parser.add_argument("--write", type=Path, help="file for the table")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes of tests")
    parser.add_argument("--only", default="", help="a word of the names of those to run")
    parser.add_argument("--near", action="store_true", help="try each by the tests nearest to it alone")
    parser.add_argument("--kept", type=Path, help="file of results: what stands there is not tried again")
    said = parser.parse_args(arguments)
    kept = Kept(said.kept)
    results: list[tuple[Mutant | None, Result]] = []
    with tempfile.TemporaryDirectory() as folder:
        tree = copied(Path(folder) / "tree")
        for mutant, on in _wanted(said.only):
            result = kept.find(mutant, on, near=False) or kept.find(mutant, on, near=said.near)
            if result is None:
                result = _tried(tree, mutant, on, said.jobs, near=said.near)
                kept.add(mutant, on, result)
            results.append((mutant, result))
            good = as_named(mutant, result)
            name = mutant.name if mutant else f"nothing taken away, {on}"
            print(f"{'ok ' if good else 'BAD'} {name}: {_listed(result.red)}", flush=True)  # noqa: T201
            if not good:
                print(result.told[-3000:], flush=True)  # noqa: T201
    if said.write and not said.only:
        said.write.write_text(document(results), "utf-8")
    return 0 if all(as_named(*one) for one in results) else 1


def _wanted(only: str) -> Iterator[tuple[Mutant | None, str]]:
    """Yield what is to be tried, on which database; the tree as it is first."""
    for on in ("sqlite", "postgresql") if not only else ():
        yield None, on
    for mutant in MUTANTS:
        if only in mutant.name:
            yield mutant, mutant.on


def _tried(tree: Path, mutant: Mutant | None, on: str, jobs: int, *, near: bool) -> Result:
    if mutant is None:
        where = {one for other in MUTANTS for one in other.near if other.on == on}
        return dataclasses.replace(run(tree, sorted(where) if near else [*cases()], on, jobs), near=near)
    with mutated(tree, mutant):
        found = run(tree, sorted({*mutant.near} if near else {*cases()}), on, jobs)
    return dataclasses.replace(found, near=near)


class Kept:
    """Results by what was tried, line by line in a file: hours of them need not be had at one go."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        lines = path.read_text("utf-8").splitlines() if path is not None and path.exists() else []
        self._found = {line["key"]: line for line in map(json.loads, lines)}

    def find(self, mutant: Mutant | None, on: str, *, near: bool) -> Result | None:
        line = self._found.get(self._key(mutant, on, near=near))
        return line and Result(frozenset(line["red"]), line["tests"], line["passed"], line["told"], near)

    def add(self, mutant: Mutant | None, on: str, one: Result) -> None:
        if self._path is None:
            return
        line = {"key": self._key(mutant, on, near=one.near), "red": sorted(one.red), "tests": one.tests}
        with self._path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line | {"passed": one.passed, "told": one.told[-3000:]}) + "\n")

    @staticmethod
    def _key(mutant: Mutant | None, on: str, *, near: bool) -> str:
        """Name what is tried; of a mutant with other edits nothing is known."""
        edits = "" if mutant is None else repr(mutant.edits)
        name = "" if mutant is None else mutant.name
        return f"{name}|{on}|{near}|{hashlib.sha256(edits.encode()).hexdigest()[:16]}"


def document(results: Sequence[tuple[Mutant | None, Result]]) -> str:
    """Return the page of results."""
    untouched = [result for mutant, result in results if mutant is None]
    passed = " and ".join(f"{one.passed} tests" for one in untouched)
    lines = [
        "# Mutants of money (变异体)",
        "",
        "Each line is the service with one safeguard taken away in every layer that repeats it, tried by",
        "the cases of the money design (tests named `test_case_NN_…`). Exactly the cases named must go red:",
        "a miss is a safeguard whose loss nobody would notice, one more a test that does not know what it is",
        "about. `make mutants` tries each by all cases and writes this page; `make test-long`, and with",
        "`--near` this module, by the tests nearest to it: whatever goes red there must be of a case named.",
        "With `--kept FILE` what was tried once by all cases, with the same edits, is not tried again.",
        "",
        f"With nothing taken away {passed} pass on SQLite and PostgreSQL"
        + (", and none fails." if not any(one.red for one in untouched) else "; **some fail**."),
        "",
        "| taken away | where | on | tried by | cases that must notice | that noticed | tests red | |",
        "|---|---|---|---|---|---|---:|---|",
    ]
    for mutant, result in results:
        if mutant is not None:
            where = ", ".join(f"`{path}`" for path in dict.fromkeys(edit.path for edit in mutant.edits))
            on = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[mutant.on]
            verdict = "caught" if as_named(mutant, result) else "**not as named**"
            lines.append(
                f"| {mutant.name} | {where} | {on} | {'the nearest' if result.near else 'all cases'} | "
                f"{_listed(mutant.cases)} | {_listed(result.red)} | "
                f"{result.tests} | {verdict} |"
            )
    counted = frozenset[int]().union(*cases().values())
    lines += [
        "",
        f"Cases with tests of their number: {_listed(counted)}.",
        f"Without: {_listed(set(range(1, 58)) - counted)}.",
        "",
    ]
    return "\n".join(lines)


def as_named(mutant: Mutant | None, result: Result) -> bool:
    """Tell whether just the cases went red that a mutant names; of the nearest tests, some of them."""
    if mutant is None:
        return not result.red
    return bool(result.red) and result.red <= mutant.cases if result.near else result.red == mutant.cases


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers))) or "none"


if __name__ == "__main__":
    sys.exit(main())
