"""Auditors' packs: two officials decide, the service makes, the named auditor fetches, and workers see it."""

import io
import json
import re
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from recordsvc.access import looked
from recordsvc.access.looked_tables import looked_alarm
from recordsvc.access.tables import official_role
from recordsvc.archive import erasing, looked_alarms, pack_making
from recordsvc.archive.keyevents import KeyAction
from recordsvc.archive.pack_manifest import Files
from recordsvc.archive.pack_tables import audit_pack
from recordsvc.archive.reading import Reader
from recordsvc.archive.verify_pack import MANIFEST, BadPack, verify_pack
from recordsvc.cli_verify_pack import verify_pack_file
from recordsvc.ground import two_person
from recordsvc.ground.base64strict import b64u
from recordsvc.people import synthetic
from recordsvc.people import tables as people_tables
from tests.archive.restricted import seal
from tests.journeys.desk import HOST, Centre, Journey
from tests.journeys.test_closed_centre import enter

DAY = 86_400_000


@pytest.fixture
def workers(journey: Journey) -> list[bytes]:
    centre: Centre = journey.centre()
    found = []
    for n in range(1, 4):
        enter(journey, centre, journey.completion(centre, journey.person(n)))
        worker_id = journey.house.people.find("resident-id", journey.person(n)["number"])
        assert worker_id is not None
        found.append(worker_id)
    return found


def auditor(journey: Journey) -> str:
    with journey.house.db.read() as conn:
        query = sa.select(official_role.c.official_id).where(official_role.c.role == "auditor")
        return str(conn.execute(query).scalars().first())


def proposed(journey: Journey, workers: list[bytes], status: int = 202, **more: Any) -> Any:
    body = {
        "auditor": auditor(journey),
        "case_ref": "SJ-2025-1",
        "reason": "年度审计抽查",
        "selection": {"workers": [str(uuid.UUID(bytes=one)) for one in workers]},
    }
    return journey.act("data-officer", "/v1/desk/audit-packs", body | more, status)


def made(journey: Journey, workers: list[bytes], **more: Any) -> str:
    pack = str(proposed(journey, workers, **more)["proposal_id"])
    journey.decide("reviewer", pack)
    while pack_making.make(journey.house):
        pass
    return pack


def fetched(journey: Journey, pack: str, who: str = "auditor") -> Any:
    return journey.browser(who)[0].get(f"/v1/desk/audit-packs/{pack}/file", base_url=HOST)


def looks(journey: Journey, worker_id: bytes) -> list[str]:
    with journey.house.db.read() as conn:
        return [one.fields for one in looked.of_worker(conn, worker_id)]


def checked(journey: Journey, data: bytes) -> dict[str, Any]:
    return verify_pack(data, journey.house.keys.public("region"))


def test_a_pack_shows_masked_archives_and_leaves_a_row_for_each(
    journey: Journey, workers: list[bytes]
) -> None:
    answer = fetched(journey, made(journey, workers))
    assert answer.status_code == 200
    manifest = checked(journey, answer.data)
    assert (manifest["count"], manifest["omitted"], manifest["case_ref"]) == (3, 0, "SJ-2025-1")
    for n in range(1, 4):
        number = journey.person(n)["number"].encode()
        with zipfile.ZipFile(io.BytesIO(answer.data)) as pack:
            assert all(number not in pack.read(name) for name in pack.namelist())
            some = pack.read(manifest["files"][0]["name"]).splitlines()
        assert json.loads(some[0])["records"]
    assert [looks(journey, one) for one in workers] == [["audit-pack"]] * 3
    (line,) = journey.read("auditor", "/v1/desk/audit-packs")["items"]
    assert (line["state"], line["fetched"]) == ("ready", 1)


def test_a_fetched_pack_raises_no_alarm(journey: Journey, workers: list[bytes]) -> None:
    pack = made(journey, workers)
    for _ in range(20):
        assert fetched(journey, pack).status_code == 200
    looked_alarms.follower(journey.house).run()
    journey.clock.advance(DAY)
    looked_alarms.relation_follower(journey.house).run()
    with journey.house.db.read() as conn:
        assert conn.execute(sa.select(looked_alarm.c.kind)).all() == []


def test_nothing_leaves_without_the_rows(
    journey: Journey, workers: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = made(journey, workers)

    def fails(*_arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("recordsvc.access.looked_log._hot_head", fails)
    answer = fetched(journey, pack)
    assert (answer.status_code, answer.json["code"]) == (503, "look-not-written")
    assert looks(journey, workers[0]) == []


def test_only_the_named_auditor_fetches_and_only_what_two_decided(
    journey: Journey, workers: list[bytes]
) -> None:
    pack = str(proposed(journey, workers)["proposal_id"])
    assert fetched(journey, pack).status_code == 404, "nobody approved it"
    assert journey.decide("data-officer", pack, status=403)["code"] == "same-person"
    journey.decide("reviewer", pack)
    assert fetched(journey, pack).status_code == 404, "it is not made"
    assert pack_making.make(journey.house) == 3
    assert fetched(journey, pack, "reviewer").status_code == 403
    own = audit_pack.c
    journey.house.db.write(lambda turn: turn.conn.execute(audit_pack.update().values(auditor="somebody")))
    assert fetched(journey, pack).status_code == 404, "the row alone names nobody"
    with journey.house.db.read() as conn:
        assert conn.scalar(sa.select(own.fetched)) == 0


def test_who_is_no_auditor_gets_none(journey: Journey, workers: list[bytes]) -> None:
    refused = proposed(journey, workers, 422, auditor="nobody")
    assert refused["errors"][0]["pointer"] == "/auditor"


def test_what_stopped_in_the_middle_goes_on(
    journey: Journey, workers: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_making, "PORTION", 1)
    pack = str(proposed(journey, workers)["proposal_id"])
    journey.decide("reviewer", pack)
    assert [pack_making.make(journey.house) for _ in range(4)] == [1, 1, 1, 0]
    assert checked(journey, fetched(journey, pack).data)["count"] == 3


def test_a_range_of_the_log_is_chosen_by_what_its_records_say(journey: Journey, workers: list[bytes]) -> None:
    chosen = {"first": 0, "last": 1_000, "type": "training-completion"}
    assert checked(journey, fetched(journey, made(journey, [], selection=chosen)).data)["count"] == 3
    none = {"first": 0, "last": 1_000, "type": "level-certificate"}
    proposed(journey, [], 422, selection=none)
    proposed(journey, [], 422, selection={"first": 0, "last": 50_000_000})


def test_a_restricted_archive_is_left_out_and_counted(journey: Journey, workers: list[bytes]) -> None:
    pack = made(journey, workers)
    folder = journey.house.settings.data_dir / "packs" / uuid.UUID(pack).hex
    assert len(list(folder.glob("*.sealed"))) == 3
    path = f"/v1/desk/workers/{uuid.UUID(bytes=workers[0])}/restrict"
    journey.act("data-officer", path, {"ground": "erasure-requested", "text": "本人申请"}, 201)
    manifest = checked(journey, fetched(journey, pack).data)
    assert (manifest["count"], manifest["omitted"], manifest["withdrawn"]) == (2, 0, 1)
    assert looks(journey, workers[0]) == []
    pack_making.expire(journey.house)
    assert len(list(folder.glob("*.sealed"))) == 2, "erasing reaches every copy"
    assert checked(journey, fetched(journey, pack).data)["withdrawn"] == 1


def test_an_archive_of_which_a_record_was_restricted_since_is_left_out(
    journey: Journey, workers: list[bytes]
) -> None:
    """What was made before holds the record; a pack made after the restriction does not, and goes out."""
    house, pack = journey.house, made(journey, workers)
    archive = Reader(house).archive(workers[0])
    assert archive is not None
    journey.house.clock.advance(1_000)
    seal(house, workers[0], archive.entries[0].stored.record_id)
    manifest = checked(journey, fetched(journey, pack).data)
    assert (manifest["count"], manifest["omitted"], manifest["withdrawn"]) == (2, 0, 1)
    journey.house.clock.advance(1_000)
    assert checked(journey, fetched(journey, made(journey, workers)).data)["count"] == 3
    pack_making.expire(house)
    folder = house.settings.data_dir / "packs" / uuid.UUID(pack).hex
    assert len(list(folder.glob("*.sealed"))) == 2


def test_an_expired_pack_is_destroyed(journey: Journey, workers: list[bytes]) -> None:
    pack = made(journey, workers)
    folder = journey.house.settings.data_dir / "packs" / uuid.UUID(pack).hex
    number = journey.person(1)["number"].encode()
    stored = b"".join(one.read_bytes() for one in folder.iterdir())
    assert number not in stored
    assert b"records" not in stored
    journey.clock.advance(14 * DAY)
    assert pack_making.expire(journey.house) == 1
    assert not folder.exists()
    with journey.house.db.read() as conn:
        assert conn.execute(sa.select(audit_pack.c.state, audit_pack.c.wrapped)).one() == ("expired", None)


def test_a_changed_pack_does_not_verify(journey: Journey, workers: list[bytes]) -> None:
    data = fetched(journey, made(journey, workers)).data
    with zipfile.ZipFile(io.BytesIO(data)) as pack:
        files = {name: pack.read(name) for name in pack.namelist()}
    name = next(one for one in files if one.endswith(".ndjson"))
    fewer = {one: content for one, content in files.items() if one != name}
    for wrong in (files | {name: b"{}"}, files | {"more.ndjson": b"{}"}, fewer):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as changed:
            for one, content in wrong.items():
                changed.writestr(one, content)
        with pytest.raises(BadPack):
            checked(journey, target.getvalue())
    with pytest.raises(BadPack):
        verify_pack(data, journey.house.keys.public("log"))


def test_the_command_tells_a_whole_pack_from_a_changed_one(
    journey: Journey, workers: list[bytes], tmp_path: Path
) -> None:
    pack, key = tmp_path / "pack.zip", tmp_path / "region.json"
    data = fetched(journey, made(journey, workers)).data
    region = journey.house.keys.public("region")
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64u(region.raw), "kid": "region-1", "alg": "EdDSA"}
    key.write_text(json.dumps(jwk))
    pack.write_bytes(data)
    runner = CliRunner()
    good = runner.invoke(verify_pack_file, [str(pack), "--region-key", str(key)])
    assert good.exit_code == 0, good.output
    assert json.loads(good.output)["count"] == 3
    pack.write_bytes(data[:-40])
    assert runner.invoke(verify_pack_file, [str(pack), "--region-key", str(key)]).exit_code == 1


def test_the_page_offers_a_pack_to_its_auditor_alone(journey: Journey, workers: list[bytes]) -> None:
    nothing = journey.browser("auditor")[0].get("/desk/packs", base_url=HOST)
    assert "没有审计材料包" in nothing.text
    pack = made(journey, workers)
    href = f"/v1/desk/audit-packs/{pack}/file"
    assert href in journey.browser("auditor")[0].get("/desk/packs", base_url=HOST).text
    theirs = journey.browser("reviewer")[0].get("/desk/packs", base_url=HOST).text
    assert "SJ-2025-1" in theirs
    assert href not in theirs


def test_a_pack_is_proposed_on_a_page_and_decided_by_another(journey: Journey, workers: list[bytes]) -> None:
    """Every field at fault is named at once and nothing typed is lost; the range reaches the archives."""
    client, token = journey.browser("data-officer")

    def send(**typed: str) -> Any:
        form = {"csrf_token": token, **typed}
        return client.post("/desk/packs/new", data=form, base_url=HOST, headers={"Origin": HOST})

    assert "/desk/packs/new" in client.get("/desk/packs", base_url=HOST).text
    assert client.get("/desk/packs/new", base_url=HOST).status_code == 200
    wrong = send(case_ref="SJ-2025-2", first="零", since="昨天")
    assert wrong.status_code == 422
    assert re.findall(r'<p><a href="#f-([a-z_]+)">', wrong.text) == [
        "auditor",
        "first",
        "last",
        "since",
        "whole",
        "reason",
    ]
    assert 'value="SJ-2025-2"' in wrong.text
    right = {
        "auditor": auditor(journey),
        "case_ref": "SJ-2025-2",
        "first": "0",
        "last": "500",
        "whole": "no",
        "reason": "年度审计抽查",
    }
    too_wide = send(**(right | {"last": "99999999"}))
    assert re.findall(r'<p><a href="#f-([a-z_]+)">', too_wide.text) == ["last"]
    nobody = send(**(right | {"auditor": "nobody"}))
    assert re.findall(r'<p><a href="#f-([a-z_]+)">', nobody.text) == ["auditor"]
    sent = send(**right)
    assert sent.status_code == 303
    proposal = sent.location.rsplit("/", 1)[1]
    journey.decide("data-officer", proposal, status=403)
    journey.decide("reviewer", proposal)
    while pack_making.make(journey.house):
        pass
    answer = fetched(journey, proposal)
    assert answer.status_code == 200
    assert checked(journey, answer.data)["count"] == len(workers)
    assert "/desk/packs/new" not in journey.browser("auditor")[0].get("/desk/packs", base_url=HOST).text
    assert journey.browser("auditor")[0].get("/desk/packs/new", base_url=HOST).status_code == 403


# -- what was fixed when it was made


def put_in(journey: Journey, pack: str) -> Files:
    raw = uuid.UUID(pack).bytes
    with journey.house.db.read() as conn:
        wrapped = conn.scalar(sa.select(audit_pack.c.wrapped).where(audit_pack.c.pack_id == raw))
    return Files(journey.house, raw, wrapped)


def manifest_of(answer: Any) -> bytes:
    with zipfile.ZipFile(io.BytesIO(answer.data)) as pack:
        return pack.read(MANIFEST)


def restricted(journey: Journey, worker_id: bytes) -> None:
    path = f"/v1/desk/workers/{uuid.UUID(bytes=worker_id)}/restrict"
    journey.act("data-officer", path, {"ground": "erasure-requested", "text": "本人申请"}, 201)


def erased(journey: Journey, worker_id: bytes) -> None:
    restricted(journey, worker_id)
    unlawful = {"ground": "unlawful", "text": "未经本人同意录入"}
    path = f"/v1/desk/workers/{uuid.UUID(bytes=worker_id)}/erase"
    journey.decide("data-officer", journey.act("handler", path, unlawful)["proposal_id"])


def test_every_fetch_hands_out_the_one_manifest_whatever_was_entered_since(
    journey: Journey, workers: list[bytes]
) -> None:
    pack = made(journey, workers)
    first = fetched(journey, pack)
    other = journey.centre(synthetic.uscc(2002), "第二培训学校")
    enter(journey, other, journey.completion(other, journey.person(1)))
    journey.clock.advance(60_000)
    again = fetched(journey, pack)
    assert again.status_code == 200, again.json
    assert manifest_of(first) == manifest_of(again)
    assert checked(journey, first.data) == checked(journey, again.data)


@pytest.mark.parametrize(
    "how", ["another file", "no file", "a swapped file", "no manifest", "a mark of others"]
)
def test_what_is_not_as_it_was_fixed_is_refused_and_leaves_no_row(
    journey: Journey, workers: list[bytes], how: str
) -> None:
    """Also by somebody who holds the pack's key: the manifest holds what the files were."""
    pack = made(journey, workers)
    files = put_in(journey, pack)
    one, other = (files.folder / f"{worker_id.hex()}.sealed" for worker_id in workers[:2])
    if how == "another file":
        files.keep(workers[0], b"{}\n")
    elif how == "no file":
        one.unlink()
    elif how == "a swapped file":
        one.write_bytes(other.read_bytes())
    elif how == "no manifest":
        (files.folder / "manifest").unlink()
    else:
        one.rename(one.with_suffix(".withdrawn"))
    answer = fetched(journey, pack)
    assert (answer.status_code, answer.json["code"]) == (503, "pack-damaged")
    assert [looks(journey, worker_id) for worker_id in workers] == [[], [], []]


def test_a_pack_that_was_not_fixed_is_not_handed_out_whatever_its_row_says(
    journey: Journey, workers: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_making, "PORTION", 2)
    pack = str(proposed(journey, workers)["proposal_id"])
    journey.decide("reviewer", pack)
    assert pack_making.make(journey.house) == 2
    journey.house.db.write(lambda turn: turn.conn.execute(audit_pack.update().values(state="ready")))
    assert fetched(journey, pack).json["code"] == "pack-damaged"


def test_a_file_that_is_lost_while_the_pack_is_made_leaves_it_unfinished(
    journey: Journey, workers: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_making, "PORTION", 2)
    pack = str(proposed(journey, workers)["proposal_id"])
    journey.decide("reviewer", pack)
    pack_making.make(journey.house)
    next(put_in(journey, pack).folder.glob("*.sealed")).unlink()
    assert [pack_making.make(journey.house) for _ in range(3)] == [1, 0, 0]
    assert journey.read("auditor", "/v1/desk/audit-packs")["items"][0]["state"] == "making"
    assert fetched(journey, pack).status_code == 404


def test_a_worker_erased_between_approval_and_making_is_in_no_file(
    journey: Journey, workers: list[bytes]
) -> None:
    pack = str(proposed(journey, workers)["proposal_id"])
    journey.decide("reviewer", pack)
    erased(journey, workers[0])
    while pack_making.make(journey.house):
        pass
    manifest = checked(journey, fetched(journey, pack).data)
    assert (manifest["count"], manifest["omitted"], manifest["withdrawn"]) == (2, 1, 0)
    assert str(uuid.UUID(bytes=workers[0])) not in json.dumps(manifest)
    assert looks(journey, workers[0]) == []


def test_a_worker_erased_between_making_and_fetch_is_in_no_file(
    journey: Journey, workers: list[bytes]
) -> None:
    """At once, and for good: before the service took the file away, and after."""
    pack = made(journey, workers)
    fixed = checked(journey, fetched(journey, pack).data)
    erased(journey, workers[0])
    for _ in range(2):
        manifest = checked(journey, fetched(journey, pack).data)
        assert (manifest["count"], manifest["omitted"], manifest["withdrawn"]) == (2, 0, 1)
        assert [one for one in fixed["files"] if one in manifest["files"]] == manifest["files"]
        pack_making.expire(journey.house)
    assert looks(journey, workers[0]) == ["audit-pack"], "of the one fetch before"


def test_what_was_withdrawn_stays_so_when_the_restriction_is_lifted(
    journey: Journey, workers: list[bytes]
) -> None:
    pack = made(journey, workers)
    restricted(journey, workers[0])
    pack_making.expire(journey.house)
    house = journey.house
    lift = house.db.write(
        lambda turn: erasing.propose_lift(turn, workers[0], "request-withdrawn", "本人撤回", "official:first")
    )
    house.db.write(
        lambda turn: two_person.decide(
            turn, lift, "official:second", approve=True, reason="同意", role="data-officer", tools=house
        )
    )
    assert checked(journey, fetched(journey, pack).data)["withdrawn"] == 1


def test_a_pack_of_which_nothing_is_left_is_empty_and_says_so(journey: Journey, workers: list[bytes]) -> None:
    pack = str(proposed(journey, workers)["proposal_id"])
    journey.decide("reviewer", pack)
    for one in workers:
        restricted(journey, one)
    while pack_making.make(journey.house):
        pass
    answer = fetched(journey, pack)
    manifest = checked(journey, answer.data)
    assert (manifest["count"], manifest["files"], manifest["omitted"]) == (0, [], 3)
    assert [looks(journey, one) for one in workers] == [[], [], []]


def test_a_pack_emptied_after_it_was_made_is_empty_and_says_so(
    journey: Journey, workers: list[bytes]
) -> None:
    pack = made(journey, workers[:1])
    restricted(journey, workers[0])
    manifest = checked(journey, fetched(journey, pack).data)
    assert (manifest["count"], manifest["omitted"], manifest["withdrawn"]) == (0, 0, 1)


def test_no_manifest_is_signed_with_a_key_that_is_not_in_force(
    journey: Journey, workers: list[bytes]
) -> None:
    """The pack waits; one that was fixed before is handed out, and what would need a new manifest is not."""
    house = journey.house

    def region(action: KeyAction) -> None:
        house.db.write(lambda turn: house.issuers.change(turn, house.settings.region, "region", action))

    before, later = made(journey, workers), str(proposed(journey, workers)["proposal_id"])
    journey.decide("reviewer", later)
    region(KeyAction.SUSPEND)
    assert [pack_making.make(house) for _ in range(2)] == [3, 0]
    assert fetched(journey, later).status_code == 404
    assert fetched(journey, before).status_code == 200
    restricted_by_hand(journey, workers[0])
    refused = fetched(journey, before)
    assert (refused.status_code, refused.json["code"]) == (503, "region-key-not-in-force")
    region(KeyAction.LIFT)
    assert pack_making.make(house) == 0
    assert checked(journey, fetched(journey, later).data)["count"] == 2
    assert checked(journey, fetched(journey, before).data)["withdrawn"] == 1


def restricted_by_hand(journey: Journey, worker_id: bytes) -> None:
    """As a restriction leaves the row: the act itself is a statement, which needs the region's key."""
    own = people_tables.worker
    values = own.update().where(own.c.worker_id == worker_id).values(state="restricted")
    journey.house.db.write(lambda turn: turn.conn.execute(values))
