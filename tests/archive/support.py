"""A region in a house: one centre with a key, workers who do not exist, and signed records."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from recordsvc.archive import submission
from recordsvc.archive.append import Accepted
from recordsvc.archive.confirm import Shown, as_it_stands
from recordsvc.archive.keyevents import KeyAction
from recordsvc.archive.reading import Reader
from recordsvc.archive.receipts import of_new
from recordsvc.archive.rows import Answer
from recordsvc.archive.statements import Region as Stating
from recordsvc.archive.statements import Statement, Stater
from recordsvc.bodies import institutions
from recordsvc.ground.ports import FixedClock, SystemRandom, beijing_date
from recordsvc.ground.strictjson import canonical
from recordsvc.house import House, open_house
from recordsvc.people import synthetic
from recordsvc.settings import Settings
from recordsvc.submit import sign
from recordsvc.submit.keys import SigningKey
from recordsvc.vault.jwk import public_from_jwk

MODES = ("batch", "each", "json", "single")
STATER = Stater("official:7", "data-officer", "case-1")


def person(n: int, **card: str) -> dict[str, Any]:
    """The `worker` member of a record: resident n (0 to 200,000), with a card when told of one."""
    born = dt.date(1970, 1, 1) + dt.timedelta(days=n * 7 % 9000)
    number = synthetic.resident_id("640104", born, "male" if n % 2 else "female", n // 9000)
    said: dict[str, Any] = {
        "document": "resident-id",
        "number": number,
        "name": f"马{chr(0x4E00 + n % 2000)}",
    }
    if card:
        said["card"] = {"area": "640100", **card}
    return said


class Centre:
    """A training centre of a house, and the key it signs with; `n` tells several centres apart."""

    def __init__(self, house: House, n: int = 1, *, register: bool = True) -> None:
        self.house = house
        self.uscc = synthetic.uscc(1000 + n)
        self.key: SigningKey = sign.key_from_jwk(sign.new_private_jwk("EdDSA", f"centre-{n}", house.random))
        self.to = sign.Destination(house.settings.audience, house.settings.environment, self.uscc)
        entry = institutions.Entry(
            self.uscc, f"第{n}培训学校", "training-institution", "2015-01-01", None, "test"
        )
        house.db.write(lambda turn: institutions.enter(turn, entry, "official:1"))
        if register:
            self.register()

    @classmethod
    def of(cls, house: House, uscc: str, key: SigningKey) -> "Centre":
        """A centre that another process entered and registered, with its key."""
        made = cls.__new__(cls)
        made.house, made.uscc, made.key = house, uscc, key
        made.to = sign.Destination(house.settings.audience, house.settings.environment, uscc)
        return made

    def register(self, not_after_ms: int | None = None) -> int:
        """Register the key at the log."""
        public, kid = public_from_jwk(self.key.public_jwk())
        return self.house.db.write(
            lambda turn: self.house.issuers.register(turn, self.uscc, kid, public, 0, not_after_ms)
        )

    def act(self, action: KeyAction, since_ms: int = 0) -> int:
        """Revoke, suspend, lift or suspect the key."""
        return self.house.db.write(
            lambda turn: self.house.issuers.change(turn, self.uscc, self.key.kid, action, since_ms)
        )

    # -- records --

    def record(
        self, record_type: str, worker: dict[str, Any], body: dict[str, Any], *, record_id: str = ""
    ) -> bytes:
        """R, dated today."""
        house = self.house
        return sign.make_record(
            self.to,
            record_type,
            worker,
            body,
            record_id=record_id or sign.new_record_id(house.clock, house.random),
            salt=sign.new_salt(house.random),
            issued_on=beijing_date(house.clock.now_ms()),
        )

    def completion(self, worker: dict[str, Any], *, record_id: str = "", **changes: Any) -> bytes:
        """R of a training completed lately."""
        today = beijing_date(self.house.clock.now_ms())
        start, end = today - dt.timedelta(days=40), today - dt.timedelta(days=10)
        body = {
            "class": {"code": "C1"},
            "institution": {"uscc": self.uscc, "name": "测试学校"},
            "training_type": "employment-skill",
            "occupation": {"edition": "2022", "code": "6-18-02-04", "name": "焊工"},
            "level": "5",
            "planned": {"theory_minutes": 900, "practice_minutes": 1800, "online_minutes": 0},
            "attended": {"theory_minutes": 900, "practice_minutes": 1755, "online_minutes": 0},
            "minutes_per_period": 45,
            "started_on": start.isoformat(),
            "ended_on": end.isoformat(),
            "result": "passed",
            "score": "86.5",
            "attended_on": [(start + dt.timedelta(days=day)).isoformat() for day in range(10)],
        }
        return self.record("training-completion", worker, {**body, **changes}, record_id=record_id)

    def correction(self, worker: dict[str, Any], of: bytes | str, **fields: Any) -> bytes:
        """R that corrects members of the body of another record."""
        changed = {f"/body/{name}": value for name, value in (fields or {"score": "90.0"}).items()}
        body = {"corrects": id_of(of), "reason": "登记有误", "fields": changed}
        return self.record("correction", worker, body)

    def revocation(self, worker: dict[str, Any], of: bytes | str) -> bytes:
        """R that revokes another record."""
        return self.record("revocation", worker, {"revokes": id_of(of), "reason": "entered-in-error"})

    def restoration(self, worker: dict[str, Any], of: bytes | str) -> bytes:
        """R that takes a revocation back."""
        return self.record("restoration", worker, {"restores": id_of(of), "reason": "误撤"})

    # -- sending --

    def signed(
        self, records: Sequence[bytes], mode: str = "batch", *, all_or_nothing: bool = False
    ) -> submission.Submission:
        """A submission as the routes read it from a request's body."""
        house = self.house
        if mode == "single":
            return submission.read_single(sign.single_body(self.key, records[0]))
        if mode == "each":
            body = sign.each_ndjson(self.key, records)
            if all_or_nothing:
                body = body.replace(b'{"mode":"each"}', b'{"all_or_nothing":true,"mode":"each"}', 1)
            return submission.read_ndjson(body)
        batch_id = sign.new_record_id(house.clock, house.random)
        batch = sign.make_batch(self.key, self.to, records, batch_id=batch_id)
        if mode == "batch":
            return submission.read_ndjson(batch.ndjson(all_or_nothing=all_or_nothing))
        whole: dict[str, Any] = {"batch": batch.jws, "records": [orjson.loads(one) for one in records]}
        if all_or_nothing:
            whole["all_or_nothing"] = True
        return submission.read_json(canonical(whole))

    def send(self, records: Iterable[bytes], mode: str = "batch", *, all_or_nothing: bool = False) -> Answer:
        """Submit records as this centre."""
        signed = self.signed(list(records), mode, all_or_nothing=all_or_nothing)
        return self.house.admission.submit(self.uscc, signed)

    def enter(self, *records: bytes) -> list[Accepted]:
        """Submit records that must be accepted."""
        answer = self.send(records)
        assert [row.status for row in answer.rows] == ["accepted"] * len(records), told(answer)
        return [row.outcome for row in answer.rows]

    def worker_id(self, worker: dict[str, Any]) -> bytes:
        """The archive that a person's number leads to."""
        found = self.house.people.find(worker["document"], worker["number"])
        assert found is not None
        return found


def register_region(house: House) -> None:
    """Enter the region itself in the register of institutions, as its first officials do."""
    own = institutions.Entry(house.settings.region, "示范区人社厅", "region", "2000-01-01", None, "test")
    house.db.write(lambda turn: institutions.enter(turn, own, "official:1"))


def state(
    house: House, worker_id: bytes, record_type: str, body: dict[str, Any], target: int, n: int = 0
) -> int:
    """Enter a statement of the region; its log index."""
    record_id = uuid.UUID(int=(8 << 76) | (2 << 62) | n)
    said = Statement(record_type, body, STATER, record_id, target)
    outcome, _log = Stating(house).state(worker_id, said)
    assert isinstance(outcome, Accepted)
    return outcome.index


def shown(house: House, worker_id: bytes, record_id: bytes) -> Shown:
    """A record as the archive shows it now."""
    archive = Reader(house).archive(worker_id)
    assert archive is not None
    return as_it_stands(archive, record_id)


def receipts(answer: Answer) -> list[str]:
    """The receipts of a submission's accepted rows."""
    assert answer.log is not None
    return [str(of_new(answer.log, row.outcome)) for row in answer.rows if row.status == "accepted"]


def id_of(record: bytes | str) -> str:
    """The id of a record R; an id is returned as it is."""
    return record if isinstance(record, str) else orjson.loads(record)["id"]


def told(answer: Answer) -> list[Any]:
    """What became of each row, with the problem's code: for assertions and their messages."""
    return [row.problem.code if row.problem else row.held or row.status for row in answer.rows]


def in_another_process(settings: Settings, ms: int, uscc: str, bodies: list[bytes]) -> list[tuple[str, int]]:
    """Submit NDJSON bodies from a process of one's own; (status, log index or -1) of each row."""
    house = open_house(settings, FixedClock(ms), SystemRandom())
    try:
        answers = [house.admission.submit(uscc, submission.read_ndjson(body)) for body in bodies]
    finally:
        house.close()
    rows = [row for answer in answers for row in answer.rows]
    return [(row.status, row.outcome.index if row.status == "accepted" else -1) for row in rows]
