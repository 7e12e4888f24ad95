"""Reconciling: equal copies have equal roots; what differs is told by its kind, and is a ticket once."""

import json
from typing import Any

import pytest

from recordsvc.exports import feed_routes
from recordsvc.exports.tables import export_ticket
from recordsvc.ground.strictjson import canonical
from recordsvc.house import House
from recordsvc.translog.tree import leaf_hash
from recordsvc.translog.tree import root as root_of
from tests.archive.support import Centre, person
from tests.exports.copies import Copy, agree
from tests.exports.test_acks import rows
from tests.exports.test_feed import entered


def held(copy: Copy) -> list[dict[str, Any]]:
    """What a copy holds, in order of ref."""
    return [
        {"ref": name, "state": "live" if name in copy.rows else "withdrawn", "version": head["version"]}
        for name, head in sorted(copy.heads.items())
    ]


def root(lines: list[dict[str, Any]]) -> str:
    return root_of([leaf_hash(canonical(one)) for one in lines]).hex()


@pytest.fixture
def copy(house: House, centre: Centre, bank: Copy) -> Copy:
    """A copy of six records, one of them withdrawn."""
    worker, records = entered(house, centre, 1, 6)
    agree(house, worker, *records)
    bank.pull()
    centre.enter(centre.revocation(person(1), records[0]))
    bank.pull()
    return bank


def totals(copy: Copy, prefix: str = "") -> dict[str, Any]:
    answer = copy.get(f"/v1/exports/totals?at={copy.cursor}&prefix={prefix}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def sent(copy: Copy, lines: list[dict[str, Any]], prefix: str = "", status: int = 200) -> Any:
    answer = copy.post("/v1/exports/reconciliations", {"at": copy.cursor, "prefix": prefix, "lines": lines})
    assert answer.status_code == status, answer.text
    return answer.json


def test_a_whole_copy_agrees_in_root_counts_and_parts(house: House, copy: Copy) -> None:
    told, mine = totals(copy), held(copy)
    assert (told["count"], told["live"], told["withdrawn"]) == (6, 5, 1)
    assert (told["at"], told["root"]) == (copy.cursor, root(mine))
    for part in told["parts"]:
        some = [one for one in mine if one["ref"].startswith(part["prefix"])]
        assert (part["count"], part["root"]) == (len(some), root(some))
        assert totals(copy, part["prefix"])["root"] == part["root"]
    assert sum(part["count"] for part in told["parts"]) == 6
    assert sent(copy, mine) == {"differences": []}
    assert rows(house, export_ticket) == []


def test_totals_as_of_an_older_cursor_are_those_of_then(copy: Copy) -> None:
    first = copy.get("/v1/exports/items?limit=6").json["next"]
    told = copy.get(f"/v1/exports/totals?at={first}").json
    assert (told["count"], told["live"], told["withdrawn"]) == (6, 6, 0)
    assert copy.get("/v1/exports/totals").json["count"] == 0


def test_what_differs_is_found_and_is_a_ticket_once(house: House, copy: Copy) -> None:
    mine = held(copy)
    live = [one for one in mine if one["state"] == "live"]
    lost, older, ended = live[0], live[1], live[2]
    unknown = {"ref": "0" * 32, "state": "live", "version": 1}
    wrong = [one for one in mine if one not in (lost, older, ended)]
    wrong += [older | {"version": 9}, ended | {"state": "withdrawn"}, unknown]
    for _ in range(2):
        found = {one["ref"]: one for one in sent(copy, wrong)["differences"]}
        assert {name: one["kind"] for name, one in found.items()} == {
            lost["ref"]: "missing-there",
            older["ref"]: "version-differs",
            ended["ref"]: "state-differs",
            unknown["ref"]: "missing-here",
        }
    tickets = {row["subject"]: row for row in rows(house, export_ticket)}
    assert {name: row["kind"] for name, row in tickets.items()} == {
        name: one["kind"] for name, one in found.items()
    }
    assert json.loads(tickets[lost["ref"]]["told"]) == {
        "ours": {"state": "live", "version": 1},
        "theirs": None,
    }


def test_a_range_is_compared_alone(copy: Copy) -> None:
    mine = held(copy)
    prefix = mine[0]["ref"][:2]
    some = [one for one in mine if one["ref"].startswith(prefix)]
    assert sent(copy, some, prefix) == {"differences": []}
    assert [one["kind"] for one in sent(copy, [], prefix)["differences"]] == ["missing-there"] * len(some)


def test_lines_twice_or_outside_their_range_are_refused(house: House, copy: Copy) -> None:
    one = held(copy)[0]
    other = "0" if one["ref"][0] != "0" else "1"
    assert sent(copy, [one, one], status=422)["code"] == "reconcile-lines"
    assert sent(copy, [one], other, status=422)["code"] == "reconcile-lines"
    assert rows(house, export_ticket) == []


def test_a_foreign_cursor_is_named(copy: Copy) -> None:
    assert copy.get("/v1/exports/totals?at=AAAA").json["code"] == "feed-cursor-unknown"
    answer = copy.post("/v1/exports/reconciliations", {"at": "AAAA", "lines": []})
    assert answer.json["code"] == "feed-cursor-unknown"


def test_a_range_that_differs_in_many_is_one_ticket(house: House, copy: Copy) -> None:
    invented = [{"ref": f"{n:032x}", "state": "live", "version": 1} for n in range(1_000 - len(held(copy)))]
    wrong = [*invented, *held(copy)]
    assert len(json.dumps({"lines": wrong})) > 64 * 1024
    for _ in range(2):
        assert len(sent(copy, wrong)["differences"]) == len(invented)
    (row,) = rows(house, export_ticket)
    told = {"count": 1_000, "our_count": 1_000 - len(invented), "differ": len(invented)}
    assert (row["kind"], json.loads(row["told"])) == ("range-differs", told)


def test_each_line_is_a_unit_of_the_day(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    charged: list[int] = []
    monkeypatch.setattr(feed_routes, "charge", charged.append)
    sent(copy, held(copy))
    assert charged == [len(held(copy))]
