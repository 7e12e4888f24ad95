"""`recordsvc case seal-moved`: records moved before a move sealed them, once after an upgrade."""

import functools
import uuid

import click


@click.command("seal-moved")
@click.option("--dry-run", is_flag=True, help="只列出，不封存 / list them, and seal nothing")
@click.pass_obj
def seal_moved(account: str, *, dry_run: bool) -> None:
    """封存早先移出、原处仍可查阅的记录 / Seal what was moved before moves sealed it, where it was struck."""
    from recordsvc.access import areas, objects
    from recordsvc.archive import moved_before
    from recordsvc.casecommands import acting

    with acting(account, "archive.restrict") as (house, who):
        with house.db.read() as conn:
            found = [
                (proposal.id, one.archive.worker_id)
                for proposal, one in moved_before.unsealed(house, conn)
                if objects.own_reach(who, "archive.restrict", areas.person(conn, one.archive.worker_id))
            ]
        count = 0
        for proposal_id, worker_id in found:
            click.echo(f"{uuid.UUID(bytes=worker_id)}  {uuid.UUID(bytes=proposal_id)}")
            if not dry_run:
                act = functools.partial(moved_before.seal, house=house, proposal_id=proposal_id, who=who)
                count += house.db.write(act)
        click.echo(f"共 {len(found)} 条，已封存 {count} 条 / found {len(found)}, sealed {count}")
