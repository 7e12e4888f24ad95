"""`recordsvc rules …` (补贴规则): check a text on one's own machine, see what holds, take an extract."""

from pathlib import Path
from typing import Final

import click

MOST_TOLD: Final = 200


@click.group()
def rules() -> None:
    """补贴规则 / Rules of subsidies."""


@rules.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check_file(file: Path) -> None:
    """校验规则文件 / Check a rule, its own tests included; needs no database."""
    from recordsvc.money.rules.checking import load
    from recordsvc.money.rules.errors import RuleRefused

    try:
        rule = load(file.read_bytes())
    except RuleRefused as refused:
        for fault in refused.faults:
            click.echo(f"{fault.pointer or '/'}  {fault.detail} / {fault.detail_en}", err=True)
        raise SystemExit(1) from None
    click.echo(f"{rule.code} {rule.title}  {rule.sha256}  {len(rule.examples)} 项测试通过 / tests passed")


@rules.command("list")
@click.option("--on", help="日期 YYYY-MM-DD，缺省为今天 / on which day; today")
def list_rules(on: str | None) -> None:
    """列出某日施行的规则 / List the rules in force on a day."""
    from recordsvc.ground.ports import beijing_date
    from recordsvc.house import open_house
    from recordsvc.money.rules.facts import is_day
    from recordsvc.serving import load_settings

    if on is not None and not is_day(on):
        raise click.BadParameter("应为日期 YYYY-MM-DD / not a day", param_hint="--on")
    house = open_house(load_settings())
    try:
        for rule in house.rules.in_force(on or beijing_date(house.clock.now_ms()).isoformat()):
            mark = "  样例" if rule.sample else ""
            click.echo(f"{rule.code}  {rule.title}  {rule.head.first} 起  {rule.sha256[:12]}{mark}")
    finally:
        house.close()


@rules.command("take")
@click.argument("register")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as-of", required=True, help="提取日期 YYYY-MM-DD / as of which day")
@click.option("--source", required=True, help="提供单位 / who hands it over")
def take_extract(register: str, file: Path, as_of: str, source: str) -> None:
    """导入外部登记提取表 / Take a dated extract of another register (docs/rules.md)."""
    from recordsvc.ground.ports import beijing_date
    from recordsvc.ground.problems import Problem
    from recordsvc.money.rules import registers
    from recordsvc.serving import load_settings
    from recordsvc.starting import open_checked

    house = open_checked(load_settings())
    try:
        today = beijing_date(house.clock.now_ms()).isoformat()
        extract = registers.read(register, as_of, source, file.read_bytes(), today)
        taken = house.db.write(lambda turn: registers.take(turn, house, extract, "command:rules"))
    except Problem as refused:
        told = "；".join(str(one["detail"]) for one in refused.errors) or refused.title_zh
        raise click.ClickException(f"{told} / {refused.title_en}") from None
    finally:
        house.close()
    for fault in taken.faults[:MOST_TOLD]:
        click.echo(f"第 {fault.line} 行 {fault.heading}：{fault.detail}", err=True)
    click.echo(
        f"{taken.rows} 行，其中 {taken.known} 人有档案，{len(taken.faults)} 行有误 / rows, known, wrong"
    )
    if taken.faults:
        raise SystemExit(1)
