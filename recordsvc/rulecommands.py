"""`recordsvc rules …` (补贴规则): check a text on one's own machine, see what holds, take an extract.

What an official does - bring in a text or a sheet, try it, propose to publish - enters by the desk's doors.
"""

from pathlib import Path
from typing import Any, Final

import click

from recordsvc.consoledoors import OFFICIAL, entering

VERSION: Final = click.argument("sha256", metavar="SHA256")
FILE: Final = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
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


@rules.command("versions")
@OFFICIAL
def list_versions(official: str) -> None:
    """列出规则版本 / List versions in every state, the newest first."""
    with entering(official) as doors:
        for one in doors.read("/v1/desk/rules")["items"]:
            click.echo(f"{one['sha256']}  {one['state']}  {one['rule']}  {one['first']} 起  {one['title']}")


@rules.command("draft")
@FILE
@OFFICIAL
def draft_file(file: Path, official: str) -> None:
    """提交规则文本并校验 / Enter the text of a rule as a draft, and check it, its own tests included."""
    with entering(official) as doors:
        sha256 = doors.send_text("/v1/desk/rules", file.read_bytes(), "application/yaml")["sha256"]
        click.echo(f"已起草 / drafted: {sha256}")
        state = doors.press(f"/v1/desk/rules/{sha256}/check")["state"]
        click.echo(f"已校验 / checked: {state}")


@rules.command("simulate")
@VERSION
@click.option("--first", required=True, help="基准日自 YYYY-MM-DD / first basis date")
@click.option("--last", required=True, help="基准日至 YYYY-MM-DD / last basis date")
@click.option("--region", default="", help="区划代码 / division, 2, 4 or 6 digits")
@click.option("--budget-fen", type=int, help="期间预算（分） / what there was to spend, in fen")
@OFFICIAL
def simulate_version(sha256: str, official: str, **asked: Any) -> None:
    """在以往结论上模拟 / Try a checked version on what was decided: gains, losses, budget."""
    with entering(official) as doors:
        result = doors.post(f"/v1/desk/rules/{sha256}/simulate", asked)["result"]
    _told("全部 / all", result["total"])
    for by, some in result["by"].items():
        for code, change in some.items():
            _told(f"{by}={code or '-'}", change)
    for clause, count in result["clauses"].items():
        click.echo(f"{clause}  由给付变为不符合 / from grant to refusal: {count}")
    click.echo(f"{result['spent_before_fen']} -> {result['spent_after_fen']} fen")
    if result["budget_fen"] is not None:
        ends = (result["exhausted_before"] or "-", result["exhausted_after"] or "-")
        click.echo(f"预算用完 / budget used up: {ends[0]} -> {ends[1]}")


def _told(what: str, change: dict[str, int]) -> None:
    click.echo(
        f"{what}  cases={change['cases']}  granted={change['granted']:+}  refused={change['refused']:+}  "
        f"fen={change['amount_fen']:+}  winners={change['winners']}  losers={change['losers']}"
    )


@rules.command("propose-publish")
@VERSION
@click.option("--reason", required=True, help="发布依据和理由 / basis and reason")
@OFFICIAL
def propose_version(sha256: str, reason: str, official: str) -> None:
    """提请发布规则 / Propose to publish a simulated version; a reviewer decides."""
    with entering(official) as doors:
        doors.propose(f"/v1/desk/rules/{sha256}/publish", {"reason": reason})


@rules.command("propose-catalogue")
@FILE
@click.option("--document", required=True, help="依据的文件和文号 / the paper that lays it down")
@click.option("--dry-run", is_flag=True, help="只检查表格 / only say what is wrong with the sheet")
@OFFICIAL
def propose_catalogue(file: Path, document: str, official: str, *, dry_run: bool) -> None:
    """从表格提请发布补贴目录 / Propose the catalogue of a sheet (XLSX, CSV); every wrong row is named."""
    from recordsvc.submit.cells import Unreadable
    from recordsvc.web import catalogue_sheet

    try:
        found = catalogue_sheet.read(file.read_bytes())
    except Unreadable as wrong:
        raise click.ClickException(str(wrong)) from None
    for told in found.faults[:MOST_TOLD]:
        click.echo(told, err=True)
    click.echo(f"{len(found.rows)} 行，{len(found.faults)} 处有误 / rows, faults")
    if found.faults:
        raise SystemExit(1)
    if not dry_run:
        with entering(official) as doors:
            doors.propose("/v1/desk/catalogue", {"document": document, "rows": found.rows})
