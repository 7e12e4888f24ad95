"""`recordsvc case slips` and `check-slip` as typed: they enter by the doors, refused where those refuse."""

import uuid

from click.testing import CliRunner

from recordsvc.archive.slip_tables import slip_check
from recordsvc.house import House
from tests.archive.support import Centre, person
from tests.test_number_commands import commands, settings, typed

__all__ = ["commands", "settings"]
PAPER = uuid.UUID("01890000-0000-7000-8000-00000000000a")


def test_slips_are_listed_and_a_result_is_taken_of_who_opened_them_alone(
    house: House, commands: CliRunner
) -> None:
    centre = Centre(house, 1)
    centre.enter(centre.completion(person(1)))
    worker_id = house.people.find("resident-id", person(1)["number"])
    assert worker_id is not None
    row = {
        "worker_id": worker_id,
        "paper_id": PAPER.bytes,
        "used_by": "official:demo-handler",
        "used_ms": house.clock.now_ms(),
        "due_on": "2031-01-02",
        "owner": "reviewer",
        "state": "open",
        "finding": "",
    }
    house.db.write(lambda turn: turn.conn.execute(slip_check.insert().values(**row)))
    worker = str(uuid.UUID(bytes=worker_id))

    listed = typed(house, commands, "case slips", by="demo-reviewer").output
    assert f"{worker}  {PAPER}  2031-01-02  reviewer  official:demo-handler" in listed

    words = (worker, str(PAPER), "--result", "agrees", "--finding", "与卡背面一致")
    blind = typed(house, commands, "case check-slip", *words, by="demo-reviewer")
    assert (blind.exit_code, "您还没有打开这份签字单" in blind.output) == (1, True)
    assert typed(house, commands, "case check-slip", *words, by="demo-handler").exit_code == 1
