"""`recordsvc claim …` (补贴申领): what is due, one claim with its trace, steps, signed lists, public lists.

Each command enters by the door that the desk's interface has (`consoledoors.py`), as who signs in: handlers,
reviewers and inspectors; with `--payable` payers.
"""

from collections.abc import Mapping
from typing import Any

import click

from recordsvc.consoledoors import CASE, PURPOSE, Doors, entering
from recordsvc.deskcommands import group_of

CLAIM = click.argument("claim_id", metavar="CLAIM", type=click.UUID)
PAYABLE = click.option("--payable", is_flag=True, help="拨付人员用 / as a payer")
EVENTS = click.Choice(("accept", "review", "approve", "finance"))


@group_of("claim", "补贴申领", "Claims of subsidies, by an official.")
def claim(context: click.Context, official: str) -> None:
    """Keep the account for the commands."""
    context.obj = official


@claim.command("list")
@click.option("--state", help="环节 / state, all that are not over without it")
@click.pass_obj
def claim_list(account: str, state: str | None) -> None:
    """列出申领，先提出的在前 / List claims of one's area, oldest first, nothing of a person."""
    with entering(account) as doors:
        for one in doors.read("/v1/desk/claims", {"state": state})["items"]:
            click.echo(_line(one))


@claim.command("overdue")
@click.pass_obj
def claim_overdue(account: str) -> None:
    """列出逾期的申领，最急的在前 / List claims whose step is overdue, the most urgent first."""
    with entering(account) as doors:
        for one in doors.read("/v1/desk/claims", {"late": "yes"})["items"]:
            click.echo(_line(one))


@claim.command("show")
@CLAIM
@PURPOSE
@CASE
@PAYABLE
@click.pass_obj
def claim_show(account: str, claim_id: Any, purpose: str, case: str, *, payable: bool) -> None:
    """一项申领：结论、条款、事实、签批 / Print a claim with its trace; the worker sees that it was read."""
    with entering(account) as doors:
        told = doors.read(f"{_side(payable)}/{claim_id}", {"purpose": purpose, "case_ref": case})
    click.echo(_line(told))
    for flag in told["flags"]:
        click.echo(f"flag  {flag}")
    if told["agent"] is not None:
        click.echo(f"agent  {told['agent']['institution']}  {told['agent']['signed_on']}")
    _decision(told["decision"])
    for one in told["approvals"]:
        ended = "" if one["counts"] else "  void"
        click.echo(f"signed  {one['event']}  {one['actor']}  {one['amount_fen']}{ended}")
    for one in told["events"]:
        click.echo(f"{one['event_name']}  {one['state']}  {one['reason']}".rstrip())
    click.echo(f"version={told['version']}  ways={' '.join(told['ways']) or '-'}")


def _decision(told: Mapping[str, Any] | None) -> None:
    if told is None:
        return
    click.echo(f"{told['headline']}  {told['rule']}  {told['basis_date'] or '-'}  {told['sha256']}")
    for result in ("failed", "met"):
        for one in told[result]:
            click.echo(f"{result}  {one['article']}  {one['text']}")
    for one in told["missing"]:
        click.echo(f"missing  {one['zh']}  {one['supplier']}")
    for one in told["facts"]:
        click.echo(f"fact  {one['zh']}  {one['value']}  {one['source']}  {one['on']}")


@claim.command("step")
@CLAIM
@click.argument("event")
@click.option("--version", type=int, required=True, help="看到的版本（show） / as it was seen (show)")
@click.option("--reason", default="", help="理由 / why")
@PAYABLE
@click.pass_obj
def claim_step(account: str, /, claim_id: Any, *, payable: bool, **said: Any) -> None:
    """办理：受理、复核、审批、拨付、退回等 / Take a step: accept, review, approve, finance, refuse, ask."""
    with entering(account) as doors:
        click.echo(_line(doors.post(f"{_side(payable)}/{claim_id}/steps", said)))


@claim.command("object")
@CLAIM
@click.option("--text", required=True, help="异议内容 / what was objected")
@click.pass_obj
def claim_object(account: str, claim_id: Any, text: str) -> None:
    """登记公示异议 / Take an objection to a public line down."""
    with entering(account) as doors:
        click.echo(_line(doors.post(f"/v1/desk/claims/{claim_id}/objections", {"text": text})))


@claim.command("sheet")
@click.argument("event", type=EVENTS)
@click.pass_obj
def claim_sheet(account: str, event: str) -> None:
    """待签清单及其指纹 / Print what one may sign as one list, its SHA-256, and the flagged ones apart."""
    with entering(account) as doors:
        told = _sheet(doors, event)
    for one in told["clean"]:
        click.echo(_line(one))
    for one in told["flagged"]:
        click.echo(f"singly  {_line(one)}")
    click.echo(f"{len(told['clean'])}  {told['list_sha256']}")


@claim.command("sign")
@click.argument("event", type=EVENTS)
@click.option("--sha256", required=True, help="看到的清单指纹（sheet） / of the list as it was seen (sheet)")
@click.pass_obj
def claim_sign(account: str, event: str, sha256: str) -> None:
    """整单签批 / Sign one's list, if it is still the one that was seen; all or none."""
    with entering(account) as doors:
        told = _sheet(doors, event)
        ids = [one["claim_id"] for one in told["clean"]]
        if not ids:
            raise click.ClickException("没有可以整单签的申领 / nothing to sign as a list")
        body = {"event": event, "claims": ids, "list_sha256": sha256}
        done = doors.post(_list_of(event), body)
    click.echo(f"已签 / signed: {done['signed']}")
    for one in done["others"]:
        click.echo(f"没有签 / not signed: {_line(one)}")


@claim.command("publish")
@click.option("--region", required=True, help="区划，六位 / division, six digits")
@click.argument("claims", nargs=-1, required=True, type=click.UUID, metavar="CLAIM…")
@click.pass_obj
def claim_publish(account: str, region: str, claims: tuple[Any, ...]) -> None:
    """公示 / Make reviewed claims public as one masked list of a division."""
    with entering(account) as doors:
        body = {"claims": [str(one) for one in claims], "region": region}
        click.echo(doors.post("/v1/desk/claim-notices", body)["notice_id"])


@claim.command("notices")
@click.pass_obj
def claim_notices(account: str) -> None:
    """列出公示 / List public lists with their days and SHA-256, the newest first."""
    with entering(account) as doors:
        for one in doors.read("/v1/claim-notices")["items"]:
            count = len(one["lines"])
            days = f"{one['start_on']} – {one['end_on']}"
            click.echo(f"{one['notice_id']}  {one['region']}  {days}  {count}  {one['sha256']}")


def _sheet(doors: Doors, event: str) -> dict[str, Any]:
    payable = event == "finance"
    return doors.read(_list_of(event), None if payable else {"event": event})


def _list_of(event: str) -> str:
    return "/v1/desk/payables" if event == "finance" else "/v1/desk/claim-list"


def _side(payable: bool) -> str:  # noqa: FBT001 - a flag as typed
    return "/v1/desk/payables" if payable else "/v1/desk/claims"


def _line(one: Mapping[str, Any]) -> str:
    waits = f"  waits={one['waits']}" if one["waits"] else ""
    told = f"{one['claim_id']}  {one['kind']}  {one['state']}  {one['amount_fen']}"
    return f"{told}  {one['owner'] or '-'}  due={one['due_on'] or '-'}{waits}"
