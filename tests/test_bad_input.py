"""Bad input through the real doors: one clear problem each, and nothing changed.

The corpus of security.md 5, and of 6 the rows 12-15, 35-41, 45-48. Every case compares all rows of all tables
before and after; the only row a refusal may leave is that of a client assertion that was used up.
"""

import base64
import datetime as dt
import gzip
import io
import json
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from recordsvc.ground import two_person
from recordsvc.people import synthetic
from recordsvc.schema import load_tables
from recordsvc.submit import sign
from recordsvc.submit.sign import b64u
from tests import corpus
from tests.journeys.conftest import journey, settings
from tests.journeys.desk import HOST, NDJSON, Centre, Journey, record_id

__all__ = ["journey", "settings"]  # fixtures: a demo region and everybody who knocks

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SINGLE_USE = {"assertion_seen", "proof_seen", "request_usage", "request_slot"}
"""Counted whatever is asked; nothing in them says anything of a worker."""

TWICE_ALG = b64u(b'{"alg":"none","alg":"EdDSA","kid":"sign-1","typ":"recordsvc+jws"}')
EVERY = 20
"""All rows are compared after so many cases, after each that is answered otherwise, and at the end."""


class Scene:
    """One centre that is well known, another one, and everything the database holds."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.centre = journey.centre()
        self.other = journey.centre(uscc=OTHER, name="另一所职业培训学校", alg="ES256")
        self.worker = journey.person(1)
        self.first = journey.completion(self.centre, self.worker)
        answer = journey.post(self.centre, "/v1/records", sign.single_body(self.centre.key, self.first))
        assert answer.status_code == 201
        self.tokens = {one.uscc: journey.token(one) for one in (self.centre, self.other)}
        self.failures: list[str] = []

    def rows(self) -> dict[str, list[Any]]:
        """Everything in the database, except what may be used up once."""
        with self.journey.house.db.read() as conn:
            return {
                table.name: sorted((tuple(row) for row in conn.execute(sa.select(table))), key=repr)
                for table in load_tables().sorted_tables
                if table.name not in SINGLE_USE
            }

    def fresh(self, worker: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        """A record that would be taken, as a dictionary."""
        made = self.journey.completion(self.centre, worker or self.worker, **changes)
        return json.loads(made)

    def post(
        self, path: str, body: bytes, media: str = "application/json", by: Centre | None = None, **more: Any
    ) -> Any:
        """A centre's machine posts."""
        token = self.tokens[(by or self.centre).uscc]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": media, **more.pop("headers", {})}
        return self.journey.app.test_client().post(path, data=body, headers=headers, base_url=HOST, **more)

    def unchanged(self, before: dict[str, list[Any]], which: str) -> None:
        """Note the tables that differ from what they were."""
        after = self.rows()
        tables = [table for table in before if before[table] != after[table]]
        if tables:
            self.failures.append(f"{which}: changed {tables}")
            before |= after

    def check(self, cases: Iterator[tuple[str, Callable[[], Any], set[tuple[int, str]]]]) -> None:
        """Knock with every case; collect what is not refused as it should be, or changed anything."""
        before, since, count = self.rows(), "", 0
        for name, knock, wanted in cases:
            count += 1
            since = since or name
            told = problem_of(knock())
            if told not in wanted:
                self.failures.append(f"{name}: {told}, not {sorted(wanted)}")
            if count % EVERY == 0 or told not in wanted:
                self.unchanged(before, f"{since} to {name}")
                since = ""
        self.unchanged(before, f"{since} to the end")
        assert count > 0
        assert self.failures == [], "\n".join(self.failures)


OTHER = synthetic.uscc(12, registrar="52")


def problem_of(answer: Any) -> tuple[int, str]:
    """Status and code of a problem that has all its reader needs; else of a batch's first bad row."""
    if answer.status_code in (200, 201, 202) and "rows" in (answer.json or {}):
        bad = [one for row in answer.json["rows"] for one in row.get("problems", [])]
        assert bad, answer.json
        return (answer.status_code, check_told(bad[0])["code"])
    if answer.status_code < 400:
        return (answer.status_code, "")
    assert answer.mimetype == "application/problem+json", (
        answer.status_code,
        answer.mimetype,
        answer.data[:200],
    )
    told = check_told(answer.json)
    assert told["status"] == answer.status_code
    return (answer.status_code, told["code"])


def check_told(told: dict[str, Any]) -> dict[str, Any]:
    """A problem in two languages, with what to do, that names a place wherever there is one."""
    for member in ("type", "title", "title_en", "remedy", "remedy_en", "code"):
        assert isinstance(told[member], str), (member, told)
        assert told[member], (member, told)
    assert told["type"] == f"urn:recordsvc:problem:{told['code']}"
    for one in told.get("errors", []):
        assert one.get("pointer", one.get("parameter")) is not None, told
        assert one["code"], told
    return told


@pytest.fixture
def scene(journey: Journey) -> Scene:
    return Scene(journey)


def refused(*told: tuple[int, str]) -> set[tuple[int, str]]:
    return set(told)


NOT_CANONICAL = refused((400, "not-canonical"))
SCHEMA = refused((422, "schema"))
TOO_LARGE = refused((413, "too-large"))


# -- bytes -------------------------------------------------------------------------------------------------


def test_bytes_that_are_no_strict_or_canonical_json(scene: Scene) -> None:
    """Whole bodies and the record inside, mangled in every way; each signature is over the mangled bytes."""

    def cases() -> Iterator[Any]:
        for name, mangle in (corpus.NOT_STRICT | corpus.NOT_CANONICAL).items():
            raw = corpus.encoded(scene.fresh())
            whole = sign.single_body(scene.centre.key, raw)
            yield (
                f"body: {name}",
                partial(scene.post, "/v1/records", mangle(whole)),
                NOT_CANONICAL | TOO_LARGE,
            )
            inner = sign.single_body(scene.centre.key, mangle(raw))
            yield f"record: {name}", partial(scene.post, "/v1/records", inner), NOT_CANONICAL | TOO_LARGE

    scene.check(cases())


def test_rows_of_a_batch_that_are_no_canonical_json(scene: Scene) -> None:
    """The same in a batch: the row is named, or the batch as a whole cannot be read."""
    told = refused((200, "not-canonical"), (422, "batch"))

    def cases() -> Iterator[Any]:
        for name, mangle in (corpus.NOT_STRICT | corpus.NOT_CANONICAL).items():
            body = scene.journey.batch(scene.centre, [mangle(corpus.encoded(scene.fresh()))])
            yield name, partial(scene.post, "/v1/batches", body, NDJSON), told

    scene.check(cases())


def test_json_doors_of_the_desk(scene: Scene) -> None:
    """Every door of an official reads as strictly."""
    journey = scene.journey
    held = str(uuid.uuid4())
    # One that is there: what a path names is judged before the body is read.
    asked = journey.house.db.write(
        lambda turn: two_person.propose(turn, "client.lift", "centre-x", {"reason": "x"}, "official:x")
    )
    doors: list[tuple[str, str, dict[str, Any]]] = [
        ("registrar", "/v1/desk/institutions", {"uscc": OTHER, "name": "学校", "valid_from": "2020-01-01"}),
        ("registrar", f"/v1/desk/issuers/{OTHER}/keys", {"jwk": scene.centre.key.public_jwk()}),
        ("registrar", f"/v1/desk/issuers/{OTHER}/keys/suspend", {"kid": "sign-1", "reason": "疑似泄露"}),
        ("registrar", "/v1/desk/clients", {"kind": "centre", "name": "学校", "institution": OTHER}),
        ("handler", "/v1/desk/held/release", {"held": [held], "reason": "核对"}),
        ("handler", "/v1/desk/held/return", {"held_id": held, "reason": "退回"}),
        ("handler", "/v1/desk/workers/find", {"kind": "resident-id", "value": "640104199002150012"}),
        (
            "reviewer",
            f"/v1/desk/proposals/{uuid.UUID(bytes=asked)}/decide",
            {"approve": True, "reason": "属实"},
        ),
    ]

    def cases() -> Iterator[Any]:
        for account, path, body in doors:
            client, token = journey.browser(account)

            def post(data: bytes, media: str = "application/json", client: FlaskClient = client) -> Any:
                headers = {"X-CSRF-Token": token, "Origin": HOST, "Content-Type": media}  # noqa: B023 - used at once
                return client.post(path, data=data, base_url=HOST, headers=headers)  # noqa: B023

            good = corpus.encoded(body)
            for name, mangle in corpus.NOT_STRICT.items():
                wanted = refused((400, "json"), (422, "form"))
                yield f"{path}: {name}", partial(post, mangle(good)), wanted
            for extra in corpus.EXTRA:
                data = corpus.encoded({**body, extra: "x"})
                yield f"{path}: {extra}", partial(post, data), refused((422, "form"))
            for member in body:
                for value in corpus.WRONG_TYPES:
                    if type(value) is type(body[member]) or (value is None):
                        continue
                    data = corpus.encoded({**body, member: value})
                    yield f"{path}: {member}={value!r}", partial(post, data), refused((422, "form"))
            wanted = refused((415, "media-type"))
            yield f"{path}: as a form", partial(post, b"a=1", "application/x-www-form-urlencoded"), wanted

    scene.journey.browser("registrar"), journey.browser("handler"), journey.browser("reviewer")
    scene.check(cases())


# -- content that is signed, and wrong ---------------------------------------------------------------------


def signed(scene: Scene, record: dict[str, Any]) -> Callable[[], Any]:
    body = sign.single_body(scene.centre.key, corpus.encoded(record))
    return partial(scene.post, "/v1/records", body)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a record."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def changed(record: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    made = json.loads(json.dumps(record))
    node = made
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return made


def at(record: dict[str, Any], path: tuple[Any, ...]) -> Any:
    for key in path:
        record = record[key]
    return record


def test_wrong_types_at_every_place(scene: Scene) -> None:
    """Text for a number, a list for a scalar, true for 1, null: one schema problem that names the place."""
    template = scene.fresh()
    wanted = SCHEMA | refused((422, "wrong-audience"), (422, "wrong-environment"), (403, "issuer-foreign"))

    def cases() -> Iterator[Any]:
        for path in list(places(template)):
            there = at(template, path)
            for value in corpus.WRONG_TYPES:
                if type(value) is type(there):
                    continue
                record = scene.fresh() | {"id": str(uuid.uuid4())}
                yield f"{path}={value!r}", signed(scene, changed(record, path, value)), wanted

    scene.check(cases())


def test_members_nobody_asked_for(scene: Scene) -> None:
    """In the record, in its worker, its body, a nested object and the envelope."""

    def cases() -> Iterator[Any]:
        for name in corpus.EXTRA:
            for path in ((), ("worker",), ("body",), ("body", "occupation"), ("body", "attended")):
                yield f"{path} {name}", signed(scene, changed(scene.fresh(), (*path, name), "x")), SCHEMA
            whole = json.loads(sign.single_body(scene.centre.key, corpus.encoded(scene.fresh())))
            body = corpus.encoded({**whole, name: "x"})
            yield f"envelope {name}", partial(scene.post, "/v1/records", body), NOT_CANONICAL

    scene.check(cases())


def test_members_that_are_missing(scene: Scene) -> None:
    def cases() -> Iterator[Any]:
        for name in scene.fresh():
            record = scene.fresh()
            del record[name]
            yield name, signed(scene, record), SCHEMA

    scene.check(cases())


def test_names_that_look_like_other_names(scene: Scene) -> None:
    """Zero-width, bidi, decomposed, compatibility ideographs, controls, empty and endless names."""
    wanted = NOT_CANONICAL | SCHEMA | refused((422, "content"), (422, "identifier"))

    def cases() -> Iterator[Any]:
        for title, name in corpus.NAMES.items():
            record = scene.fresh({**scene.journey.person(77), "name": "马小明"})
            yield title, signed(scene, changed(record, ("worker", "name"), name)), wanted
            yield (
                f"{title}, in the body",
                signed(scene, changed(record, ("body", "class", "code"), name)),
                wanted,
            )

    scene.check(cases())


def test_numbers_that_are_written_otherwise(scene: Scene) -> None:
    """A number is signed in its normal form or refused: full-width, spaced, lower-case x, 15 digits."""
    good = scene.journey.person(78)["number"]
    numbers = {
        "full-width": "".join(chr(0xFEE0 + ord(one)) for one in good),
        "Arabic-Indic": "".join(chr(0x0660 + int(one)) if one.isdigit() else one for one in good),
        "spaced": f"{good[:6]} {good[6:14]} {good[14:]}",
        "line break behind": good + "\n",
        "lower-case x": good[:-1] + "x",
        "wrong check character": good[:-1] + str((int(good[-1]) + 1) % 10 if good[-1].isdigit() else 0),
        "15 digits": good[:6] + good[8:17],
        "born on 31 February": good[:10] + "0231" + good[14:],
        "empty": "",
        "a formula": "=1+1",
    }
    wanted = SCHEMA | NOT_CANONICAL | refused((422, "identifier"))

    def cases() -> Iterator[Any]:
        for title, number in numbers.items():
            record = scene.fresh(scene.journey.person(78))
            yield title, signed(scene, changed(record, ("worker", "number"), number)), wanted

    scene.check(cases())


def test_a_confusable_name_is_nobodys_twin(scene: Scene) -> None:
    """Cyrillic letters for Latin ones under a known number: held for officials, never guessed."""
    person = scene.journey.person(79) | {"name": "AEOPA"}
    assert signed(scene, scene.fresh(person))().status_code == 201
    answer = signed(scene, scene.fresh(person | {"name": "АЕОРА"}))()
    assert answer.status_code == 202
    held = scene.journey.read("handler", "/v1/desk/held")["items"]
    assert [one["reason"] for one in held] == ["name-differs"]


def test_records_of_somewhere_and_somebody_else(scene: Scene) -> None:
    """Another deployment, another environment, another institution; a type that only the region states."""
    region = scene.journey.house.settings.region

    def cases() -> Iterator[Any]:
        fresh = scene.fresh
        elsewhere = {"audience": "https://elsewhere.example"}
        yield "audience", signed(scene, fresh() | elsewhere), refused((422, "wrong-audience"))
        for environment in ("production", "test"):
            told = refused((422, "wrong-environment"))
            yield environment, signed(scene, fresh() | {"environment": environment}), told
        for issuer in (OTHER, region):
            yield issuer, signed(scene, fresh() | {"issuer": issuer}), refused((403, "issuer-foreign"))
        stolen = sign.single_body(scene.centre.key, corpus.encoded(fresh()))
        by_other = partial(scene.post, "/v1/records", stolen, by=scene.other)
        yield "sent by another client", by_other, refused((403, "issuer-foreign"))
        unknown = fresh() | {"type": "money-transfer"}
        yield "unknown type", signed(scene, unknown), SCHEMA
        yield "unknown version", signed(scene, fresh() | {"version": 2}), SCHEMA
        for name in ("confirmation", "release", "erasure", "merge"):
            told = SCHEMA | refused((422, "signer"))
            yield name, signed(scene, fresh() | {"type": name}), told
        actor = {"actor": {"id": "official:1", "role": "reviewer", "case": "c-1"}}
        yield "an actor", signed(scene, fresh() | actor), SCHEMA | refused((422, "signer"))

    scene.check(cases())


# -- signatures --------------------------------------------------------------------------------------------


def header(key: sign.SigningKey, **members: Any) -> str:
    found = {"alg": key.alg, "kid": key.kid, "typ": "recordsvc+jws"} | members
    return b64u(corpus.encoded({name: value for name, value in found.items() if value is not None}))


def test_signatures_that_do_not_hold(scene: Scene) -> None:
    """Wrong algorithm, wrong key, other bytes, attached payloads, headers that ask for something."""
    key, other = scene.centre.key, scene.other.key
    wrong = refused((422, "signature"))

    def over(record: bytes, protected: str, by: sign.SigningKey = key) -> str:
        return f"{protected}..{b64u(by.sign(f'{protected}.{b64u(record)}'.encode()))}"

    def cases() -> Iterator[Any]:
        record = corpus.encoded(scene.fresh())
        good = sign.detached_jws(key, record)
        head, _, signature = good.split(".")
        headers: dict[str, dict[str, Any]] = {
            "none": {"alg": "none"},
            "HS256": {"alg": "HS256"},
            "the other algorithm": {"alg": "ES256"},
            "no typ": {"typ": None},
            "another typ": {"typ": "recordsvc-batch+jws"},
            "at+jwt": {"typ": "at+jwt"},
            "crit": {"crit": ["b64"], "b64": False},
            "jwk inside": {"jwk": other.public_jwk()},
            "jku": {"jku": "http://127.0.0.1:9/keys"},
            "x5u": {"x5u": "http://127.0.0.1:9/cert"},
            "kid with a path": {"kid": "../../etc/passwd"},
            "kid with SQL": {"kid": "sign-1' OR '1'='1"},
            "kid is a number": {"kid": 5},
        }
        unknown = refused((422, "signature"), (422, "key-unknown"))
        made = {name: over(record, header(key, **members)) for name, members in headers.items()}
        made |= {
            "empty": "",
            "dots": "..",
            "no signature": f"{head}..",
            "attached": f"{head}.{b64u(record)}.{signature}",
            "padded": f"{head}..{signature}==",
            "cut": good[:-2],
            "bit flipped": good[:-5] + ("A" if good[-5] != "A" else "B") + good[-4:],
            "standard alphabet": good.replace("-", "+").replace("_", "/") + "/",
            "white space": good + " ",
            "header with a space": over(
                record, b64u(b'{"alg": "EdDSA","kid":"sign-1","typ":"recordsvc+jws"}')
            ),
            "header twice alg": over(record, TWICE_ALG),
            "another record's": sign.detached_jws(key, corpus.encoded(scene.fresh())),
            "another centre's key": sign.detached_jws(other, record),
            "the client's key": over(record, header(key), scene.centre.machine),
            "the batch's": sign.make_batch(
                key, sign.Destination("a", "demo", scene.centre.uscc), [record], batch_id=str(uuid.uuid4())
            ).jws,
            "far too long": good + "A" * 3_000,
        }
        for name, jws in made.items():
            body = corpus.encoded({"jws": jws, "record": json.loads(record)})
            yield name, partial(scene.post, "/v1/records", body), wrong | unknown | NOT_CANONICAL
        for place in (("body", "score"), ("worker", "name"), ("issued_on",), ("salt",)):
            after = corpus.encoded(changed(json.loads(record), place, _other(at(json.loads(record), place))))
            body = b'{"jws":"' + good.encode() + b'","record":' + after + b"}"
            yield f"changed after signing: {place}", partial(scene.post, "/v1/records", body), wrong

    scene.check(cases())


def _other(value: str) -> str:
    """Another value that its schema takes as well."""
    if value.endswith(("A", "Q", "g", "w")):
        return value[:-1] + ("w" if value.endswith("g") else "g")
    return f"{int(value[0]) % 9 + 1}{value[1:]}" if value == "86.5" else _day_before(value)


def _day_before(value: str) -> str:
    """Another date, or another name."""
    if value[0].isdigit():
        return (dt.date.fromisoformat(value) - dt.timedelta(days=1)).isoformat()
    return value + "明"


def test_the_twin_of_an_ecdsa_signature_is_no_other_record(scene: Scene) -> None:
    """(r, n-s) holds as well as (r, s): both lead to one entry and one receipt (row 15)."""
    journey, centre = scene.journey, scene.other
    record = journey.completion(centre, journey.person(80))
    jws = sign.detached_jws(centre.key, record)
    head, _, signature = jws.split(".")
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    s = P256_ORDER - int.from_bytes(raw[32:])
    twin = f"{head}..{b64u(raw[:32] + s.to_bytes(32))}"
    assert twin != jws
    bodies = [b'{"jws":"' + one.encode() + b'","record":' + record + b"}" for one in (jws, twin, jws)]
    answers = [scene.post("/v1/records", body, by=centre) for body in bodies]
    # The twin is either no signature at all, or one of the same record: never of another one.
    assert [one.status_code for one in answers] == [201, 200, 200]
    assert len({one.json["receipt"] for one in answers}) == 1
    assert len(scene.rows()["entry"]) == 2


def test_a_hundred_times_the_same_is_one_record(scene: Scene) -> None:
    """Replays, alone and in batches: one entry, one receipt, no other row moves (row 12)."""
    record = scene.journey.completion(scene.centre, scene.worker)
    body = sign.single_body(scene.centre.key, record)
    receipts = {scene.post("/v1/records", body).json["receipt"]}
    before = scene.rows()
    for _ in range(30):
        receipts.add(scene.post("/v1/records", body).json["receipt"])
    again = scene.journey.batch(scene.centre, [record] * 70)
    rows = scene.post("/v1/batches", again, NDJSON).json["rows"]
    assert {row["status"] for row in rows} == {"duplicate"}
    receipts |= {row["receipt"] for row in rows}
    assert len(receipts) == 1
    assert scene.rows() == before


def test_other_content_under_the_id_of_a_record(scene: Scene) -> None:
    def cases() -> Iterator[Any]:
        told = refused((409, "duplicate-id-other-content"))
        for path, value in (
            (("body", "score"), "99.5"),
            (("salt",), "A" * 22),
            (("worker",), scene.journey.person(81)),
        ):
            yield str(path), signed(scene, changed(json.loads(scene.first), path, value)), told

    scene.check(cases())


# -- batches -----------------------------------------------------------------------------------------------


def test_batches_that_are_not_what_was_signed(scene: Scene) -> None:
    """Rows added, dropped, swapped or changed; headers that say two things; blank lines; too many rows."""
    journey, centre = scene.journey, scene.centre
    whole = refused((422, "batch"))

    def cases() -> Iterator[Any]:
        records = [journey.completion(centre, journey.person(n)) for n in range(4)]
        head, *lines = journey.batch(centre, records).splitlines()
        each = sign.each_ndjson(centre.key, records).splitlines()
        elsewhere = sign.Destination("https://elsewhere.example", "demo", centre.uscc)
        moved = sign.make_batch(centre.key, elsewhere, records, batch_id=str(uuid.uuid4())).ndjson()
        bad_id = sign.make_batch(
            centre.key,
            sign.Destination(journey.house.settings.audience, "demo", centre.uscc),
            records,
            batch_id="x",
        ).ndjson()
        bodies: dict[str, tuple[bytes, set[tuple[int, str]]]] = {
            "empty": (b"", whole),
            "header only": (head, whole),
            "row added": (b"\n".join([head, *lines, journey.completion(centre, journey.person(9))]), whole),
            "row dropped": (b"\n".join([head, *lines[:-1]]), whole),
            "rows swapped": (b"\n".join([head, lines[1], lines[0], *lines[2:]]), whole),
            "row changed": (b"\n".join([head, lines[0].replace(b"86.5", b"96.5"), *lines[1:]]), whole),
            "row twice": (b"\n".join([head, *lines, lines[0]]), whole),
            "blank line": (b"\n".join([head, lines[0], b"", *lines[1:]]), whole),
            "CR LF": (b"\r\n".join([head, *lines]), whole),
            "no header": (b"\n".join(lines), whole),
            "two headers": (b"\n".join([head, head, *lines]), whole),
            "header of another batch": (
                b"\n".join([b'{"batch":"a.b.c"}', *lines]),
                refused((422, "signature")),
            ),
            "both modes": (b"\n".join([head[:-1] + b',"mode":"each"}', *lines]), whole),
            "unknown mode": (b"\n".join([b'{"mode":"all"}', *each[1:]]), whole),
            "all_or_nothing as text": (
                b"\n".join([b'{"all_or_nothing":"no","mode":"each"}', *each[1:]]),
                whole,
            ),
            "mode twice": (b"\n".join([b'{"mode":"each","mode":"each"}', *each[1:]]), whole),
            "for another audience": (moved, whole),
            "batch id": (bad_id, whole),
            "unsigned rows": (b"\n".join([b'{"mode":"each"}', *lines]), refused((200, "not-canonical"))),
            "5,001 rows": (b'{"mode":"each"}' + b"\n{}" * 5_001, whole),
            "100,000 rows": (b'{"mode":"each"}' + b"\n{}" * 100_000, whole),
            "a row of 60 KiB": (
                b'{"mode":"each"}\n{"a":"' + b"x" * 60 * 1024 + b'"}',
                refused((200, "not-canonical")),
            ),
        }
        for name, (body, told) in bodies.items():
            yield name, partial(scene.post, "/v1/batches", body, NDJSON), told
        as_json = corpus.encoded({"mode": "each", "records": "x"})
        yield "records is text", partial(scene.post, "/v1/batches", as_json), whole
        twice = b'{"mode":"each","records":[],"records":[]}'
        yield "records twice", partial(scene.post, "/v1/batches", twice), whole

    scene.check(cases())


def test_all_or_nothing_takes_nothing_of_a_bad_batch(scene: Scene) -> None:
    before = scene.rows()
    journey = scene.journey
    bad = journey.person(3, number="640104199002159910")
    records = [journey.completion(scene.centre, one) for one in (journey.person(20), bad, journey.person(21))]
    answer = scene.post("/v1/batches", journey.batch(scene.centre, records, all_or_nothing=True), NDJSON)
    assert [row["status"] for row in answer.json["rows"]] == ["not-taken", "rejected", "not-taken"]
    assert scene.rows() == before


# -- envelopes ---------------------------------------------------------------------------------------------


def test_envelopes(scene: Scene) -> None:
    """Sizes, encodings, media types, methods, headers, hosts and targets, before a byte is read."""
    good = sign.single_body(scene.centre.key, corpus.encoded(scene.fresh()))

    def cases() -> Iterator[Any]:
        post = scene.post
        yield "200 KiB", partial(post, "/v1/records", b"x" * 200 * 1024), TOO_LARGE
        yield "17 MiB", partial(post, "/v1/batches", b"x" * 17 * 1024 * 1024, NDJSON), TOO_LARGE
        bomb = gzip.compress(b"0" * 50_000_000)
        zipped = {"Content-Encoding": "gzip"}
        media = refused((415, "media-type"))
        yield "gzip bomb", partial(post, "/v1/batches", bomb, NDJSON, headers=zipped), media
        for one in (
            "text/plain",
            "application/xml",
            "multipart/form-data; boundary=x",
            "application/json; charset=gbk",
        ):
            yield one, partial(post, "/v1/records", good, one), media
        chunked: dict[str, Any] = {"environ_overrides": {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}}
        stream = io.BytesIO(b"x" * 300_000)
        sent = {"Transfer-Encoding": "chunked"}
        yield "chunked", partial(post, "/v1/records", stream, headers=sent, **chunked), TOO_LARGE
        both = {"Transfer-Encoding": "chunked"}
        yield "both lengths", partial(post, "/v1/records", good, headers=both), refused((400, "header"))
        yield "a query", partial(post, "/v1/records?dry_run=1", good), refused((400, "parameter-unknown"))
        for name in ("X-HTTP-Method-Override", "X-Forwarded-Method"):
            override = {name: "GET"}
            yield name, partial(post, "/v1/records/x", good, headers=override), refused((404, "not-found"))
        many = {f"X-Header-{n}": "x" for n in range(70)}
        yield (
            "70 headers",
            partial(post, "/v1/records", good, headers=many),
            refused((431, "headers-too-large")),
        )
        kept = {"Idempotency-Key": "key-of-a-record"}  # ignored, it would be a lie
        for path in ("/v1/records", "/v1/batches"):
            yield f"key {path}", partial(post, path, good, headers=kept), refused((400, "header"))
        big = {"X-Big": "x" * 20_000}
        yield (
            "20 KB header",
            partial(post, "/v1/records", good, headers=big),
            refused((431, "headers-too-large")),
        )
        host = {"Host": "evil.example"}
        yield "host", partial(post, "/v1/records", good, headers=host), refused((421, "host"), (400, "host"))
        for path in (
            "//v1/records",
            "/v1//records",
            "/v1/records/",
            "/V1/records",
            "/v1/records/..%2f..",
            "/v1/records%00",
        ):
            yield path, partial(post, path, good), refused((404, "not-found"))
        client = scene.journey.app.test_client()
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"):
            call = partial(client.open, "/v1/records", method=method, base_url=HOST)
            yield method, call, refused((405, "method"))
        script = {"SCRIPT_NAME": "/admin"}
        named = partial(post, "/v1/records", good, environ_overrides=script)
        yield "SCRIPT_NAME", named, refused((404, "not-found"))

    scene.check(cases())


def test_a_refused_method_names_the_ones_there_are(scene: Scene) -> None:
    answer = scene.journey.app.test_client().put("/v1/records", base_url=HOST)
    assert answer.headers["Allow"] == "POST"


# -- the token endpoint ------------------------------------------------------------------------------------


def test_token_requests(scene: Scene) -> None:
    """No token, no row; the answer has the form of RFC 6749 and never says what was wrong of a client."""
    journey, centre = scene.journey, scene.centre
    issuer = journey.house.settings.issuer_url
    now = journey.clock.now_ms() // 1000
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    def assertion(
        key: sign.SigningKey | None = None, head: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        made = {"aud": issuer, "exp": now + 60, "iat": now, "iss": centre.client_id, "jti": uuid.uuid4().hex}
        made |= {"sub": centre.client_id} | claims
        key = key or centre.machine
        protected = b64u(corpus.encoded({"alg": key.alg, "kid": key.kid, "typ": "JWT"} | (head or {})))
        signing = f"{protected}.{b64u(corpus.encoded({k: v for k, v in made.items() if v is not None}))}"
        return f"{signing}.{b64u(key.sign(signing.encode()))}"

    bad = {
        "no assertion": "",
        "text": "x.y.z",
        "alg none": assertion(head={"alg": "none"}),
        "HS256": assertion(head={"alg": "HS256"}),
        "jku": assertion(head={"jku": "http://127.0.0.1:9/"}),
        "crit": assertion(head={"crit": ["exp"]}),
        "the signing key": assertion(centre.key),
        "another client's key": assertion(scene.other.machine),
        "aud is the endpoint": assertion(aud=f"{issuer}/oauth/token"),
        "aud is a list": assertion(aud=[issuer]),
        "no aud": assertion(aud=None),
        "iss is another": assertion(iss=scene.other.client_id),
        "sub is another": assertion(sub=scene.other.client_id),
        "unknown client": assertion(iss="nobody-here", sub="nobody-here"),
        "no jti": assertion(jti=None),
        "jti is a number": assertion(jti=5),
        "expired": assertion(exp=now - 120, iat=now - 180),
        "from the future": assertion(exp=now + 3_660, iat=now + 3_600),
        "ten years": assertion(exp=now + 315_360_000),
        "exp as text": assertion(exp=str(now + 60)),
        "exp as a fraction": assertion(exp=now + 60.5),
        "5,000 digits": assertion(exp=int("9" * 4_000)),
        "far too long": assertion(extra="x" * 6_000),
    }
    before = scene.rows()

    def knock(body: bytes, media: str = "application/x-www-form-urlencoded") -> Any:
        return journey.app.test_client().post("/oauth/token", data=body, content_type=media, base_url=HOST)

    def form(**fields: str) -> bytes:
        from urllib.parse import urlencode

        return urlencode(
            {"grant_type": "client_credentials", "client_assertion_type": kind, **fields}
        ).encode()

    for name, one in bad.items():
        answer = knock(form(client_assertion=one))
        assert answer.status_code in (400, 401), (name, answer.status_code)
        assert answer.json["error"] in ("invalid_client", "invalid_request"), (name, answer.json)
    good = assertion()
    for name, body in {
        "twice": form(client_assertion=good) + b"&grant_type=client_credentials",
        "another grant": form(client_assertion=good).replace(b"client_credentials", b"password", 1),
        "not UTF-8": form(client_assertion=good) + b"&x=%ff",
        "50 fields": form(client_assertion=good) + b"&a=1" * 50,
        "wider scope": form(client_assertion=good, scope="feed:read"),
        "empty": b"",
    }.items():
        answer = knock(body)
        assert answer.status_code in (400, 401), (name, answer.status_code)
        assert set(answer.json) <= {"error", "error_description", "error_uri"}, (name, answer.json)
    assert problem_of(knock(b"{}", "application/json")) == (415, "media-type")
    assert problem_of(knock(b"x" * 20_000)) == (413, "too-large")
    once = form(client_assertion=assertion())
    assert [knock(once).status_code for _ in range(2)] == [200, 401]
    assert scene.rows() == before


# -- uploads -----------------------------------------------------------------------------------------------


def test_uploads_to_the_verifying_page(scene: Scene) -> None:
    """Whatever is uploaded is a file that proves nothing: a page says so, nothing is kept."""
    before = scene.rows()
    client = scene.journey.app.test_client()
    documents = {
        "empty": b"",
        "binary": bytes(range(256)) * 40,
        "deep": b'{"format":' + b"[" * 50_000,
        "digits": b'{"format":' + b"9" * 50_000 + b"}",
        "a bundle of nothing": b'{"format":"recordsvc-bundle/1"}',
        "null": b"null",
        "XML": b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]><a>&b;</a>',
        "a receipt cut short": b"c2sp.org/tlog-proof@v1\nindex 5\n",
        "a page": b"<script>alert(1)</script>",
        "zip": b"PK\x03\x04" + bytes(500),
    }
    for name, document in documents.items():
        for file_name in ("bundle.json", "../../etc/passwd", "a\r\nX: y", "名" * 300):
            files = {
                "document": (io.BytesIO(document), file_name),
                "record": (io.BytesIO(b""), "record.json"),
            }
            answer = client.post("/verify", data=files, base_url=HOST, headers={"Origin": HOST})
            assert answer.status_code in (200, 422), (name, file_name, answer.status_code)
            assert b"<script>" not in answer.data, name
            assert b"/etc/passwd" not in answer.data, name
    part = b'--x\r\nContent-Disposition: form-data; name="document"; filename="a"\r\n\r\n'
    huge = part + b"x" * 5_000_000 + b"\r\n--x--\r\n"
    media = {"Origin": HOST, "Content-Type": "multipart/form-data; boundary=x"}
    answer = client.post("/verify", data=huge, base_url=HOST, headers=media)
    assert answer.status_code == 413
    assert scene.rows() == before


def test_ids_in_paths(scene: Scene) -> None:
    """Ids of any form but ours are not found, like ids that are not there."""
    good = record_id(scene.first)
    odd = [
        good.upper(),
        good.replace("-", ""),
        f"{{{good}}}",
        f"urn:uuid:{good}",
        "0" * 36,
        "' OR 1=1--",
        "%2e%2e",
        "١" * 36,
    ]
    answers = [
        scene.journey.get(scene.centre, f"/v1/records/{one}/receipt") for one in (*odd, str(uuid.uuid4()))
    ]
    assert {problem_of(one) for one in answers} == {(404, "not-found")}
    stripped = [{k: v for k, v in one.json.items() if k not in ("reference", "instance")} for one in answers]
    assert all(one == stripped[0] for one in stripped)
