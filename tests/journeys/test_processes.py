"""What the processes beside the server promise: no writing on an old copy, nothing forgotten or told."""

import json
import threading

import pytest

from recordsvc import anchor
from recordsvc.archive import bundle
from recordsvc.ground.commit import GroupCommit
from recordsvc.house import House
from recordsvc.people import synthetic
from recordsvc.starting import open_checked
from recordsvc.submit import sign
from recordsvc.work import Worker
from tests.journeys.desk import Journey, record_id


def _send(journey: Journey, centre, n: int) -> bytes:
    record = journey.completion(centre, journey.person(n))
    assert journey.post(centre, "/v1/records", sign.single_body(centre.key, record)).status_code == 201
    return record


def _forge_ahead(house: House) -> None:
    """Leave an outside checkpoint that is ahead of the database, as after restoring an old copy."""
    kept = anchor.read(house)
    assert kept is not None
    from recordsvc.translog.checkpoint import Checkpoint

    ahead = Checkpoint(house.settings.log_origin, kept.checkpoint.size + 5, bytes(range(32)))
    note = ahead.sign(house.keys.public("log").raw, lambda data: house.keys.sign("log", data))
    house.settings.anchor_path.write_text(note, "utf-8")


def test_no_process_writes_on_an_old_copy(journey: Journey) -> None:
    """The window's command and the background process refuse what the server refuses."""
    house = journey.house
    _send(journey, journey.centre(), 1)
    assert anchor.keep(house)
    assert not anchor.keep(house)
    open_checked(house.settings).close()
    _forge_ahead(house)
    with pytest.raises(anchor.DatabaseBehind):
        open_checked(house.settings)
    with pytest.raises(anchor.DatabaseBehind):
        anchor.keep(house)
    worker = Worker(house)
    threading.Timer(10, worker.stop).start()
    with pytest.raises(anchor.DatabaseBehind):
        worker.loop()


def test_a_bundle_names_only_the_issuers_of_what_it_opens(journey: Journey) -> None:
    """Key events are public and name their issuer: those of records kept back stay out."""
    first = journey.centre()
    second = journey.centre(uscc=synthetic.uscc(12, registrar="52"), name="另一所学校")
    shown, _kept = _send(journey, first, 3), _send(journey, second, 3)
    worker_id = journey.house.people.find("resident-id", journey.person(3)["number"])
    assert worker_id is not None
    made = bundle.make(journey.house, worker_id, {bytes.fromhex(record_id(shown).replace("-", ""))})
    assert made is not None
    assert second.uscc not in json.dumps(json.loads(made))
    assert first.uscc in made.decode()
    assert _has_key_of(made, first.uscc)
    assert not _has_key_of(made, second.uscc)


def _has_key_of(made: bytes, uscc: str) -> bool:
    import base64

    return any(uscc.encode() in base64.b64decode(key["entry"]) for key in json.loads(made)["issuer_keys"])


def test_the_victim_of_a_deadlock_runs_again(journey: Journey) -> None:
    """A transaction that lost a deadlock says nothing against its jobs."""
    tries = []

    class Victim(Exception):
        sqlstate = "40P01"

    def act(_turn) -> str:
        tries.append(1)
        if len(tries) < 3:
            raise Victim
        return "done"

    assert journey.house.db.write(act) == "done"
    assert isinstance(journey.house.db._writer, GroupCommit)
