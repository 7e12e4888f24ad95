"""Changes of key, step by step: what is found, opened and verified before, during and after each."""

import base64
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from recordsvc import anchor, fsck, rotation
from recordsvc.access import registering
from recordsvc.access.clients import Client, Clients
from recordsvc.access.errors import TokenRefused
from recordsvc.access.registering import NewClient, NewKey
from recordsvc.access.services import open_access
from recordsvc.access.tokens import MAX_LIFE_MS, Tokens
from recordsvc.archive import append, farewell, formats, rewrap
from recordsvc.archive.contradiction import Verdict, compare
from recordsvc.archive.errors import Busy
from recordsvc.archive.receipts import of_new
from recordsvc.archive.verify import verify_receipt
from recordsvc.cli import main
from recordsvc.ground import two_person
from recordsvc.ground.outbox import Message
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House, open_house
from recordsvc.people import reindex, standing, tables
from recordsvc.settings import environment
from recordsvc.submit import sign
from recordsvc.translog import tables as log_tables
from recordsvc.translog.checkpoint import open_checkpoint
from recordsvc.translog.note import NoteError
from recordsvc.vault import fence, keyfolder, passes
from tests.archive.support import Centre, person

PEOPLE = 12
DAY_MS = 86_400_000


@pytest.fixture
def centre(house: House) -> Centre:
    """A centre that trained some people, one of whom was held."""
    made = Centre(house)
    made.send([made.completion(person(n)) for n in range(PEOPLE)])
    stranger = {"document": "passport", "number": "E00000001", "name": "ALI"}
    made.send([made.completion(stranger)])
    return made


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Portions so small that a pass has many."""
    monkeypatch.setattr(passes, "PORTION", 5)


@contextlib.contextmanager
def owning(house: House) -> Iterator[sa.Connection]:
    """A transaction of the database's owner."""
    engine = sa.create_engine(house.settings.owner_database)
    with engine.begin() as conn:
        yield conn
    engine.dispose()


def well(house: House) -> None:
    report = fsck.fsck(house, offline=True)
    assert report.finding is None, report.finding


def later(house: House) -> None:
    """Let the backups of today be gone."""
    assert isinstance(house.clock, FixedClock)
    house.clock.advance(house.settings.backup_days * DAY_MS)


def versions_of(house: House) -> set[int]:
    with house.db.read() as conn:
        return set(conn.execute(sa.select(tables.blind_index.c.pepper)).scalars())


def wrapped_of(house: House) -> dict[bytes, bytes]:
    with house.db.read() as conn:
        rows = conn.execute(sa.select(tables.worker_key)).all()
    return {bytes(worker_id): bytes(wrapped) for worker_id, wrapped in rows}


def again(centre: Centre, n: int) -> bytes:
    """Send another record of person `n`; whose archive it entered."""
    (row,) = centre.send([centre.completion(person(n))]).rows
    assert row.status == "accepted", row
    return bytes(row.outcome.worker_id)


# -- pepper


def test_people_are_found_before_during_and_after_a_change_of_pepper(
    house: House, centre: Centre, small: None
):
    owners = [again(centre, n) for n in range(PEOPLE)]
    assert rotation.rotate(house, "pepper") == ["pepper-1", "pepper-2"]
    well(house)
    assert reindex.run(house)
    assert [again(centre, n) for n in range(PEOPLE)] == owners
    well(house)
    rotation.work(house)
    assert versions_of(house) == {1, 2}
    well(house)
    later(house)
    assert rotation.finish(house, "pepper") == ["pepper-1"]
    assert versions_of(house) == {2}
    assert house.keys.peppers == ("pepper-2",)
    assert [again(centre, n) for n in range(PEOPLE)] == owners
    well(house)
    assert not (house.settings.keys_dir / "pepper-1.key").exists()


def test_a_pepper_is_not_dropped_while_anybody_is_found_by_it_alone(
    house: House, centre: Centre, small: None
):
    rotation.rotate(house, "pepper")
    reindex.run(house)
    with pytest.raises(rotation.StillNeeded) as refused:
        rotation.finish(house, "pepper")
    assert any("numbers are found under the older pepper only" in need for need in refused.value.needs)
    assert house.keys.peppers == ("pepper-1", "pepper-2")
    assert (house.settings.keys_dir / "pepper-1.key").exists()


def test_a_restored_database_of_before_the_change_is_indexed_again(house: House, centre: Centre):
    """Backups hold rows under the older pepper alone: while they are kept, so is it."""
    owners = [again(centre, n) for n in range(PEOPLE)]
    with owning(house) as conn:
        old = conn.execute(sa.select(tables.blind_index)).mappings().all()
    rotation.rotate(house, "pepper")
    rotation.work(house)
    with pytest.raises(rotation.StillNeeded, match="backups of before this change"):
        rotation.finish(house, "pepper")
    with owning(house) as conn:
        conn.execute(tables.blind_index.delete())
        conn.execute(tables.blind_index.insert(), [dict(row) for row in old])
        conn.execute(sa.text("DELETE FROM key_work"))
        conn.execute(sa.text("UPDATE key_epoch SET epoch = 0 WHERE id = 1"))
    rotation.work(house)
    later(house)
    assert rotation.finish(house, "pepper") == ["pepper-1"]
    assert [again(centre, n) for n in range(PEOPLE)] == owners
    well(house)


def test_a_pass_that_says_it_ended_is_not_believed(house: House, centre: Centre):
    """Were the row of the pass all that counts, a lost index row would lose a person."""
    rotation.rotate(house, "pepper")
    rotation.work(house)
    later(house)
    index = tables.blind_index
    with owning(house) as conn:
        one = conn.execute(sa.select(index.c.tag).where(index.c.pepper == 2).limit(1)).scalar_one()
        conn.execute(index.delete().where(index.c.tag == one))
    with pytest.raises(rotation.StillNeeded, match="1 numbers are found under the older pepper only"):
        rotation.finish(house, "pepper")
    assert house.keys.peppers == ("pepper-1", "pepper-2")


def test_a_record_judged_before_the_change_is_judged_anew(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
):
    """The change comes between judgement and lock: the new person gets rows under both peppers."""
    taken: list[Any] = []
    take = append.Appender.take

    def late(self: append.Appender, turn: Any, batches: Any) -> Any:
        if not taken:
            taken.append(None)
            keyfolder.add_version(house.settings.keys_dir, "pepper")
            turn.conn.execute(sa.text("UPDATE key_epoch SET epoch = 1 WHERE id = 1"))
        outcome = take(self, turn, batches)
        taken.append(outcome[0])
        return outcome

    monkeypatch.setattr(append.Appender, "take", late)
    own = Centre(house, 2)
    owner = again(own, PEOPLE + 1)
    assert taken[1] is append.STALE
    index = tables.blind_index
    with house.db.read() as conn:
        rows = conn.execute(sa.select(index.c.pepper).where(index.c.worker_id == owner)).scalars()
        assert sorted(rows) == [1, 2]


def test_a_machine_whose_key_folder_is_old_writes_no_new_person(house: House, centre: Centre):
    with owning(house) as conn:
        conn.execute(sa.text("UPDATE key_epoch SET epoch = 7 WHERE id = 1"))
    own = Centre(house, 2)
    with pytest.raises(Busy):
        own.send([own.completion(person(PEOPLE + 1))])
    # Who is known already brings no row that keys were used for.
    assert own.send([own.completion(person(1))]).rows[0].status == "accepted"


def test_somebody_erased_during_the_pass_stays_erased(house: House, centre: Centre, small: None):
    owner = again(centre, 3)
    rotation.rotate(house, "pepper")
    reindex.run(house)
    house.db.write(lambda turn: standing.erase(turn, owner))
    rotation.work(house)
    index = tables.blind_index
    with house.db.read() as conn:
        assert conn.execute(sa.select(index.c.tag).where(index.c.worker_id == owner)).first() is None
    later(house)
    assert rotation.finish(house, "pepper") == ["pepper-1"]


def test_a_rotation_killed_before_the_database_knew_goes_on(house: House, centre: Centre):
    keyfolder.add_version(house.settings.keys_dir, "pepper")
    assert fence.demanded(house.db) == 0
    with pytest.raises(rotation.StillNeeded, match="does not demand the new key yet"):
        rotation.finish(house, "pepper")
    assert rotation.rotate(house, "pepper") == ["pepper-1", "pepper-2"]
    assert fence.demanded(house.db) == 1
    rotation.work(house)
    later(house)
    assert rotation.finish(house, "pepper") == ["pepper-1"]


def test_a_drop_killed_before_its_rows_were_gone_is_swept_by_the_background_work(
    house: House, centre: Centre
):
    rotation.rotate(house, "pepper")
    rotation.work(house)
    keyfolder.drop_version(house.settings.keys_dir, "pepper-1")
    assert versions_of(house) == {1, 2}
    well(house)
    again(centre, 1)
    rotation.work(house)
    assert versions_of(house) == {2}
    well(house)


# -- wrapping key


def test_every_data_key_is_under_the_new_wrapping_key(house: House, centre: Centre, small: None):
    before = wrapped_of(house)
    assert rotation.rotate(house, "wrapping") == ["master", "master-2", "holding", "holding-2"]
    owner = again(centre, PEOPLE + 5)
    assert len(wrapped_of(house)[owner]) == 66
    with house.db.read() as conn:
        assert rewrap.needing(conn, 2) == {"worker_key": len(before), "held_record": 1}
    rotation.work(house)
    with house.db.read() as conn:
        assert rewrap.needing(conn, 2) == {}
    after = wrapped_of(house)
    assert all(after[worker_id][:4] == wrapped[:4] for worker_id, wrapped in before.items())
    well(house)


def test_a_last_notice_that_has_not_left_keeps_the_old_wrapping_key(
    house: House, centre: Centre, clock: FixedClock, small: None
):
    params = {"key": "", "sealed": ""}
    message = Message(farewell.TOPIC, "worker:" + "0" * 32, farewell.KIND, params, "own")
    house.db.write(lambda turn: farewell.post(turn, message))
    clock.advance(1)
    rotation.rotate(house, "wrapping")
    rotation.work(house)
    clock.advance(house.settings.backup_days * DAY_MS)
    with pytest.raises(rotation.StillNeeded, match="1 last notices of before this change have not left"):
        rotation.finish(house, "wrapping")
    farewell.expire(house)
    assert rotation.finish(house, "wrapping") == ["master", "holding"]


def test_the_old_wrapping_key_is_destroyed_after_the_backups_and_not_before(
    house: House, centre: Centre, clock: FixedClock, small: None
):
    rotation.rotate(house, "wrapping")
    rewrap.run(house)
    with pytest.raises(rotation.StillNeeded) as refused:
        rotation.finish(house, "wrapping")
    assert any("data keys in worker_key are under the older key" in need for need in refused.value.needs)
    rotation.work(house)
    with pytest.raises(rotation.StillNeeded, match="backups of before this change"):
        rotation.finish(house, "wrapping")
    assert (house.settings.keys_dir / "master.key").exists()
    clock.advance(house.settings.backup_days * DAY_MS)
    assert rotation.finish(house, "wrapping") == ["master", "holding"]
    assert not (house.settings.keys_dir / "master.key").exists()
    well(house)
    again(centre, 1)


def test_a_data_key_that_does_not_open_keeps_the_old_wrapping_key_and_nobody_else(
    house: House, centre: Centre, clock: FixedClock, small: None
):
    with owning(house) as conn:
        first = conn.execute(sa.select(tables.worker_key)).first()
        own = tables.worker_key.update().where(tables.worker_key.c.worker_id == first.worker_id)
        conn.execute(own.values(wrapped=bytes(first.wrapped)[:-1] + bytes([bytes(first.wrapped)[-1] ^ 1])))
    rotation.rotate(house, "wrapping")
    rotation.work(house)
    clock.advance(house.settings.backup_days * DAY_MS)
    with pytest.raises(rotation.StillNeeded, match="1 data keys in worker_key are under the older key"):
        rotation.finish(house, "wrapping")


def test_an_erased_workers_key_does_not_come_back(house: House, centre: Centre, small: None):
    owner = again(centre, 3)
    rotation.rotate(house, "wrapping")
    rewrap.run(house)
    house.db.write(lambda turn: standing.erase(turn, owner))
    rotation.work(house)
    assert owner not in wrapped_of(house)


# -- killed in the middle

DIE = """
import os, sys
from recordsvc import rotation
from recordsvc.house import open_house
from recordsvc.settings import Settings
from recordsvc.vault import passes
from recordsvc.people import reindex
from recordsvc.archive import rewrap

passes.PORTION = 3
house = open_house(Settings.load())
left = int(sys.argv[2])
module = {"pepper": reindex, "wrapping": rewrap}[sys.argv[1]]
name = {"pepper": "_index", "wrapping": "_rewrapped"}[sys.argv[1]]
act = getattr(module, name)

def dying(*arguments):
    global left
    made = act(*arguments)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), 9)
    return made

setattr(module, name, dying)
rotation.work(house)
"""


@pytest.mark.long
@pytest.mark.parametrize("kind", ["pepper", "wrapping"])
def test_a_pass_killed_in_the_middle_of_a_portion_goes_on_where_it_was(
    house: House, centre: Centre, clock: FixedClock, kind: str
):
    settings = house.settings
    rotation.rotate(house, kind)
    names = ("environment", "log_origin", "audience", "region", "issuer_url", "public_url")
    given = {name: getattr(settings, name) for name in names}
    given |= {"data_dir": str(settings.data_dir), "database_url": settings.database_url}
    given |= {"owner_database_url": settings.owner_database_url}
    command = [sys.executable, "-c", DIE, kind]
    done = []
    for left in ("2", "2"):
        killed = subprocess.run(
            [*command, left], check=False, env=environment(**given), capture_output=True, text=True
        )
        assert killed.returncode == -9, killed.stderr
        with house.db.read() as conn:
            name = {"pepper": reindex.NAME, "wrapping": rewrap.NAME}[kind]
            pass_ = passes.progress(conn, name)
        assert pass_.ended_ms is None
        done.append(pass_.done)
        well(house)
        again(centre, 2)
    if kind == "pepper":
        assert 0 < done[0] < done[1]
    rotation.work(house)
    clock.advance(settings.backup_days * DAY_MS)
    assert rotation.finish(house, kind)
    well(house)


# -- token key


@pytest.fixture
def served(house: House) -> Iterator[House]:
    """A second process's view of the same installation."""
    other = open_house(house.settings, house.clock, house.random)
    yield other
    other.close()


def tokens(house: House) -> Tokens:
    return open_access(house).tokens


def test_tokens_of_both_keys_are_good_until_the_older_ends(house: House, served: House, clock: FixedClock):
    client = client_of(house)
    here, there = tokens(house), tokens(served)
    old = here.issue(client, frozenset({"records:read"}))
    assert there.verify(old).id == client.client_id
    rotation.rotate(house, "token")
    assert [key["kid"] for key in there.jwks()["keys"]][-1] == here.kid
    assert len(there.jwks()["keys"]) == 2
    new = here.issue(client, frozenset({"records:read"}))
    assert there.verify(new).id == there.verify(old).id == client.client_id
    with pytest.raises(rotation.StillNeeded, match="may be valid for 600 s"):
        rotation.finish(house, "token")
    clock.advance(MAX_LIFE_MS)
    assert rotation.finish(house, "token") == ["token"]
    assert len(there.jwks()["keys"]) == 1
    with pytest.raises(TokenRefused) as refused:
        tokens(served).verify(old)
    assert refused.value.why.startswith("kid")


def client_of(house: House) -> Client:
    """A registered client."""
    key = sign.key_from_jwk(sign.new_private_jwk("EdDSA", "machine", house.random))
    institution = Centre(house, 9).uscc
    new = NewClient("centre", "某培训中心", institution, ("records:read",), [NewKey(key.public_jwk())])
    proposal, client_id = house.db.write(
        lambda turn: registering.propose_client(turn, new, by="official:ann", random=house.random)
    )
    house.db.write(lambda turn: two_person.decide(turn, proposal, "official:bob", True, "checked"))
    found = Clients(house.db).find(client_id)
    assert found is not None
    return found


# -- log key


def receipt_of(centre: Centre, n: int) -> tuple[bytes, bytes, bytes]:
    answer = centre.send([centre.completion(person(n))])
    row = answer.rows[0]
    return str(of_new(answer.log, row.outcome)).encode(), row.item.raw, row.item.evidence


def test_either_log_key_verifies_during_the_change_and_each_its_own_time(house: House, centre: Centre):
    first = anchor.log_key(house)
    before = receipt_of(centre, 1)
    rotation.rotate(house, "log")
    second = anchor.log_key(house)
    during = receipt_of(centre, 2)
    assert rotation.finish(house, "log") == ["log"]
    after = receipt_of(centre, 3)

    def proves(made: tuple[bytes, bytes, bytes], *keys: Any) -> bool:
        return verify_receipt(*made, list(keys)).outcome.name == "PROVEN"

    assert [proves(one, first) for one in (before, during, after)] == [True, True, False]
    assert [proves(one, second) for one in (before, during, after)] == [False, True, True]
    assert all(proves(one, first, second) for one in (before, during, after))
    with house.db.read() as conn:
        for made in (before, during, after):
            verdict = compare(house.log, anchor.log_keys(house), conn, made[0]).verdict
            assert verdict is Verdict.CONTINUED
    well(house)
    assert anchor.log_keys(house) == [second, first]


def test_a_change_of_log_key_stands_in_the_log_once(house: House, centre: Centre):
    old = anchor.log_key(house)
    rotation.rotate(house, "log")
    rotation.rotate(house, "log")
    new = anchor.log_key(house)
    rotation.finish(house, "log")
    with house.db.read() as conn:
        entries = [bytes(data) for data in conn.execute(sa.select(log_tables.entry.c.data)).scalars()]
    told = [formats.log_key_statement(kind, old.public, new.public) for kind in (3, 4)]
    assert [entry for entry in entries if entry[0] == 4] == told


def test_the_log_key_is_not_dropped_before_it_stands_in_the_log(house: House, centre: Centre):
    keyfolder.add_version(house.settings.keys_dir, "log")
    fence.raise_to(house.db, house.keys)
    with pytest.raises(rotation.StillNeeded) as refused:
        rotation.finish(house, "log")
    assert len(refused.value.needs) == 2
    assert house.keys.versions("log") == ("log", "log-2")


def test_the_outside_checkpoint_is_continued_over_a_change_of_log_key(house: House, centre: Centre):
    anchor.keep(house)
    rotation.rotate(house, "log")
    anchor.check(house)
    rotation.finish(house, "log")
    anchor.check(house)
    again(centre, 1)
    assert anchor.keep(house)
    with pytest.raises(NoteError):
        open_checkpoint(house.settings.anchor_path.read_text(), anchor.log_keys(house)[1])


def test_a_second_signature_that_is_false_is_found(house: House, centre: Centre):
    rotation.rotate(house, "log")
    points = log_tables.checkpoint
    with owning(house) as conn:
        if conn.dialect.name == "sqlite":
            conn.exec_driver_sql("DROP TRIGGER log_checkpoint_no_update")
        newest = conn.execute(sa.select(points).order_by(points.c.size.desc()).limit(1)).one()
        *text, line, _end = newest.note.split("\n")
        head, _, blob = line.rpartition(" ")
        raw = bytearray(base64.b64decode(blob))
        raw[-1] ^= 1
        forged = "\n".join([*text, f"{head} {base64.b64encode(raw).decode()}", ""])
        conn.execute(points.update().where(points.c.size == newest.size).values(note=forged))
    assert fsck.fsck(house, offline=True).finding is not None


# -- the command


@pytest.fixture
def command(house: House, monkeypatch: pytest.MonkeyPatch) -> Any:
    names = ("environment", "log_origin", "audience", "region", "issuer_url", "public_url")
    for name in (*names, "database_url", "owner_database_url"):
        monkeypatch.setenv(f"RECORDSVC_{name.upper()}", getattr(house.settings, name))
    monkeypatch.setenv("RECORDSVC_DATA_DIR", str(house.settings.data_dir))
    mask = os.umask(0o077)
    yield lambda *words: CliRunner().invoke(main, ["keys", *words])
    os.umask(mask)


@pytest.mark.parametrize("kind", rotation.KINDS)
def test_the_command_rotates_and_says_what_still_needs_the_older_key(house: House, command: Any, kind: str):
    rotated = command("rotate", kind)
    assert rotated.exit_code == 0, rotated.output
    assert f"{house.keys.versions(rotation.KINDS[kind][0])[-1]}" in rotated.output
    shown = command("status")
    assert shown.exit_code == 0, shown.output
    ended = command("finish", kind)
    if kind in ("log", "document"):
        assert (ended.exit_code, house.keys.versions(kind)) == (0, (f"{kind}-2",))
        assert kind == "document" or anchor.log_key(house).vkey() in rotated.output
    else:
        assert ended.exit_code == 2
        assert "still needed" in ended.output
        assert len(house.keys.versions(rotation.KINDS[kind][0])) == 2


def test_without_an_older_key_nothing_is_destroyed(house: House, command: Any):
    ended = command("finish", "token")
    assert (ended.exit_code, house.keys.versions("token")) == (0, ("token",))


@pytest.mark.parametrize("fault", ["torn", "world-readable"])
def test_a_command_refuses_doubtful_keys_with_one_line(house: House, command: Any, fault: str):
    path: Path = house.settings.keys_dir / "log.key"
    if fault == "torn":
        path.write_bytes(path.read_bytes()[:-9])
    else:
        path.chmod(0o644)
    refused = command("status")
    assert refused.exit_code == 1
    assert "keys refused: key file log.key" in refused.output
    assert "Traceback" not in refused.output
