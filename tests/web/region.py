"""A small region for pages: institutions with keys, workers with careers, records signed and submitted."""

import copy
import datetime as dt
import itertools
import json
from collections.abc import Mapping
from typing import Any

from recordsvc.access import demo
from recordsvc.archive import submission
from recordsvc.archive.rows import Row
from recordsvc.bodies import institutions
from recordsvc.ground.ports import BEIJING, FixedClock
from recordsvc.house import House
from recordsvc.people import synthetic
from recordsvc.published import schemas_dir
from recordsvc.submit import sign
from recordsvc.vault import jwk

SCHOOL = "52640104MJTEAT0250"
ASSESSOR = "5164030050TEQT038F"
SAFETY = synthetic.uscc(31, registrar="11")
NAMES = {
    SCHOOL: ("宁夏示范职业培训学校", "training-institution"),
    ASSESSOR: ("吴忠市示范技能评价中心", "assessment-organisation"),
    SAFETY: ("银川市示范应急管理局", "safety-authority"),
}


def example(record_type: str, name: str = "valid") -> dict[str, Any]:
    """Return the body of a published example, to be changed at will."""
    path = schemas_dir() / "examples" / record_type / f"{name}.json"
    return copy.deepcopy(json.loads(path.read_bytes())["body"])


def at(day: str, hour: int = 10) -> int:
    """Return the UTC ms of an hour of a Beijing day."""
    return int(dt.datetime.combine(dt.date.fromisoformat(day), dt.time(hour), BEIJING).timestamp() * 1_000)


def person(name: str, seed: int = 0, born: str = "1990-02-15") -> dict[str, Any]:
    """Return a person who does not exist, as records name them."""
    number = synthetic.resident_id("640104", dt.date.fromisoformat(born), "female", seed)
    return {"document": "resident-id", "number": number, "name": name}


class Region:
    """Institutions of one house, and the means to make them speak."""

    def __init__(
        self, house: House, clock: FixedClock, keys: Mapping[str, sign.SigningKey] | None = None
    ) -> None:
        """Enter the institutions and register their keys, unless that was done: `keys`."""
        self.house, self.clock = house, clock
        self._ids = itertools.count(1)
        self.keys = self._enter() if keys is None else keys

    def _enter(self) -> dict[str, sign.SigningKey]:
        house, keys = self.house, {}
        for uscc, (name, kind) in NAMES.items():
            entry = institutions.Entry(uscc, name, kind, "2015-01-01", None, "test")
            house.db.write(lambda turn, entry=entry: institutions.enter(turn, entry, "test"))
            key = sign.key_from_jwk(sign.new_private_jwk("EdDSA", f"key-{uscc[-3:]}", house.random))
            public, kid = jwk.public_from_jwk(key.public_jwk())
            house.db.write(
                lambda turn, uscc=uscc, kid=kid, public=public: house.issuers.register(
                    turn, uscc, kid, public, 0, None
                )
            )
            keys[uscc] = key
        return keys

    def until(self, day: str, hour: int = 10) -> None:
        """Let time go on to an hour of a day."""
        self.clock.advance(max(0, at(day, hour) - self.clock.now_ms()))

    def send(self, issuer: str, record_type: str, who: Mapping[str, Any], body: Mapping[str, Any]) -> str:
        """Sign and submit one record today, which is accepted; returns its id."""
        to = sign.Destination(self.house.settings.audience, self.house.settings.environment, issuer)
        record_id = sign.new_record_id(self.clock, self.house.random)
        today = dt.datetime.fromtimestamp(self.clock.now_ms() / 1_000, BEIJING).date()
        salt = sign.new_salt(self.house.random)
        record = sign.make_record(to, record_type, who, body, record_id=record_id, salt=salt, issued_on=today)
        row = self._submit(issuer, record)
        problem = row.problem.to_dict() if row.problem else [one.code for one in row.findings]
        assert row.status == "accepted", (record_type, row.status, row.held, problem)
        return record_id

    def _submit(self, issuer: str, record: bytes) -> Row:
        data = sign.single_body(self.keys[issuer], record)
        return self.house.admission.submit(issuer, submission.read_single(data)).rows[0]

    # -- what happens to workers

    def course(self, who: Mapping[str, Any], ended_on: str, number: int = 1, **changes: Any) -> str:
        """A course of four weeks that ended on a day, reported a week later."""
        body = example("training-completion", "valid-hours-unknown")
        last = dt.date.fromisoformat(ended_on)
        year = last.year
        body |= {
            "class": {"code": f"{year}-JZ-{number:02d}", "name": f"{year}年家政服务员五级{number}班"},
            "institution": {"uscc": SCHOOL, "name": NAMES[SCHOOL][0], "site": "01"},
            "started_on": (last - dt.timedelta(days=27)).isoformat(),
            "ended_on": ended_on,
            **changes,
        }
        for optional in ("assessed_on", "attended_on", "teachers"):
            body.pop(optional, None)
        self.until((last + dt.timedelta(days=7)).isoformat())
        return self.send(SCHOOL, "training-completion", who, body)

    def certificate(self, who: Mapping[str, Any], assessed_on: str, level: str = "4") -> str:
        """A vocational skill level certificate, printed two days after the assessment."""
        body = example("level-certificate")
        assessed = dt.date.fromisoformat(assessed_on)
        serial = next(self._ids)
        body |= {
            "level": level,
            "assessed_on": assessed_on,
            "certificate": {
                "number": f"S000064000012{assessed:%y}{level}{serial:06d}",
                "issued_on": (assessed + dt.timedelta(days=2)).isoformat(),
            },
        }
        self.until((assessed + dt.timedelta(days=9)).isoformat())
        return self.send(ASSESSOR, "level-certificate", who, body)

    def permit(self, who: Mapping[str, Any], issued_on: str) -> str:
        """A special-operation permit."""
        first = dt.date.fromisoformat(issued_on)
        body = example("safety-permit") | {
            "certificate": {"number": f"T640104-{first.year}-{next(self._ids):04d}", "issued_on": issued_on},
            "authority": {"uscc": SAFETY, "name": NAMES[SAFETY][0]},
            "first_issued_on": issued_on,
            "valid_from": issued_on,
            "valid_to": (first.replace(year=first.year + 6) - dt.timedelta(days=1)).isoformat(),
            "review_due_on": (first.replace(year=first.year + 3) - dt.timedelta(days=1)).isoformat(),
        }
        self.until((first + dt.timedelta(days=5)).isoformat())
        return self.send(SAFETY, "safety-permit", who, body)

    def correct(self, issuer: str, who: Mapping[str, Any], record_id: str, reason: str, **fields: Any) -> str:
        """A correction of top-level members of a body."""
        changes = {f"/body/{name}": value for name, value in fields.items()}
        body = {"corrects": record_id, "reason": reason, "fields": changes}
        return self.send(issuer, "correction", who, body)

    def revoke(self, issuer: str, who: Mapping[str, Any], record_id: str, reason: str, text: str = "") -> str:
        """A revocation."""
        body = {"revokes": record_id, "reason": reason} | ({"text": text} if text else {})
        return self.send(issuer, "revocation", who, body)

    def worker_id(self, who: Mapping[str, Any]) -> bytes:
        """Return whose archive a person's records are in."""
        found = self.house.people.find(who["document"], who["number"])
        assert found is not None
        return found

    def persona(self, who: Mapping[str, Any], kind: str = "worker") -> bytes:
        """Make a person a demo login."""
        worker_id = self.worker_id(who)
        label = f"劳动者：{who['name']}"
        self.house.db.write(lambda turn: demo.create_worker(turn, worker_id, label, "A worker", kind))
        return worker_id


def career(region: Region, who: Mapping[str, Any]) -> dict[str, str]:
    """Give a person a career in which everything happens that can; ids by what became of the record."""
    ids = {"first": region.course(who, "2022-05-20", 2)}
    ids["certificate"] = region.certificate(who, "2022-09-10", "5")
    ids["revoked"] = region.certificate(who, "2023-03-04", "4")
    region.until("2023-05-06")
    region.revoke(ASSESSOR, who, ids["revoked"], "result-annulled", "理论科目阅卷有误，成绩作废")
    ids["permit"] = region.permit(who, "2023-06-01")
    ids["twin"] = region.course(who, "2024-04-12", 5)
    ids["twin-of"] = region.course(who, "2024-04-12", 5)
    ids["corrected"] = region.course(who, "2024-08-30", 7)
    region.until("2024-10-08")
    region.correct(SCHOOL, who, ids["corrected"], "结业日期录入有误", ended_on="2024-08-31", score="91")
    ids["fresh"] = region.course(who, "2025-09-19", 9)
    return ids
