"""People of the demo act as everybody does: by the rules that hold today."""

from recordsvc import demostaff
from recordsvc.access import cases
from recordsvc.ground.ports import beijing_date
from recordsvc.groups.statements import PURPOSE
from recordsvc.house import House


def test_what_the_demos_departments_state_rests_on_a_case_that_passes(house: House) -> None:
    today = beijing_date(house.clock.now_ms()).isoformat()
    with house.db.read() as conn:
        cases.check(conn, PURPOSE, demostaff.CASE, "staff:demo", today)
