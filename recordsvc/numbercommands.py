"""`recordsvc numbers …` (号码变更): numbers, names and cards of a worker, by an official at the console.

The same verbs as the desk's doors; what is proposed here a second official decides, at the desk or with
`recordsvc case decide`. The official signs in with a one-time code. Numbers and names are typed into a
prompt, never into the command line (shells keep those).
"""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from recordsvc.casecommands import PAPER, TEXT, WORKER, acting, ground_of
from recordsvc.consoledoors import CASE, entering, reach_for
from recordsvc.consoledoors import PURPOSE as WHY_LOOKED

if TYPE_CHECKING:
    from recordsvc.ground.commit import Turn
    from recordsvc.house import House
    from recordsvc.people.numbers import Why

F = TypeVar("F", bound=Callable[..., Any])
PURPOSE = "identity-correction"
WHICH = click.option("--which", type=click.UUID, required=True, help="list 所列编号 / identifier of `list`")


def _why(command: F) -> F:
    """Add the options that say on what a change rests."""
    for option in (PAPER, TEXT, ground_of("number_grounds")):
        command = option(command)
    return command


@click.group()
@click.option("--official", required=True, help="经办账号 / account of the official who acts")
@click.pass_context
def numbers(context: click.Context, official: str) -> None:
    """号码、姓名与卡的变更 / Changes of a worker's numbers, names and cards, by two officials."""
    context.obj = official


def _propose(
    account: str,
    said: dict[str, Any],
    act: "Callable[[Turn, House, Why, str], bytes]",
    *workers: uuid.UUID,
) -> None:
    """Propose what `act` says, once the grounds are judged as at the door."""
    from recordsvc import dated
    from recordsvc.archive.number_forms import GroundForm
    from recordsvc.ground.ports import beijing_date
    from recordsvc.ground.reading import load
    from recordsvc.people.identifiers import IdentifierError
    from recordsvc.people.numbers import Why

    with acting(account, "number.propose") as (house, who):
        reach_for(house, who, "number.propose", *(one.bytes for one in workers))
        said = load(GroundForm, {**said, "papers": list(said["papers"])})
        if said["ground"] not in dated.table("number_grounds").on(
            beijing_date(house.clock.now_ms()).isoformat()
        ):
            raise click.BadParameter("没有这种依据 / not in number_grounds", param_hint="--ground")
        why = Why(said["ground"], said["text"], said["papers"])
        try:
            proposal = house.db.write(lambda turn: act(turn, house, why, f"{who.kind}:{who.id}"))
        except IdentifierError as fault:
            raise click.ClickException(f"号码不成立，请逐位核对 / {fault.code}") from None
        click.echo(f"已提出，待另一人复核 / proposed, a second official decides: {uuid.UUID(bytes=proposal)}")


@numbers.command("list")
@WORKER
@click.option("--case", required=True, help="案卷号 / case on which the look rests")
@click.pass_obj
def listed(account: str, worker: uuid.UUID, case: str) -> None:
    """列出号码、姓名与卡（只显示尾号） / List with identifiers, masked; the worker sees who looked."""
    from recordsvc.access import looked
    from recordsvc.access.looked import Look
    from recordsvc.archive import number_views
    from recordsvc.ground.problems import NotFound

    with acting(account, "worker.numbers.read") as (house, who):
        reach_for(house, who, "worker.numbers.read", worker.bytes)
        found = number_views.known(house, worker.bytes)
        if not found:
            raise NotFound
        looked.record(house, [Look(worker.bytes, who, PURPOSE, "identity", case)])
        told = number_views.told(house, found, number_views.masked)
        for one in (*told["names"], *told["numbers"]):
            shown = uuid.UUID(bytes=one["identifier_id"])
            click.echo(f"{shown}  {one['kind']}  {one['value']}  {one['standing']}")
        for one in told["cards"]:
            click.echo(
                f"{uuid.UUID(bytes=one['identifier_id'])}  card  {one['number']}  {one['standing']}"
                f"  社保 / social={one['today']['social']}"
            )
            for event in one["events"]:
                mark = "  已撤回 / withdrawn" if event["withdrawn"] else ""
                click.echo(f"    n={event['n']}  {event['on']}  {event['what']}{mark}")


@numbers.command()
@WORKER
@click.option("--kind", required=True, help="证件类型，代码表 identity_documents / kind of document")
@click.option("--disputed", is_flag=True, help="两人同号：登记为有争议 / a number that two people had (重号)")
@_why
@click.pass_obj
def add(account: str, /, worker: uuid.UUID, kind: str, *, disputed: bool, **said: Any) -> None:
    """提出增加号码（换证、15 位升 18 位、重号） / Propose one more number; it is asked for."""
    from recordsvc.people import numbers as verbs
    from recordsvc.people.resolve import DISPUTED

    number = click.prompt("号码 / number", hide_input=True)
    standing = DISPUTED if disputed else verbs.VERIFIED
    _propose(
        account,
        said,
        lambda turn, house, why, by: verbs.propose_add(
            turn, house, worker.bytes, kind, number, why, by, standing
        ),
        worker,
    )


@numbers.command()
@WORKER
@WHICH
@click.option(
    "--standing",
    type=click.Choice(["verified", "superseded", "disputed"]),
    required=True,
    help="改为 / verified, superseded (旧号码), disputed (重号)",
)
@_why
@click.pass_obj
def stand(account: str, /, worker: uuid.UUID, which: uuid.UUID, standing: str, **said: Any) -> None:
    """提出号码作废、有争议或恢复 / Propose how a number stands from now on."""
    from recordsvc.people import numbers as verbs

    _propose(
        account,
        said,
        lambda turn, house, why, by: verbs.propose_standing(
            turn, house, worker.bytes, which.bytes, standing, why, by
        ),
        worker,
    )


@numbers.command()
@WORKER
@_why
@click.pass_obj
def rename(account: str, /, worker: uuid.UUID, **said: Any) -> None:
    """提出变更姓名 / Propose one more name, which is asked for; the old one stays."""
    from recordsvc.people import identifiers
    from recordsvc.people import numbers as verbs
    from recordsvc.people.names import is_a_name

    name = identifiers.shown(click.prompt("姓名 / name", hide_input=True))
    if not is_a_name(name):
        raise click.ClickException("不像姓名 / is not a name")
    _propose(
        account,
        said,
        lambda turn, house, why, by: verbs.propose_name(turn, house, worker.bytes, name, why, by),
        worker,
    )


@numbers.command("withdraw-event")
@WORKER
@WHICH
@click.option("-n", "number", type=int, required=True, help="list 所列 n / the event's n in `list`")
@_why
@click.pass_obj
def withdraw_event(account: str, /, worker: uuid.UUID, which: uuid.UUID, number: int, **said: Any) -> None:
    """提出撤回卡事件 / Propose that an event of a card does not count."""
    from recordsvc.people import numbers as verbs

    _propose(
        account,
        said,
        lambda turn, house, why, by: verbs.propose_withdrawal(
            turn, house, worker.bytes, which.bytes, number, why, by
        ),
        worker,
    )


@numbers.command()
@WORKER
@WHICH
@click.option(
    "--to", type=click.UUID, help="归到哪份档案；不填则只收回 / archive it goes to; none: taken back"
)
@_why
@click.pass_obj
def reassign(account: str, /, worker: uuid.UUID, which: uuid.UUID, to: uuid.UUID | None, **said: Any) -> None:
    """提出收回登记错人的卡 / Propose to take back a card and give it to whom it belongs."""
    from recordsvc.archive import reassigning

    _propose(
        account,
        said,
        lambda turn, house, why, by: reassigning.propose_reassign(
            turn, house, worker.bytes, which.bytes, to.bytes if to else None, why, by
        ),
        *((worker, to) if to else (worker,)),
    )


@numbers.command("confirm-card")
@click.option("--document", default="resident-id", show_default=True, help="证件类型 / kind of document")
@click.option(
    "--normal-since", help="社保功能查得正常，自哪天起 / social function seen as normal since, YYYY-MM-DD"
)
@WHY_LOOKED
@CASE
@click.pass_obj
def confirm_card(account: str, document: str, normal_since: str | None, purpose: str, case: str) -> None:
    """核实卡片 / Confirm a card that lies beside its holder's document; what they say is asked for."""
    asked = {
        "number": click.prompt("社会保障卡卡号 / card", hide_input=True).strip().upper(),
        "document_number": click.prompt("证件号码 / number", hide_input=True).strip().upper(),
        "name": click.prompt("姓名 / name", hide_input=True).strip(),
    }
    said = {"document": document, "normal_since": normal_since, "purpose": purpose, "case_ref": case}
    with entering(account) as doors:
        found = doors.post("/v1/desk/cards/confirm", asked | said)
        click.echo(f"已核实 / confirmed: {found['worker_id']}")
