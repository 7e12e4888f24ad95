"""Extracts: the chosen fields and nothing else leave; each falsehood in one is named offline."""

import copy
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from recordsvc import anchor
from recordsvc.access import consents, looked
from recordsvc.access.consents import Ended
from recordsvc.access.errors import AccessEnded, ConsentRefused
from recordsvc.access.looked import Look
from recordsvc.archive import erasing, extracts
from recordsvc.archive.errors import RegionKeyNotInForce
from recordsvc.archive.keyevents import KeyAction
from recordsvc.archive.verify import Outcome, verify_extract
from recordsvc.cli_verify import verify
from recordsvc.ground.strictjson import canonical
from recordsvc.house import House
from recordsvc.translog.note import NoteKey
from tests.archive.restricted import seal
from tests.archive.support import Centre, person
from tests.archive.test_erasing import UNLAWFUL, decided
from tests.archive.test_looked_log import kinds
from tests.archive.test_sharing import EMPLOYER, centre, give, looks, opened, raw_id, records, worker

__all__ = ["centre", "records", "worker"]

PART = ("occupation", "level", "name")


def share(house: House, worker: bytes, record: bytes, fields: tuple[str, ...] = PART, **changes: Any):
    return give(house, worker, record, fields=fields, text_code="extract-1", **changes)[1]


@pytest.fixture
def extract(house: House, worker: bytes, records: tuple[bytes, bytes]) -> dict[str, Any]:
    both = (raw_id(records[0]), raw_id(records[1]))
    return opened(house, share(house, worker, records[0], records=both))


def checked(house: House, told: dict[str, Any]):
    return verify_extract(
        json.dumps(told, ensure_ascii=False).encode(), anchor.log_keys(house), region=house.settings.region
    )


def codes(house: House, told: dict[str, Any]) -> set[str]:
    report = checked(house, told)
    assert report.outcome is not Outcome.PROVEN
    return {one.code for one in report.findings if one.level == "failed"}


def test_an_extract_says_the_chosen_fields_and_is_proven_offline(house: House, extract, records) -> None:
    report = checked(house, extract)
    assert report.outcome is Outcome.PROVEN, report.text("en")
    told = extract["statement"]["records"][0]
    record = json.loads(records[0])
    assert told["values"]["/worker/name"] == record["worker"]["name"]
    assert told["values"]["/body/occupation"] == record["body"]["occupation"]
    assert set(told["values"]) == {"/worker/name", "/body/occupation", "/body/level"}
    assert (told["state"], [one["index"] > told["index"] for one in told["acts"]]) == ("active", [True])
    opened_words = {one.code for one in report.findings if one.level == "open"}
    assert {"extract-issuers", "extract-parts", "newer-unknown"} <= opened_words
    assert record["worker"]["name"] in report.text("zh")


def test_what_was_not_chosen_is_nowhere_in_the_answer(house: House, worker: bytes, records) -> None:
    text = json.dumps(opened(house, share(house, worker, records[0], ("level",))), ensure_ascii=False)
    record = json.loads(records[0])
    for hidden in (
        record["worker"]["number"],
        record["worker"]["number"][-4:] + '"',
        record["worker"]["name"],
        record["issuer"],
        record["id"],
        record["salt"],
        record["body"]["occupation"]["name"],
        json.loads(records[1])["body"]["class"]["code"] + '"',
        str(uuid.UUID(bytes=worker)),
    ):
        assert hidden not in text


def test_the_size_of_an_answer_tells_nothing_of_hidden_fields(house: House, centre: Centre) -> None:
    """Two people whose records differ in what is hidden: the region's statements have the same length."""
    sizes = set()
    for n, name in ((7, "甲"), (8, "乙" * 40)):
        record = centre.completion(person(n), **{"class": {"code": "C1", "name": name}})
        centre.enter(record)
        told = opened(house, share(house, centre.worker_id(person(n)), record, ("level",)))["statement"]
        del told["size"], told["records"][0]["index"]  # the log grows, and tells so to everybody
        sizes.add(len(json.dumps(told)))
    assert len(sizes) == 1


def test_the_number_is_masked_unless_chosen_by_name(house: House, worker: bytes, records) -> None:
    number = json.loads(records[0])["worker"]["number"]
    tail = opened(house, share(house, worker, records[0], ("number-tail",)))
    whole = opened(house, share(house, worker, records[0], ("number",)))
    assert tail["statement"]["records"][0]["values"] == {"number_tail": number[-4:]}
    assert whole["statement"]["records"][0]["values"]["/worker/number"] == number
    assert number not in json.dumps(tail)


def test_a_correction_is_in_the_value_and_in_the_state(house: House, worker: bytes, records) -> None:
    told = opened(house, share(house, worker, records[0], ("level", "hours", "scores", "result")))
    said = told["statement"]["records"][0]
    assert len(said["acts"]) == 1
    with_correction = said["values"]
    other = opened(house, share(house, worker, records[1], ("level", "hours", "scores", "result")))
    assert with_correction != other["statement"]["records"][0]["values"]


def test_a_revoked_record_tells_its_state_and_when(house: House, centre: Centre, worker: bytes, records):
    centre.enter(centre.revocation(person(1), records[1]))
    told = opened(house, share(house, worker, records[1]))
    said = told["statement"]["records"][0]
    assert (said["state"], len(said["acts"])) == ("revoked", 1)
    report = checked(house, told)
    assert report.outcome is Outcome.PROVEN
    assert "撤销：" in report.text("zh")


def test_a_sealed_and_an_erased_record_tell_their_state_alone(house: House, worker: bytes, records) -> None:
    found = share(house, worker, records[1], records=(raw_id(records[0]), raw_id(records[1])))
    seal(house, worker, raw_id(records[1]))
    told = opened(house, found)
    said = {one["state"]: one for one in told["statement"]["records"]}
    assert (said["restricted"]["values"], said["restricted"]["type"]) == ({}, "")
    assert len(said["restricted"]["acts"]) == 1
    report = checked(house, told)
    assert report.outcome is Outcome.PROVEN
    assert "限制处理：" in report.text("zh")
    decided(
        house,
        lambda turn: erasing.propose_record_erasure(
            turn, house, worker, raw_id(records[1]), UNLAWFUL, "official:first"
        ),
    )
    told = opened(house, found)
    said = {one["state"]: one for one in told["statement"]["records"]}
    assert (said["erased"]["values"], said["erased"]["type"]) == ({}, "")
    assert said["active"]["values"]
    assert checked(house, told).outcome is Outcome.PROVEN


# -- falsehoods


def change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def act(told: dict[str, Any]) -> None:
        *steps, last = path.split(".")
        at: Any = told
        for step in steps:
            at = at[int(step)] if step.isdigit() else at[step]
        at[int(last) if last.isdigit() else last] = value

    return act


def swap_values(told: dict[str, Any]) -> None:
    one, two = told["statement"]["records"]
    one["leaf"], two["leaf"] = two["leaf"], one["leaf"]


def other_path(told: dict[str, Any]) -> None:
    path = told["proofs"][0]["path"]
    path[0], path[-1] = path[-1], path[0]


@pytest.mark.parametrize(
    ("falsify", "code"),
    [
        (change("statement.records.0.values./body/level", "1"), "signature"),
        (change("statement.records.0.state", "revoked"), "signature"),
        (change("statement.purpose", "skill-pay"), "signature"),
        (change("statement.fields", ["level"]), "signature"),
        (change("statement.origin", "other.example/log"), "origin-differs"),
        (change("statement.size", 1), "extract-head"),
        (change("statement.region", "91640100MA00000001"), "region-differs"),
        (swap_values, "signature"),
        (other_path, "extract-not-in-log"),
        (change("proofs", []), "extract-proofs"),
        (change("issuer_keys", []), "key-unknown"),
    ],
)
def test_a_changed_extract_is_refused_and_says_where(house: House, extract, falsify, code: str) -> None:
    falsify(extract)
    assert code in codes(house, extract)


def resigned(house: House, told: dict[str, Any]) -> dict[str, Any]:
    """The extract as a region would sign it that lies: the log must still say so."""
    told["signature"] = extracts._signature(house, canonical(told["statement"]))
    return told


def test_a_lying_region_cannot_move_an_entry_or_hide_what_changed_it(house: House, extract) -> None:
    swapped = copy.deepcopy(extract)
    swap_values(swapped)
    assert "extract-not-in-log" in codes(house, resigned(house, swapped))
    claimed = copy.deepcopy(extract)
    claimed["statement"]["records"][0]["state"] = "revoked"
    assert "extract-state" in codes(house, resigned(house, claimed))
    twice = copy.deepcopy(extract)
    twice["statement"]["records"][1] = copy.deepcopy(twice["statement"]["records"][0])
    assert "extract-twice" in codes(house, resigned(house, twice))


def test_the_key_of_another_log_refuses_it(house: House, extract) -> None:
    key = anchor.log_keys(house)[0]
    other = NoteKey(key.name, key.kind, bytes(32))
    report = verify_extract(json.dumps(extract, ensure_ascii=False).encode(), [other])
    assert {one.code for one in report.findings} == {"checkpoint-refused"}


@pytest.mark.parametrize(
    "damage",
    [
        change("statement.extra", 1),
        change("statement.size", "12"),
        change("statement.records", []),
        change("statement.records.0.leaf", "AA=="),
        change("proofs.0.path", ["x"]),
        change("signature", "a.b"),
        change("checkpoint", "x"),
        change("format", "recordsvc-bundle/1"),
    ],
)
def test_what_has_not_the_form_is_unreadable_and_never_raises(house: House, extract, damage) -> None:
    damage(extract)
    report = checked(house, extract)
    assert report.outcome is Outcome.UNREADABLE


def test_the_command_takes_an_extract(house: House, extract, tmp_path) -> None:
    file = tmp_path / "extract.json"
    file.write_text(json.dumps(extract, ensure_ascii=False), encoding="utf-8")
    key = anchor.log_keys(house)[0].vkey()
    done = CliRunner().invoke(verify, [str(file), "--log-key", key, "--region", house.settings.region])
    assert (done.exit_code, "登记机关" in done.output) == (0, True), done.output
    told = CliRunner().invoke(verify, [str(file), "--log-key", key, "--json", "--lang", "en"])
    assert json.loads(told.output)["statement"]["fields"] == sorted(PART)


# -- consent


def test_fields_that_are_none_are_refused(house: House, worker: bytes, records) -> None:
    for fields in ((), ("level", "salary")):
        with pytest.raises(ConsentRefused):
            share(house, worker, records[0], fields)


def test_the_text_of_whole_records_does_not_serve_for_fields(house: House, worker: bytes, records) -> None:
    with pytest.raises(ConsentRefused):
        give(house, worker, records[0], fields=PART, text_code="share-1")
    with pytest.raises(ConsentRefused):
        give(house, worker, records[0], text_code="extract-1")


def test_an_ended_and_an_expired_share_gives_no_extract(house: House, worker: bytes, records) -> None:
    found = share(house, worker, records[0])
    house.db.write(lambda turn: consents.end(turn, house.log, [worker], Ended.WORKER))
    with pytest.raises(AccessEnded):
        opened(house, found)
    late = share(house, worker, records[0])
    house.clock.advance(late.until_ms - house.clock.now_ms())
    with pytest.raises(AccessEnded):
        opened(house, late)


def test_who_looked_names_identity_only_where_it_was_given(house: House, worker: bytes, records) -> None:
    opened(house, share(house, worker, records[0], ("level",)), EMPLOYER)
    assert looks(house, worker)[0].fields == "records"
    house.clock.advance(1_000)
    opened(house, share(house, worker, records[0], ("name",)), EMPLOYER)
    assert looks(house, worker)[0].fields == "identity records"


def test_an_opening_by_consent_is_no_look_without_a_relation(house: House, worker: bytes, records) -> None:
    """Its row raises no alarm; the same machine without a consent does."""
    opened(house, share(house, worker, records[0], ("level",)), EMPLOYER)
    assert kinds(house) == []
    house.clock.advance(1_000)
    looked.record(house, [Look(worker, EMPLOYER, "inspection", "records")])
    assert kinds(house) == ["no-relation"]


# -- the region's key


def region_key(house: House, action: KeyAction) -> None:
    house.db.write(lambda turn: house.issuers.change(turn, house.settings.region, "region", action))


def test_no_extract_is_signed_with_a_key_that_is_not_in_force(house: House, worker: bytes, records) -> None:
    """Suspended: refused by its name, nothing counted and nobody told; lifted: proven again."""
    found = share(house, worker, records[0], max_uses=1)
    region_key(house, KeyAction.SUSPEND)
    with pytest.raises(RegionKeyNotInForce):
        opened(house, found)
    assert looks(house, worker) == []
    region_key(house, KeyAction.LIFT)
    assert checked(house, opened(house, found)).outcome is Outcome.PROVEN


def test_a_key_lifted_behind_the_checkpoint_shown_signs_no_extract(house: House, worker: bytes, records):
    """Witnesses signed a size at which the key was suspended: a verifier would refuse what it signs there."""
    found = share(house, worker, records[0])
    region_key(house, KeyAction.SUSPEND)
    with house.db.read() as conn:
        size = house.log.newest(conn).size
    house.log.cosign(size, "witness.example/w1", "— witness.example/w1 AAAA\n")
    region_key(house, KeyAction.LIFT)
    with pytest.raises(RegionKeyNotInForce):
        opened(house, found)


def test_whole_records_need_no_key_of_the_region(house: House, worker: bytes, records) -> None:
    region_key(house, KeyAction.SUSPEND)
    assert opened(house, give(house, worker, records[0])[1])["format"] == "recordsvc-bundle/1"
