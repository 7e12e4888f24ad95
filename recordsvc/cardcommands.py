"""`recordsvc cards …` (社会保障卡信息): what the card registry says, from an extract file or a card reader.

Numbers come in by file or standard input, never on the command line, and none is printed: a row is named by
its line.
"""

import getpass
import hashlib
import itertools
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from recordsvc.ground.commit import Turn
    from recordsvc.house import House
    from recordsvc.people.cardbook import CardFact
    from recordsvc.people.enrolling import Outcome
    from recordsvc.people.registry import CardRegistry

MOST_TOLD: Final = 200
"""Lines of errors and conflicts that are printed; the counts tell of all."""
WORDS: Final = {
    "confirmed": "所称的卡得到确认 / claims confirmed",
    "attached": "新登记到档案 / attached",
    "updated": "增加了事件 / events added",
    "kept": "尚无档案，留待首条记录 / kept for the first record",
    "unchanged": "没有变化 / unchanged",
    "claim-disputed": "他人所称的卡转为有争议 / somebody else's claim is disputed now",
    "number-not-verified": "证件号码有争议 / the number is disputed",
    "name-differs": "姓名与档案不一致 / the name differs from the archive",
    "card-of-another": "卡已核实为另一人的 / the card is verified for somebody else",
    "card-taken-back": "卡已由两人收回，不是此人的 / two officials took the card back from this person",
}


class _Rehearsed(Exception):
    """Ends a turn that was only tried."""


@contextmanager
def _open() -> Iterator["House"]:
    from recordsvc.serving import load_settings
    from recordsvc.starting import open_checked

    house = open_checked(load_settings())
    try:
        yield house
    finally:
        house.close()


@click.group()
def cards() -> None:
    """社会保障卡信息 / Facts of the card registry."""


@cards.command("import")
@click.argument("extract", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--taken-on", help="提取日期 YYYY-MM-DD，缺省取自文件名 / day it was taken; from the file's name"
)
@click.option("--dry-run", is_flag=True, help="只核对，不写入 / check only, write nothing")
def import_extract(extract: Path, taken_on: str | None, *, dry_run: bool) -> None:
    """导入卡信息提取表 / Apply an extract of the card system (CSV, UTF-8 or GB18030)."""
    from recordsvc.people.extract import ExtractFile, ExtractRefused, date_in_name, is_day

    day = taken_on or date_in_name(extract)
    if not is_day(day):
        raise click.BadParameter(
            "请写明提取日期，如 --taken-on 2026-11-28 / on which day was it taken?",
            param_hint="--taken-on",
        )
    try:
        registry = ExtractFile(extract, day)
    except ExtractRefused as refused:
        raise click.ClickException(str(refused)) from None
    with _open() as house:
        counts, errors = _apply(house, registry, dry_run=dry_run)
        if not dry_run:
            _note(house, extract, counts)
    _tell(counts, errors)
    if dry_run:
        click.echo("仅核对，未写入 / dry run: nothing was written")
    if errors:
        raise SystemExit(1)


@cards.command("read")
@click.option("--layout", help="字段次序，逗号分隔 / order of the fields, where a gateway has its own")
@click.option("--dry-run", is_flag=True, help="只核对，不写入 / check only, write nothing")
def read_card(layout: str | None, *, dry_run: bool) -> None:
    """从标准输入读入读卡器的基本信息串 / Take a card reader's basic string from standard input."""
    from recordsvc.ground.ports import beijing_date
    from recordsvc.people.registry import READER_FIELDS, ReaderString, ReaderStringRefused

    raw = sys.stdin.readline()
    with _open() as house:
        today = beijing_date(house.clock.now_ms()).isoformat()
        order = tuple(layout.split(",")) if layout else READER_FIELDS
        if "name" not in order:
            raise click.BadParameter(f"须含 name；缺省为 {','.join(READER_FIELDS)}", param_hint="--layout")
        try:
            counts, _errors = _apply(house, ReaderString(raw, today, order), dry_run=dry_run)
        except ReaderStringRefused as refused:
            raise click.ClickException(f"{refused.zh} / {refused.code}") from None
    _tell(counts, 0)


def _apply(house: "House", registry: "CardRegistry", *, dry_run: bool) -> tuple[Counter[str], int]:
    """Apply all facts, portion by portion; how many of each outcome, and how many rows were unusable."""
    from recordsvc.people.enrolling import PORTION
    from recordsvc.people.registry import RowError

    counts: Counter[str] = Counter()
    told = errors = 0
    source = registry.facts()
    while portion := list(itertools.islice(source, PORTION)):
        facts = []
        for one in portion:
            if not isinstance(one, RowError):
                facts.append(one)
                continue
            errors += 1
            if (told := told + 1) <= MOST_TOLD:
                click.echo(
                    f"第 {one.line} 行 / line {one.line}  {one.column}：{one.zh}。{one.remedy_zh}（{one.en}）"
                )
        for fact, outcome in zip(facts, _take(house, facts, dry_run=dry_run), strict=True):
            counts[outcome] += 1
            if outcome.conflict and (told := told + 1) <= MOST_TOLD:
                click.echo(f"第 {fact.line} 行 / line {fact.line}  {WORDS[outcome]}")
    return counts, errors


def _take(house: "House", facts: "Sequence[CardFact]", *, dry_run: bool) -> "list[Outcome]":
    from recordsvc.people import enrolling

    rehearsed: list[Outcome] = []

    def act(turn: "Turn") -> "list[Outcome]":
        outcomes = enrolling.take(turn, house, facts)
        if dry_run:
            rehearsed[:] = outcomes
            raise _Rehearsed
        return outcomes

    try:
        return house.db.write(act)
    except _Rehearsed:
        return rehearsed


def _note(house: "House", extract: Path, counts: Counter[str]) -> None:
    """Leave a row that auditors read: which file, by whom, with what result."""
    from recordsvc.access import acts
    from recordsvc.access.acts import Act, OfficialAct
    from recordsvc.access.grants import Actor, Kind

    with extract.open("rb") as data:
        digest = hashlib.file_digest(data, "sha256").hexdigest()
    clerk = Actor(Kind.SYSTEM, f"command:{getpass.getuser()}")
    result = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    acts.record(house.db, house.random, OfficialAct(clerk, Act.CARDS_IMPORT, digest, result))


def _tell(counts: Counter[str], errors: int) -> None:
    for outcome, words in WORDS.items():
        if counts[outcome]:
            click.echo(f"{counts[outcome]:>8}  {words}")
    if errors:
        click.echo(f"{errors:>8}  不能用的行 / rows that cannot be used")
