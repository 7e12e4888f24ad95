"""Draws on both databases: what is fixed, what is refused, what the published script makes of it."""

import copy
import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.access import officials, recusals
from recordsvc.access.errors import Recused
from recordsvc.access.recusals import Ground
from recordsvc.archive import bound_statements
from recordsvc.bodies import institutions
from recordsvc.bodies.institutions import FactKind
from recordsvc.fsck import fsck
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.oversight import documents, drawing, draws, errors, inspecting, roster
from recordsvc.oversight.subjects import Candidate
from recordsvc.oversight.tables import draw, draw_stratum
from recordsvc.people import synthetic
from tests.oversight.conftest import VALUE, Oversight, check


def recuse(house: House, account: str, uscc: str) -> bytes:
    """An official says they keep out of an institution."""
    party = f"institution:{uscc}"
    return house.db.write(
        lambda turn: recusals.declare(
            turn, house.random, account, party, Ground.KIN, by=f"official:{account}"
        )
    )


# -- the proof


def test_case_53_the_published_script_comes_to_the_same_result(oversight: Oversight, tmp_path: Path) -> None:
    draw_id = oversight.whole(percent=20)
    proof = oversight.proof(draw_id)
    done = check(proof, tmp_path)

    assert done.agrees, done.said
    assert f"ssq 2025117 = {VALUE}" in done.said
    drawn = oversight.said(draw_id, "reveal")["drawn"]
    assert len(drawn) == 2 + 4
    assert f"drawn: {' '.join(drawn)}" in done.said


def _document(proof: dict[str, Any], step: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what a document says and make its own hash good; the log has the old one."""
    one = proof["documents"][step]
    said = json.loads(one["document"])
    change(said)
    one["document"] = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    one["sha256"] = hashlib.sha256(one["document"].encode()).hexdigest()


def _list(name: str, old: str, new: str, proof: dict[str, Any]) -> None:
    assert old in proof[name]
    proof[name] = proof[name].replace(old, new, 1)


def _first_byte(proof: dict[str, Any]) -> None:
    proof["objects"] = ("8" if proof["objects"][0] == "9" else "9") + proof["objects"][1:]


def _swap_objects(proof: dict[str, Any]) -> None:
    lines = proof["objects"].splitlines()
    proof["objects"] = "".join(f"{line}\n" for line in [lines[1], lines[0], *lines[2:]])


def _path(proof: dict[str, Any]) -> None:
    path = proof["documents"]["reveal"]["path"]
    path[0] = ("0" if path[0][0] != "0" else "1") + path[0][1:]


def _text(proof: dict[str, Any]) -> None:
    one = proof["documents"]["commit"]
    one["document"] = one["document"].replace('"ssq"', '"fc3d"')


DAMAGED: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "a byte of the list": (_first_byte, "objects: list"),
    "a weight": (functools.partial(_list, "objects", "\t1\t", "\t2\t"), "objects: list"),
    "two lines": (_swap_objects, "objects: list"),
    "an object more": (lambda proof: proof.update(objects=proof["objects"] + "X\t1\ta\n"), "objects: list"),
    "a recusal": (functools.partial(_list, "roster", "\t1\t", "\t1\tX"), "roster: list"),
    "the salt": (
        lambda proof: _document(proof, "reveal", lambda said: said.update(salt="0" * 64)),
        "reveal: log",
    ),
    "the value": (
        lambda proof: _document(proof, "reveal", lambda said: said.update(value="01 02 03 04 05 06+01")),
        "reveal: log",
    ),
    "the commitment": (
        lambda proof: _document(proof, "commit", lambda said: said.update(committed_ms=1)),
        "commit: log",
    ),
    "the words of a document": (_text, "commit: document"),
    "a path in the log": (_path, "reveal: log"),
    "an inspector": (
        lambda proof: _document(proof, "assign", lambda said: said["seats"][0]["inspectors"].reverse()),
        "assign: log",
    ),
    "a result": (
        lambda proof: _document(proof, "result", lambda said: said["results"].pop()),
        "result: log",
    ),
    "no list": (lambda proof: proof.update(objects=None), "does not agree"),
}


def test_case_53_every_damage_is_found(oversight: Oversight, tmp_path: Path) -> None:
    """Changed in the file alone: what was stated in the log no longer agrees."""
    recuse(oversight.house, "cat", oversight.codes[0])
    good = oversight.proof(oversight.whole(percent=20))
    assert check(good, tmp_path).agrees
    for name, (damage, found) in DAMAGED.items():
        proof = copy.deepcopy(good)
        damage(proof)
        done = check(proof, tmp_path)
        assert (name, done.agrees) == (name, False)
        assert (name, found in done.said) == (name, True), done.said


@pytest.mark.parametrize(
    ("step", "change", "found"),
    [
        ("commit", {"committed_ms": 1_999_999_999_999}, "time"),
        ("reveal", {"value": "01 02 03 04 05 06+01"}, "drawn"),
        ("reveal", {"salt": "0" * 64}, "salt"),
        ("assign", {"seats": []}, "inspectors"),
        ("result", {"results": []}, "result"),
        ("reveal", {"commit_sha256": "0" * 64}, "reveal: order"),
    ],
)
def test_case_53_an_operator_who_states_falsehoods_in_the_log_is_found_too(
    oversight: Oversight,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    step: str,
    change: dict[str, Any],
    found: str,
) -> None:
    """The document is false from the start, so the log agrees with it: the arithmetic does not."""
    lie(monkeypatch, step, change)
    done = check(oversight.proof(oversight.whole(percent=20)), tmp_path)
    assert (done.agrees, found in done.said) == (False, True), done.said


def lie(monkeypatch: pytest.MonkeyPatch, step: str, change: dict[str, Any]) -> None:
    """Have a step's document say something else."""
    say = documents.say

    def lying(turn: Any, house: House, draw_id: bytes, name: str, content: dict[str, Any]) -> None:
        say(turn, house, draw_id, name, content | (change if name == step else {}))

    monkeypatch.setattr(documents, "say", lying)


def test_a_salt_that_is_not_the_one_committed_to_reveals_nothing(
    oversight: Oversight, monkeypatch: pytest.MonkeyPatch
) -> None:
    lie(monkeypatch, "commit", {"salt_sha256": "0" * 64})
    draw_id = oversight.commit()
    oversight.until("2025-10-12T22:00")
    with pytest.raises(errors.SaltLost):
        oversight.reveal(draw_id)
    assert oversight.one(draw_id).state == "committed"


def test_lists_and_reveal_stay_closed_until_the_draw_opens(oversight: Oversight, tmp_path: Path) -> None:
    """An unannounced inspection: what was fixed is public by its hash alone."""
    draw_id = oversight.commit(opens_on="2025-11-30")
    oversight.until("2025-10-12T22:00")
    oversight.reveal(draw_id)
    proof = oversight.proof(draw_id)

    assert [one["document"] is None for one in proof["documents"].values()] == [False, True]
    assert (proof["objects"], proof["roster"]) == (None, None)
    assert check(proof, tmp_path).agrees
    oversight.until("2025-11-29T23:59")
    assert oversight.proof(draw_id)["objects"] is None
    oversight.until("2025-11-30T00:00")
    assert oversight.proof(draw_id)["objects"].count("\n") == 30
    assert check(oversight.proof(draw_id), tmp_path).agrees


def test_publication_opens_a_draw(oversight: Oversight) -> None:
    proof = oversight.proof(oversight.whole(opens_on="2025-11-30"))

    assert all(one["document"] for one in proof["documents"].values())
    assert proof["roster"].count("\n") == 4


def test_the_proof_names_no_person(oversight: Oversight) -> None:
    proof = json.dumps(oversight.proof(oversight.whole()), ensure_ascii=False)

    assert not any(
        f'"{account}"' in proof or f"official:{account}" in proof for account in ("ann", "bob", "cat")
    )


# -- committing


def test_a_commitment_fixes_at_least_the_share_of_each_stratum(oversight: Oversight) -> None:
    found = oversight.one(oversight.commit())

    assert [(one.stratum, one.size, one.least, one.number) for one in found.strata] == [
        ("assessment-organisation", 10, 1, 1), ("training-institution", 20, 1, 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"percent": 4}, "/percent"),
        ({"inspectors": 1}, "/inspectors"),
        ({"subject": "lottery"}, "/subject"),
        ({"source": "dice"}, "/source"),
        ({"issue": "25117"}, "/issue"),
        ({"event_on": "2025-10-13"}, "/event_on"),
        ({"event_on": "2025-10-09"}, "/event_on"),
        ({"event_on": "2026-01-01"}, "/event_on"),
        ({"event_on": "2025-1-1"}, "/event_on"),
        ({"opens_on": "2025-10-11"}, "/opens_on"),
        ({"opens_on": "2026-06-01"}, "/opens_on"),
        ({"area": "65"}, "/area"),
        ({"area": "6499"}, "/area"),
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_what_cannot_be_committed_to_is_refused(
    oversight: Oversight, change: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(errors.DrawRefused) as refused:
        oversight.commit(**change)

    assert [one["pointer"] for one in refused.value.errors] == [pointer]
    with oversight.house.db.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(draw)).scalar() == 0


def test_the_event_lies_behind_the_commitment_by_the_hour_of_the_rules(oversight: Oversight) -> None:
    oversight.until("2025-10-12T20:15")
    oversight.commit()
    oversight.clock.advance(1)
    with pytest.raises(errors.DrawRefused):
        oversight.commit(area="6401")


def test_one_list_is_drawn_once_by_one_event(oversight: Oversight) -> None:
    oversight.commit()
    with pytest.raises(errors.DrawKnown):
        oversight.commit("cat")
    oversight.commit(area="6401")
    oversight.commit(issue="2025118", event_on="2025-10-14")


def test_an_inspector_commits_within_their_area(oversight: Oversight) -> None:
    oversight.hire("eve", area="6401")
    with pytest.raises(errors.DrawRefused):
        oversight.commit("eve")
    with oversight.house.db.read() as conn:
        able = roster.able(oversight.house, conn, "6401", oversight.clock.now_ms())
    assert set(able) == {"ann", "bob", "cat", "dan", "eve"}
    oversight.commit("eve", area="6401")


def test_who_keeps_out_is_excluded_in_the_committed_roster(oversight: Oversight) -> None:
    shunned = oversight.codes[7]
    recuse(oversight.house, "dan", shunned)
    oversight.house.db.write(lambda turn: officials.add(turn, "fay", "fay", oversight.codes[8]))
    oversight.house.db.write(lambda turn: officials.grant(turn, "fay", "inspector", "64", by="test"))
    draw_id = oversight.commit()

    with oversight.house.db.read() as conn:
        people = draws.people(conn, draw_id)
        lines = drawing.inspectors(documents.lines(conn, draw_id, documents.ROSTER))
    assert {people[one.code]: one.excluded for one in lines if one.excluded} == {
        "dan": {shunned}, "fay": {oversight.codes[8]}
    }  # fmt: skip


def test_too_few_who_need_not_keep_out_stop_the_commitment(oversight: Oversight) -> None:
    for account in ("ann", "bob"):
        recuse(oversight.house, account, oversight.codes[3])
    oversight.commit()
    recuse(oversight.house, "cat", oversight.codes[3])
    with pytest.raises(errors.TooFewInspectors):
        oversight.commit(area="6401")


def test_new_and_faulty_institutions_weigh_more(oversight: Oversight) -> None:
    house, new = oversight.house, synthetic.uscc(4_000)
    entry = institutions.Entry(new, "新设培训学校", "training-institution", "2025-03-01", None, "test")
    house.db.write(lambda turn: institutions.enter(turn, entry, "official:1"))
    first = oversight.commit()
    oversight.until("2025-10-12T22:00")
    oversight.reveal(first)
    oversight.assign(first)
    oversight.inspect(first, "mended")
    oversight.publish(first)
    drawn = set(oversight.said(first, "reveal")["drawn"])
    second = oversight.commit(issue="2025118", event_on="2025-10-14")

    with house.db.read() as conn:
        weights = {one.id: one.weight for one in drawing.objects(documents.lines(conn, second, "objects"))}
    assert {weights[one] for one in drawn} == {4}
    assert {weights[one] for one in {new} - drawn} <= {2}
    assert {weight for one, weight in weights.items() if one not in drawn | {new}} == {1}


def test_a_closed_institution_is_not_drawn(oversight: Oversight) -> None:
    gone = oversight.codes[5]
    told = (gone, FactKind.CLOSED, "2025-09-01", "停办", "公告", "official:1")
    oversight.house.db.write(lambda turn: institutions.state(turn, *told))
    draw_id = oversight.commit()
    with oversight.house.db.read() as conn:
        lines = documents.lines(conn, draw_id, "objects")
    assert gone.encode() not in lines
    assert lines.count(b"\n") == 29


# -- revealing


def test_whoever_committed_does_not_reveal(oversight: Oversight) -> None:
    draw_id = oversight.commit()
    oversight.until("2025-10-12T22:00")
    with pytest.raises(errors.RevealSamePerson):
        oversight.reveal(draw_id, "ann")
    with pytest.raises(sa.exc.IntegrityError):
        oversight.house.db.write(
            lambda turn: turn.conn.execute(
                draw.update().values(
                    state="revealed", revealed_by="official:ann", revealed_ms=oversight.clock.now_ms()
                )
            )
        )
    oversight.reveal(draw_id, "bob")


def test_nothing_is_revealed_before_the_event_nor_after_the_term(oversight: Oversight) -> None:
    draw_id = oversight.commit()
    oversight.until("2025-10-12T21:14")
    with pytest.raises(errors.EventNotYet):
        oversight.reveal(draw_id)
    oversight.until("2025-10-19T23:59")
    assert oversight.one(draw_id).state == "committed"
    oversight.until("2025-10-20T00:00")
    with pytest.raises(errors.RevealTooLate):
        oversight.reveal(draw_id)

    found = oversight.one(draw_id)
    assert (found.state, found.opened) == ("failed", False)
    with oversight.house.db.read() as conn:
        (year,) = draws.years(conn, oversight.clock.now_ms())
    assert (year.draws, year.least, year.failed) == (0, 2, 1)


def test_a_draw_is_revealed_once(oversight: Oversight) -> None:
    draw_id = oversight.commit()
    oversight.until("2025-10-12T22:00")
    oversight.reveal(draw_id)
    with pytest.raises(errors.DrawNotThere):
        oversight.reveal(draw_id, "cat", "01 02 03 04 05 06+07")
    assert oversight.said(draw_id, "reveal")["value"] == VALUE


@pytest.mark.parametrize(
    "value", ["1 2 3 4 5 6+7", "03 07 12 18 25 34+09", "07 03 12 18 25 31+09", "03 03 12 18 25 31+09", "407"]
)
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_what_cannot_have_come_out_is_refused(oversight: Oversight, value: str) -> None:
    draw_id = oversight.commit()
    oversight.until("2025-10-12T22:00")
    with pytest.raises(errors.DrawRefused):
        oversight.reveal(draw_id, value=value)
    oversight.reveal(draw_id, value=f" {VALUE.replace(' ', '  ')} ")
    assert oversight.said(draw_id, "reveal")["value"] == VALUE


# -- inspecting


def test_who_may_no_longer_inspect_is_passed_over_with_the_reason(
    oversight: Oversight, tmp_path: Path
) -> None:
    draw_id = oversight.commit(percent=100)
    oversight.until("2025-10-12T22:00")
    oversight.reveal(draw_id)
    house = oversight.house
    house.db.write(lambda turn: officials.revoke(turn, "cat", "inspector", by="official:x"))
    recuse(house, "dan", oversight.codes[2])
    house.db.write(lambda turn: officials.add(turn, "new", "new"))
    house.db.write(lambda turn: officials.grant(turn, "new", "inspector", "64", by="test"))
    recuse(house, "ann", oversight.codes[2])
    with pytest.raises(errors.TooFewInspectors):
        oversight.assign(draw_id)
    with house.db.read() as conn:
        (mine,) = recusals.of(conn, "ann")
    house.db.write(lambda turn: recusals.end(turn, mine.recusal_id, by="auditor"))
    oversight.assign(draw_id)
    seats = oversight.seats(draw_id)
    oversight.inspect(draw_id)
    oversight.publish(draw_id)
    passed = oversight.said(draw_id, "assign")["passed_over"]

    assert len(seats) == 30
    assert all(len(set(two)) == 2 and set(two) <= {"ann", "bob", "dan"} for two in seats.values())
    assert set(seats[oversight.codes[2]]) == {"ann", "bob"}
    assert "left" in {one["why"] for one in passed}
    assert {one["object"] for one in passed if one["why"] == "recused"} <= {oversight.codes[2]}
    assert check(oversight.proof(draw_id), tmp_path).agrees


def test_two_of_the_drawn_report_and_confirm(oversight: Oversight) -> None:
    draw_id = oversight.commit()
    oversight.until("2025-10-12T22:00")
    oversight.reveal(draw_id)
    oversight.assign(draw_id)
    (one, (first, second)), (other, _) = oversight.seats(draw_id).items()
    stranger = min({"ann", "bob", "cat", "dan"} - {first, second})
    with pytest.raises(errors.NotDrawn):
        oversight.report(draw_id, one, stranger)
    with pytest.raises(errors.DrawUnknown):
        oversight.report(draw_id, next(code for code in oversight.codes if code not in (one, other)), first)
    with pytest.raises(errors.DrawRefused):
        oversight.report(draw_id, one, first, "all-fine")
    oversight.report(draw_id, one, first)
    with pytest.raises(errors.ReportSamePerson):
        oversight.confirm(draw_id, one, first)
    oversight.clock.advance(1_000)
    oversight.report(draw_id, one, second, "mended")
    with pytest.raises(errors.ReportSamePerson):
        oversight.confirm(draw_id, one, second)
    oversight.confirm(draw_id, one, first)
    with pytest.raises(errors.DrawNotThere):
        oversight.report(draw_id, one, first)
    with pytest.raises(errors.DrawNotThere):
        oversight.publish(draw_id)
    assert oversight.one(draw_id).state == "assigned"
    for account in oversight.seats(draw_id)[other]:
        (oversight.confirm if other in _reported(oversight, draw_id) else oversight.report)(
            draw_id, other, account
        )
    assert oversight.one(draw_id).state == "reported"


def _reported(oversight: Oversight, draw_id: bytes) -> dict[str, Any]:
    with oversight.house.db.read() as conn:
        return draws.reports(conn, draw_id)


def test_a_report_that_changed_meanwhile_is_not_confirmed(oversight: Oversight) -> None:
    draw_id = oversight.commit()
    oversight.until("2025-10-12T22:00")
    oversight.reveal(draw_id)
    oversight.assign(draw_id)
    one, (first, second) = next(iter(oversight.seats(draw_id).items()))
    oversight.report(draw_id, one, first)
    seen = _reported(oversight, draw_id)[one].reported_ms
    oversight.clock.advance(1_000)
    oversight.report(draw_id, one, first, "mended")
    who, house = oversight.who(second), oversight.house
    with pytest.raises(errors.DrawNotThere):
        house.db.write(lambda turn: inspecting.confirm(house, turn, draw_id, one, who, seen))


def test_a_recusal_after_the_draw_keeps_the_report_away(oversight: Oversight) -> None:
    draw_id = oversight.commit()
    oversight.until("2025-10-12T22:00")
    oversight.reveal(draw_id)
    oversight.assign(draw_id)
    one, (first, _second) = next(iter(oversight.seats(draw_id).items()))
    recuse(oversight.house, first, one)
    with pytest.raises(Recused):
        oversight.report(draw_id, one, first)


@pytest.mark.parametrize("early", ["assign", "publish"])
def test_steps_follow_one_another(oversight: Oversight, early: str) -> None:
    draw_id = oversight.commit()
    with pytest.raises(errors.DrawNotThere):
        getattr(oversight, early)(draw_id)


def test_terms_run_in_working_days(oversight: Oversight) -> None:
    found = oversight.one(oversight.whole())

    assert (found.due_on, inspecting.publish_due(found)) == ("2025-11-07", "2025-11-07")


# -- at rest


def test_fewer_than_the_share_is_refused_by_the_database(oversight: Oversight) -> None:
    draw_id = oversight.commit()
    for values in ({"number": 0}, {"number": 31}, {"least": 0}):
        row = {"draw_id": draw_id, "stratum": "x", "size": 30, "least": 2, "number": 2} | values
        with pytest.raises(sa.exc.IntegrityError):
            oversight.house.db.write(
                lambda turn, row=row: turn.conn.execute(draw_stratum.insert().values(**row))
            )


def test_what_is_there_is_what_the_log_states(oversight: Oversight, clock: FixedClock) -> None:
    oversight.whole()
    oversight.commit(issue="2025118", event_on="2025-10-14")
    bound_statements.keep(oversight.house, now=True)
    report = fsck(oversight.house, offline=True)

    assert (report.finding, report.counts["draw documents"]) == (None, 5)


def test_other_objects_come_by_their_own_port(oversight: Oversight, tmp_path: Path) -> None:
    """Another room registers its own: opaque ids, and a weight that a flag raised."""

    @dataclasses.dataclass(frozen=True)
    class Classes:
        kind: str = "class"
        title_zh: str = "培训班"

        def candidates(self, _conn: object, _area: str, _day: str) -> list[Candidate]:
            return [Candidate(f"c-{n:03d}", "all", weight=5 if n == 7 else 0) for n in range(100)]

        def stratum_zh(self, stratum: str) -> str:
            return stratum

        def parties(self, _conn: object, object_ids: Collection[str]) -> dict[str, frozenset[str]]:
            mine = frozenset({f"institution:{oversight.codes[0]}"})
            return {one: mine if one == "c-003" else frozenset() for one in object_ids}

        def owner(self, _conn: object, _object_id: str) -> str | None:
            return None

        def name(self, _conn: object, object_id: str, _day: str) -> str:
            return f"培训班 {object_id}"

    oversight.house.draw_subjects["class"] = Classes()
    recuse(oversight.house, "cat", oversight.codes[0])
    draw_id = oversight.whole(subject="class")
    proof = oversight.proof(draw_id)
    assert check(proof, tmp_path).agrees
    assert "c-007\t5\tall\n" in proof["objects"]
    assert proof["roster"].count("c-003") == 1
    assert oversight.one(draw_id).number == 5


def test_departments_of_the_register_are_not_drawn(oversight: Oversight) -> None:
    """They state who belongs to a group; they neither teach nor assess."""
    code = synthetic.uscc(2900)
    entry = institutions.Entry(code, "某某局", "bureau", "2015-01-01", None, "test")
    oversight.house.db.write(lambda turn: institutions.enter(turn, entry, "official:1"))

    drawn_of = oversight.proof(oversight.whole(percent=20))["objects"]

    assert oversight.codes[0] in drawn_of
    assert code not in drawn_of
