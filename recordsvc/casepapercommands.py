"""Papers in `recordsvc case …` (案卷材料): those of a worker, and those that a proposal rests on.

And the records that a proposal is about.

By the doors of the desk's interface: each list and opening of a worker's papers leaves a row of who looked.
"""

import uuid
from pathlib import Path

import click

from recordsvc.consoledoors import CASE, PURPOSE, entering, write_new
from recordsvc.deskcommands import TO, WORKER, at
from recordsvc.papercommands import tell_sealed

PROPOSAL = click.argument("proposal", type=click.UUID)


@click.command()
@WORKER
@PURPOSE
@CASE
@click.pass_obj
def papers(account: str, worker: uuid.UUID, purpose: str, case: str) -> None:
    """列出劳动者的材料 / List the papers of WORKER, for a purpose and a case."""
    with entering(account) as doors:
        found = doors.read(at(worker, "papers"), {"purpose": purpose, "case_ref": case})
        for one in found["items"]:
            names = ("paper_id", "kind", "media", "size", "sha256", "title")
            click.echo("  ".join(str(one[name]) for name in names))
        tell_sealed(found["sealed"])


@click.command("paper-save")
@WORKER
@click.argument("paper", type=click.UUID)
@PURPOSE
@CASE
@TO
@click.pass_obj
def paper_save(account: str, worker: uuid.UUID, paper: uuid.UUID, purpose: str, case: str, to: Path) -> None:
    """取出劳动者的一份材料 / Write the file of a paper of WORKER, readable by this account only."""
    with entering(account) as doors:
        asked = {"purpose": purpose, "case_ref": case}
        write_new(to, doors.get(at(worker, f"papers/{paper}"), asked))
        click.echo("已取出 / written")


@click.command("proposal-papers")
@PROPOSAL
@click.pass_obj
def proposal_papers(account: str, proposal: uuid.UUID) -> None:
    """列出待办所依据的材料 / List the papers that PROPOSAL rests on."""
    with entering(account) as doors:
        for one in doors.read(f"/v1/desk/proposals/{proposal}/papers")["items"]:
            kept = "已收存 / filed" if one["filed"] else "未收存 / not filed here"
            click.echo(f"{one['n']}  {one['sha256']}  {kept}")


@click.command("proposal-paper")
@PROPOSAL
@click.argument("n", type=click.IntRange(1, 99))
@TO
@click.pass_obj
def proposal_paper(account: str, proposal: uuid.UUID, n: int, to: Path) -> None:
    """取出待办所依据的第 N 份材料 / Write the Nth paper of PROPOSAL, as who may decide it."""
    with entering(account) as doors:
        write_new(to, doors.get(f"/v1/desk/proposals/{proposal}/papers/{n}"))
        click.echo("已取出 / written")


@click.command("proposal-records")
@PROPOSAL
@click.pass_obj
def proposal_records(account: str, proposal: uuid.UUID) -> None:
    """列出待办所涉的记录 / List the records that PROPOSAL is about, as who may decide it."""
    with entering(account) as doors:
        for one in doors.read(f"/v1/desk/proposals/{proposal}/records")["items"]:
            names = ("record_id", "type", "title", "from_on", "until_on", "life", "trust")
            along = "一并办理 / goes along" if one["along"] else "所提的记录 / asked for"
            click.echo("  ".join([*(str(one[name]) for name in names if one[name]), along]))


CASES = (papers, paper_save, proposal_papers, proposal_paper, proposal_records)
"""Commands of `case`."""
