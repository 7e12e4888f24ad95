"""Ways in: activation, passkey, PIN with codes, password with TOTP; each once, alike, and slowed down."""

import dataclasses
import datetime as dt
import threading
import uuid
from collections.abc import Callable

import flask
import pyotp
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from recordsvc import dated, service
from recordsvc.access import (
    activating,
    areas,
    backoff,
    codes,
    credentials,
    hashing,
    looked,
    names,
    officials,
    staff,
    strength,
    totp,
)
from recordsvc.access.credential_tables import (
    activation,
    login_attempt,
    login_challenge,
    worker_code,
    worker_credential,
)
from recordsvc.access.credentials import Holder
from recordsvc.access.errors import ActivationUnmatched
from recordsvc.access.grants import Kind, Position
from recordsvc.access.tables import session
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date
from recordsvc.house import House
from recordsvc.people import synthetic
from recordsvc.people.cardbook import CardFact
from recordsvc.people.enrolling import Enrolment
from recordsvc.people.reading import read_person
from tests.access.authenticator import PRESENT, Authenticator
from tests.access.conftest import CENTRE_USCC, ROOMS, Person, Told

NUMBER = synthetic.resident_id("640104", dt.date(1990, 5, 6), "m", 17)
DOCUMENT = {"document": "resident-id", "number": NUMBER, "name": "王某"}
CARD = synthetic.card_number(1)
PAPERS = DOCUMENT | {"card": CARD, "purpose": "service-window", "case_ref": "W-1"}
PIN = "830172"
PASSWORD = "骆驼 井盖 电焊 白杨 小卖部 雨靴 算盘"


@pytest.fixture
def wang(house: House) -> bytes:
    """A worker with a document and a card."""
    person, _ = read_person(DOCUMENT, house.clock.now_ms())
    with house.db.read_raw() as cursor:
        made = house.people.resolve(cursor, [person], "test")[0]
    house.db.write(lambda turn: house.db.bulk_all(turn.conn, house.people.rows([made.rows])))
    fact = CardFact(*DOCUMENT.values(), CARD, "extract:2025-10-01", events=(("issued", "2020-01-02", ""),))
    house.db.write(lambda turn: Enrolment(turn, house.people, house.keys, house.random).take([fact]))
    return made.worker_id


def code_of(house: House, worker_id: bytes) -> str:
    own = credentials.worker(worker_id)
    return house.db.write(lambda turn: activating.make(turn, house, own, "official:ann"))


def account_of(house: House, worker_id: bytes) -> str:
    return house.db.write(lambda turn: names.given(turn, house, worker_id))


@pytest.fixture
def come(app: flask.Flask, house: House, wang: bytes) -> Callable[[], Person]:
    """The worker, come in with an activation code."""

    def enter() -> Person:
        browser = app.test_client()
        answer = browser.post("/activate", json={"code": code_of(house, wang)})
        assert answer.status_code == 200, answer.text
        return Person(browser, answer.json["csrf_token"])

    return enter


@dataclasses.dataclass
class Site:
    """Somebody outside who tries to sign in."""

    app: flask.Flask
    account: str = ""

    def post(self, path: str, **body: str) -> TestResponse:
        return self.app.test_client().post(path, json=body)

    def pin(self, code: str, pin: str = PIN, account: str | None = None) -> TestResponse:
        return self.post("/login/pin", account=account or self.account, pin=pin, code=code)

    def password(self, code: str, password: str = PASSWORD, account: str | None = None) -> TestResponse:
        return self.post("/login/password", account=account or self.account, password=password, code=code)

    def passkey(self, device: Authenticator) -> TestResponse:
        options = self.post("/login/passkey/options").json["public_key"]
        return self.post("/login/passkey", credential=device.get(options))


@pytest.fixture
def site(app: flask.Flask, house: House, wang: bytes) -> Site:
    return Site(app, account_of(house, wang))


def add_passkey(person: Person, device: Authenticator) -> TestResponse:
    options = person.post("/v1/session/credentials/passkey/options", {}).json["public_key"]
    return person.post("/v1/session/credentials/passkey", {"credential": device.create(options)})


def set_pin(person: Person) -> list[str]:
    answer = person.post("/v1/session/credentials/pin", {"pin": PIN})
    assert answer.status_code == 200, answer.text
    return answer.json["codes"]


def set_password(person: Person, clock: FixedClock) -> pyotp.HOTP:
    """Set one up; the first code of the app is used up with it."""
    begun = person.post("/v1/session/credentials/totp", {}).json
    app = pyotp.HOTP(begun["secret"])
    body = {"password": PASSWORD, "code": code_at(app, clock), "setup": begun["setup"]}
    answer = person.post("/v1/session/credentials/password", body)
    assert answer.status_code == 204, answer.text
    return app


def code_at(app: pyotp.HOTP, clock: FixedClock) -> str:
    return app.at(clock.now_ms() // totp.STEP_MS)


# -- activation


def test_an_activation_code_lets_its_worker_in_once(app: flask.Flask, house: House, wang: bytes) -> None:
    code = code_of(house, wang)
    first, second = (app.test_client().post("/activate", json={"code": code}) for _ in range(2))
    assert (first.status_code, first.json["id"]) == (200, str(uuid.UUID(bytes=wang)))
    assert (second.status_code, second.json["code"]) == (401, "login-refused")


def test_an_activation_code_holds_120_bits_and_72_hours(
    app: flask.Flask, house: House, wang: bytes, clock: FixedClock
) -> None:
    code = code_of(house, wang)
    assert len(codes.normal(code)) * 5 >= 112
    clock.advance(activating.LIFE_MS)
    assert app.test_client().post("/activate", json={"code": code}).status_code == 401
    fresh = code_of(house, wang)
    clock.advance(activating.LIFE_MS - 1)
    assert app.test_client().post("/activate", json={"code": fresh.lower()}).status_code == 200


def test_a_new_activation_code_ends_the_earlier_one(app: flask.Flask, house: House, wang: bytes) -> None:
    earlier, later = code_of(house, wang), code_of(house, wang)
    assert app.test_client().post("/activate", json={"code": earlier}).status_code == 401
    assert app.test_client().post("/activate", json={"code": later}).status_code == 200


def test_another_workers_code_makes_nobody_this_worker(app: flask.Flask, house: House, wang: bytes) -> None:
    other = uuid.UUID("01890000-0000-7000-8000-0000000000ff").bytes
    mine, theirs = code_of(house, wang), code_of(house, other)
    answer = app.test_client().post("/activate", json={"code": theirs})
    assert answer.json["id"] == str(uuid.UUID(bytes=other))
    assert app.test_client().post("/activate", json={"code": mine}).json["id"] == str(uuid.UUID(bytes=wang))


def test_the_database_holds_no_activation_code(house: House, wang: bytes) -> None:
    code = code_of(house, wang)
    with house.db.read() as conn:
        row = str(conn.execute(activation.select()).one())
    assert code not in row
    assert codes.normal(code) not in row


def test_an_official_who_sees_card_and_document_hands_a_code_over(
    enter, app: flask.Flask, house: House, wang: bytes
) -> None:
    answer = enter("handler").post("/v1/desk/activations", PAPERS)
    assert answer.status_code == 201
    came = app.test_client().post("/activate", json={"code": answer.json["code"]})
    assert came.json["id"] == str(uuid.UUID(bytes=wang))
    seen = enter("auditor").get("/v1/desk/acts").json["items"][0]
    assert (seen["act"], seen["subject"], seen["case_ref"]) == ("login.activate", came.json["id"], "W-1")


def test_a_code_is_handed_over_for_what_serves_the_window_alone(enter, house: House, wang: bytes) -> None:
    today = beijing_date(house.clock.now_ms()).isoformat()
    rows = [row for row in dated.table(looked.PURPOSES).on(today).rows if "handler" in row["roles"]]
    others = [row["code"] for row in rows if not row.get("at_window")]
    assert len(others) > 2
    for purpose in others:
        answer = enter("handler").post("/v1/desk/activations", PAPERS | {"purpose": purpose})
        assert (answer.status_code, answer.json["code"]) == (422, "purpose-window"), purpose
    with house.db.read() as conn:
        assert conn.execute(activation.select()).all() == []


def test_an_activation_code_proves_nothing_but_that_one_may_come_in(
    come, site: Site, house: House, wang: bytes, clock: FixedClock
) -> None:
    """Nor does any other code let in as one: each is kept under a name of its own."""
    person = come()
    sheet, handed = set_pin(person), code_of(house, wang)
    assert site.pin(handed).status_code == 401
    assert site.pin(sheet[0], pin=handed).status_code == 401
    for way in ("pin", "password", "code"):
        again = person.post("/login/again", {"way": way, "secret": PIN, "code": handed})
        assert again.status_code in (401, 422), (way, again.json)
    official = house.db.write(lambda turn: codes.create(turn, house.keys, house.random, "handler"))
    for other in (*sheet, official):
        assert site.post("/activate", code=other).status_code in (401, 422)
    clock.advance(3_600_000)
    assert site.post("/activate", code=handed).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"name": "李某"},
        {"card": synthetic.card_number(2)},
        {"number": synthetic.resident_id("640104", dt.date(1991, 5, 6), "m", 18)},
        {"number": "x"},
    ],
)
def test_papers_that_are_not_one_persons_make_no_code(
    enter, house: House, wang: bytes, change: dict[str, str]
) -> None:
    answer = enter("handler").post("/v1/desk/activations", PAPERS | change)
    assert (answer.status_code, answer.json["code"]) == (404, "activation-unmatched")
    with house.db.read() as conn:
        assert conn.execute(activation.select()).all() == []
    assert enter("auditor").get("/v1/desk/acts").json["items"][0]["act"] == "login.activate-refused"


def test_the_card_of_somebody_else_makes_no_code(enter, house: House, wang: bytes) -> None:
    number = synthetic.resident_id("640104", dt.date(1985, 1, 2), "f", 20)
    li = {"document": "resident-id", "number": number, "name": "李某"}
    person, _ = read_person(li, house.clock.now_ms())
    with house.db.read_raw() as cursor:
        made = house.people.resolve(cursor, [person], "test")[0]
    house.db.write(lambda turn: house.db.bulk_all(turn.conn, house.people.rows([made.rows])))
    card = synthetic.card_number(2)
    fact = CardFact(*li.values(), card, "extract:2025-10-01", events=(("issued", "2020-01-02", ""),))
    house.db.write(lambda turn: Enrolment(turn, house.people, house.keys, house.random).take([fact]))
    official = enter("handler")
    crossed = official.post("/v1/desk/activations", PAPERS | {"card": card})
    assert (crossed.status_code, crossed.json["code"]) == (404, "activation-unmatched")
    assert official.post("/v1/desk/activations", PAPERS | li | {"card": card}).status_code == 201


@pytest.mark.parametrize("event", ["lost-written", "cancelled", "void"])
def test_a_card_that_shows_nobody_makes_no_code(enter, house: House, wang: bytes, event: str) -> None:
    events = (("issued", "2020-01-02", ""), (event, "2024-01-01", ""))
    fact = CardFact(*DOCUMENT.values(), CARD, "extract:2025-10-02", events=events)
    house.db.write(lambda turn: Enrolment(turn, house.people, house.keys, house.random).take([fact]))
    for more in ({}, {"lost": True}):
        answer = enter("handler").post("/v1/desk/activations", PAPERS | more)
        assert (answer.status_code, answer.json["code"]) == (404, "activation-unmatched")
    with house.db.read() as conn:
        assert conn.execute(activation.select()).all() == []


def test_an_official_of_another_area_makes_no_code(enter, house: House, wang: bytes) -> None:
    enter("handler")

    def far(turn: Turn) -> None:
        areas.place_worker(turn, wang, "640104", "test")
        officials.add(turn, "far", "某县经办")
        officials.grant(turn, "far", "handler", "640521", by="command:test")

    house.db.write(far)
    with house.db.read() as conn:
        who = officials.load(conn)["far"].actor(house.clock.now_ms(), house.settings.region)
    papers = activating.Papers(*DOCUMENT.values(), CARD)
    with pytest.raises(ActivationUnmatched):
        activating.hand_over(house, papers, activating.Why("service-window", "W-1"), who)
    with house.db.read() as conn:
        assert conn.execute(activation.select()).all() == []
    assert enter("auditor").get("/v1/desk/acts").json["items"][0]["act"] == "login.activate-refused"


def test_a_lost_device_ends_every_way_in_and_every_sign_in(
    enter, come, app: flask.Flask, house: House, site: Site
) -> None:
    person, device = come(), Authenticator()
    add_passkey(person, device)
    sheet = set_pin(person)
    answer = enter("handler").post("/v1/desk/activations", PAPERS | {"lost": True})
    assert person.get("/v1/session").status_code == 401
    assert site.passkey(device).status_code == 401
    assert site.pin(sheet[0]).status_code == 401
    assert app.test_client().post("/activate", json={"code": answer.json["code"]}).status_code == 200
    with house.db.read() as conn:
        assert conn.execute(worker_code.select()).all() == []


# -- passkeys


def test_a_passkey_signs_in_without_a_name(come, site: Site, wang: bytes) -> None:
    device = Authenticator()
    assert add_passkey(come(), device).status_code == 204
    answer = site.passkey(device)
    assert (answer.status_code, answer.json["id"]) == (200, str(uuid.UUID(bytes=wang)))


def test_an_answered_challenge_is_used_up(come, site: Site, house: House) -> None:
    device = Authenticator(counts=False)
    add_passkey(come(), device)
    said = device.get(site.post("/login/passkey/options").json["public_key"])
    assert site.post("/login/passkey", credential=said).status_code == 200
    assert site.post("/login/passkey", credential=said).status_code == 401
    with house.db.read() as conn:
        assert conn.execute(login_challenge.select()).all() == []


def test_a_challenge_is_good_for_minutes(come, site: Site, clock: FixedClock) -> None:
    device = Authenticator()
    add_passkey(come(), device)
    said = device.get(site.post("/login/passkey/options").json["public_key"])
    clock.advance(5 * 60_000)
    assert site.post("/login/passkey", credential=said).status_code == 401


def test_a_copied_key_is_refused_by_its_counter(come, site: Site) -> None:
    device = Authenticator()
    add_passkey(come(), device)
    copy = device.copy()
    assert site.passkey(device).status_code == 200
    assert site.passkey(device).status_code == 200
    assert site.passkey(copy).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"flags": PRESENT},
        {"handle": b"w" + b"\x07" * 16},
        {"handle": b"ohandler"},
        {"handle": b""},
        {"external": b"\x09" * 24},
        {"key": Authenticator().key},
    ],
)
def test_an_answer_of_another_site_person_or_key_opens_nothing(come, site: Site, change) -> None:
    device = Authenticator()
    add_passkey(come(), device)
    answer = site.passkey(dataclasses.replace(device, **change))
    assert (answer.status_code, answer.json["code"]) == (401, "login-refused")


@pytest.mark.parametrize("said", ["{}", "[]", "x", '{"rawId":1}', '{"rawId":"AA","response":{}}'])
def test_rubbish_from_an_authenticator_is_refused_like_a_wrong_key(site: Site, said: str) -> None:
    assert site.post("/login/passkey", credential=said).json["code"] == "login-refused"


def test_a_new_passkey_belongs_to_the_session_that_asked(come) -> None:
    first, second = come(), come()
    options = first.post("/v1/session/credentials/passkey/options", {}).json["public_key"]
    said = {"credential": Authenticator().create(options)}
    assert second.post("/v1/session/credentials/passkey", said).json["code"] == "credential"
    assert first.post("/v1/session/credentials/passkey", said).status_code == 204


def test_the_same_passkey_is_kept_once(come) -> None:
    person, device = come(), Authenticator()
    assert add_passkey(person, device).status_code == 204
    assert add_passkey(person, device).status_code == 422


# -- PIN and printed codes


def test_a_pin_and_a_printed_code_sign_in_once_per_code(come, site: Site, wang: bytes) -> None:
    sheet = set_pin(come())
    assert len(set(sheet)) == 20
    answer = site.pin(sheet[3].lower().replace("-", " "))
    assert (answer.status_code, answer.json["id"]) == (200, str(uuid.UUID(bytes=wang)))
    assert site.pin(sheet[3]).status_code == 401
    assert site.pin(sheet[4]).status_code == 200


def test_a_mistyped_pin_leaves_the_code_unused(come, site: Site) -> None:
    sheet = set_pin(come())
    assert site.pin(sheet[0], pin="830173").status_code == 401
    assert site.pin(sheet[0]).status_code == 200


def test_one_code_sent_twice_at_once_signs_in_once(come, site: Site) -> None:
    sheet = set_pin(come())
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(site.pin(sheet[0]).status_code)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(found) == 200
    assert found.count(200) == 1


def test_a_new_sheet_ends_the_earlier_one(come, site: Site) -> None:
    person = come()
    earlier = set_pin(person)
    later = person.post("/v1/session/credentials/pin/sheet", {}).json["codes"]
    assert site.pin(earlier[0]).status_code == 401
    assert site.pin(later[0]).status_code == 200
    assert person.get("/v1/session/credentials").json["items"][0]["codes_left"] == 19


def test_the_database_holds_neither_pin_nor_code_nor_account_name(come, site: Site, house: House) -> None:
    sheet = set_pin(come())
    with house.db.read() as conn:
        rows = str(
            [
                conn.execute(sa.select(table)).all()
                for table in (worker_code, worker_credential, *_named("worker_account", "account_name"))
            ]
        )
    assert "argon2id" in rows
    assert all(one not in rows for one in (PIN, sheet[0], codes.normal(sheet[0]), site.account))


def _named(*wanted: str) -> list[sa.Table]:
    return [worker_code.metadata.tables[name] for name in wanted]


@pytest.mark.parametrize(
    "pin",
    ["12345", "1" * 13, "123456", "000000", "121212", "900506", "19900506", "987654", "111222", "12a456"],
)
def test_a_pin_that_guessers_try_first_is_refused(pin: str) -> None:
    assert strength.pin_fault(pin)


@pytest.mark.parametrize("pin", [PIN, "502938", "74019283"])
def test_other_pins_are_good(pin: str) -> None:
    assert not strength.pin_fault(pin)


@pytest.mark.parametrize(
    "password",
    [
        "short but fine",
        "passwordpassword",
        "qwertyuiop123456",
        "aaaaaaaaaaaaaaaaaa",
        "woainiwoaini520520",
        "abcdefgh12345678",
        "宁夏社保宁夏社保宁夏社保宁夏社保",
        "x" * 129,
        "ab1ab1ab1ab1ab1ab1",
    ],
)
def test_a_password_that_guessers_try_first_is_refused(password: str) -> None:
    assert strength.password_fault(password)


@pytest.mark.parametrize("password", [PASSWORD, "correct horse battery", "zhelidefengzhenda"])
def test_long_words_are_good_without_signs_or_capitals(password: str) -> None:
    assert not strength.password_fault(password)


# -- password and TOTP


def test_a_password_and_a_time_based_code_sign_in(come, site: Site, clock: FixedClock, wang: bytes) -> None:
    app = set_password(come(), clock)
    clock.advance(totp.STEP_MS)
    answer = site.password(code_at(app, clock))
    assert (answer.status_code, answer.json["id"]) == (200, str(uuid.UUID(bytes=wang)))


def test_a_time_based_code_is_used_once_and_none_before_it_either(
    come, site: Site, clock: FixedClock
) -> None:
    app = set_password(come(), clock)
    assert site.password(code_at(app, clock)).status_code == 401, "used up when it was set"
    clock.advance(2 * totp.STEP_MS)
    earlier = app.at(clock.now_ms() // totp.STEP_MS - 1)
    assert site.password(code_at(app, clock)).status_code == 200
    assert site.password(code_at(app, clock)).status_code == 401
    assert site.password(earlier).status_code == 401


def test_a_code_of_another_time_is_refused(come, site: Site, clock: FixedClock) -> None:
    app = set_password(come(), clock)
    clock.advance(10 * totp.STEP_MS)
    step = clock.now_ms() // totp.STEP_MS
    for shift in (-2, 2):
        assert site.password(app.at(step + shift)).status_code == 401


def test_a_setup_of_another_session_or_too_old_is_refused(come, clock: FixedClock) -> None:
    first, second = come(), come()
    begun = first.post("/v1/session/credentials/totp", {}).json
    app = pyotp.HOTP(begun["secret"])
    body = {"password": PASSWORD, "code": code_at(app, clock), "setup": begun["setup"]}
    assert second.post("/v1/session/credentials/password", body).json["errors"][0]["pointer"] == "/setup"
    wrong = body | {"code": app.at(1)}
    assert first.post("/v1/session/credentials/password", wrong).json["errors"][0]["pointer"] == "/code"


def test_the_totp_secret_goes_with_the_workers_key(
    come, house: House, wang: bytes, clock: FixedClock
) -> None:
    app = set_password(come(), clock)
    own = credentials.worker(wang)
    with house.db.read() as conn:
        kept = credentials.of(conn, own, "password")[0]
        assert totp.base32(totp.opened(house, conn, own, kept)) == app.secret
        assert app.byte_secret() not in kept.sealed


def test_staff_keep_their_secrets_under_the_master_key(house: House) -> None:
    own, secret = Holder(Kind.STAFF, "li.mei"), b"\x09" * totp.SECRET_BYTES
    with house.db.read() as conn:
        sealed = totp.seal(house, conn, own, b"\x01" * 16, secret)
        kept = credentials.Credential(b"\x01" * 16, "password", b"", "", 0, sealed=sealed)
        assert totp.opened(house, conn, own, kept) == secret


# -- alike and slowed down


@pytest.mark.parametrize("way", ["pin", "password"])
def test_unknown_account_and_wrong_secret_are_answered_alike(come, site: Site, clock, way: str) -> None:
    person = come()
    sheet, app = set_pin(person), set_password(person, clock)
    code = sheet[0] if way == "pin" else code_at(app, clock)
    attempt = getattr(site, way)
    answers = [
        attempt(code, "830199"),
        attempt(code, "830199", account="zzzz-zzzz"),
        attempt(code, account="zzzz-zzzz"),
        attempt("0000-0000"),
    ]
    assert {(one.status_code, one.data, len(one.data)) for one in answers} == {
        (401, answers[0].data, len(answers[0].data))
    }
    headers = [
        {name: text for name, text in one.headers.items() if name != "X-Request-Id"} for one in answers
    ]
    assert all(one == headers[0] for one in headers)


def test_nobodys_secret_is_verified_at_the_same_cost(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dummy has the parameters of real hashes, so Argon2 does the same work for it."""
    kept = hashing.made(house.keys, house.random, "pin/worker:x", PIN).decode()
    assert hashing._NOBODY.split("$")[:4] == kept.split("$")[:4]
    assert [len(part) for part in hashing._NOBODY.split("$")] == [len(part) for part in kept.split("$")]
    assert not hashing.verifies(house.keys, "pin/worker:x", None, PIN)
    assert hashing.verifies(house.keys, "pin/worker:x", kept.encode(), PIN)
    assert not hashing.verifies(house.keys, "pin/worker:y", kept.encode(), PIN), "bound to its owner"


def test_wrong_attempts_wait_longer_and_longer(come, site: Site, clock: FixedClock) -> None:
    sheet = set_pin(come())
    for _ in range(5):
        assert site.pin(sheet[0], pin="830199").status_code == 401
    waits = []
    for _ in range(12):
        answer = site.pin(sheet[0], pin="830199")
        assert (answer.status_code, answer.json["code"]) == (429, "login-paced")
        waits.append(int(answer.headers["Retry-After"]))
        clock.advance(waits[-1] * 1_000)
        assert site.pin(sheet[0], pin="830199").status_code == 401
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_an_account_that_nobody_has_waits_like_any_other(site: Site) -> None:
    answers = [site.pin("0000-0000", account="zzzz-zzzz") for _ in range(6)]
    assert [one.status_code for one in answers] == [401] * 5 + [429]


def test_typing_a_name_differently_starts_no_new_count(site: Site) -> None:
    for spelt in (
        str.upper,
        str.lower,
        lambda name: name.replace("-", ""),
        lambda name: f" {name}",
        str.title,
    ):
        assert site.pin("0000-0000", account=spelt(site.account)).status_code == 401
    assert site.pin("0000-0000").status_code == 429


def test_the_rightful_holder_is_never_locked_out(
    come, app: flask.Flask, site: Site, house: House, wang: bytes, clock: FixedClock
) -> None:
    person, device = come(), Authenticator()
    add_passkey(person, device)
    sheet = set_pin(person)
    for _ in range(6):
        last = site.pin(sheet[0], pin="830199")
    assert last.status_code == 429
    assert site.passkey(device).status_code == 200
    assert app.test_client().post("/activate", json={"code": code_of(house, wang)}).status_code == 200
    clock.advance(int(last.headers["Retry-After"]) * 1_000)
    assert site.pin(sheet[0]).status_code == 200


def test_a_right_attempt_clears_the_count(come, site: Site, house: House) -> None:
    sheet = set_pin(come())
    for _ in range(4):
        site.pin(sheet[0], pin="830199")
    assert site.pin(sheet[0]).status_code == 200
    with house.db.read() as conn:
        assert conn.execute(login_attempt.select()).all() == []


def test_many_guesses_at_once_are_not_all_let_in(site: Site) -> None:
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(site.pin("0000-0000").status_code)) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count(401) <= 5
    assert set(found) == {401, 429}


def test_a_network_slows_down_whatever_accounts_it_tries(app: flask.Flask, site: Site) -> None:
    def attempt(n: int, address: str) -> int:
        body = {"account": f"zzzz-{n:04d}", "pin": "1", "code": "1"}
        asked = app.test_client().post("/login/pin", json=body, environ_overrides={"REMOTE_ADDR": address})
        return asked.status_code

    found = [attempt(n, f"203.0.113.{n}") for n in range(51)]
    assert found == [401] * 50 + [429]
    assert attempt(99, "198.51.100.1") == 401


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.parametrize(
    ("peer", "said", "slowed"),
    [("", "203.0.113.7", True), ("127.0.0.1", "203.0.113.7", False), ("", "x", False)],
)
def test_a_network_is_the_proxys_word_through_its_socket_alone(
    app: flask.Flask, site: Site, peer: str, said: str, slowed: bool
) -> None:
    def attempt(n: int) -> int:
        asked = app.test_client().post(
            "/login/pin",
            json={"account": f"zzzz-{n:04d}", "pin": "1", "code": "1"},
            headers={"X-Forwarded-For": said},
            environ_overrides={"REMOTE_ADDR": peer},
        )
        return asked.status_code

    found = [attempt(n) for n in range(51)]
    assert found == [401] * 50 + [429 if slowed else 401]


def test_attempts_are_forgotten_after_a_day(site: Site, house: House, clock: FixedClock) -> None:
    for _ in range(6):
        site.pin("0000-0000")
    clock.advance(backoff.FORGET_MS)
    assert site.pin("0000-0000", account="zzzz-zzzz").status_code == 401
    with house.db.read() as conn:
        assert [row.failures for row in conn.execute(login_attempt.select())] == [1]


# -- proving it again


def test_setting_a_way_up_asks_for_a_fresh_proof(come, clock: FixedClock, house: House) -> None:
    person, device = come(), Authenticator()
    add_passkey(person, device)
    clock.advance(house.settings.step_up_minutes * 60_000)
    assert person.post("/v1/session/credentials/pin", {"pin": PIN}).json["code"] == "step-up"
    options = person.post("/login/again/options", {}).json["public_key"]
    proof = {"way": "passkey", "credential": device.get(options)}
    assert person.post("/login/again", proof).status_code == 200
    assert person.post("/v1/session/credentials/pin", {"pin": PIN}).status_code == 200


def test_a_pin_or_a_password_proves_it_again(come, clock: FixedClock, house: House) -> None:
    person = come()
    sheet, app = set_pin(person), set_password(person, clock)
    clock.advance(house.settings.step_up_minutes * 60_000)
    proof = {"way": "pin", "secret": PIN, "code": sheet[0]}
    assert person.post("/login/again", proof).status_code == 200
    assert person.post("/login/again", proof).status_code == 401, "the code is used up"
    proof = {"way": "password", "secret": PASSWORD, "code": code_at(app, clock)}
    assert person.post("/login/again", proof).status_code == 200


def test_somebody_elses_proof_is_refused(come, enter, site: Site, clock: FixedClock) -> None:
    device = Authenticator()
    add_passkey(come(), device)
    official = enter("handler")
    options = official.post("/login/again/options", {}).json["public_key"]
    proof = {"way": "passkey", "credential": device.get(options)}
    assert official.post("/login/again", proof).json["code"] == "login-refused"
    # Nor does a challenge for signing in prove it again, or the other way round.
    person = come()
    options = site.post("/login/passkey/options").json["public_key"]
    proof = {"way": "passkey", "credential": device.get(options)}
    assert person.post("/login/again", proof).status_code == 401
    options = person.post("/login/again/options", {}).json["public_key"]
    assert site.post("/login/passkey", credential=device.get(options)).status_code == 401


def test_the_demos_one_button_exists_in_the_demo_only(
    come, house: House, app: flask.Flask, clock: FixedClock
) -> None:
    assert come().post("/login/again", {"way": "demo"}).status_code == 200
    outside = dataclasses.replace(house, settings=dataclasses.replace(house.settings, environment="test"))
    browser = service.build(outside.settings, outside, ROOMS).test_client()
    with house.db.read() as conn:
        wang = conn.execute(sa.select(session.c.actor_id)).scalars().first()
    code = code_of(house, uuid.UUID(wang).bytes)
    entered = browser.post("/activate", json={"code": code}, base_url="https://localhost")
    answer = browser.post(
        "/login/again",
        json={"way": "demo"},
        headers={"X-CSRF-Token": entered.json["csrf_token"]},
        base_url="https://localhost",
    )
    assert (answer.status_code, answer.json["code"]) == (401, "login-refused")


def test_guessing_at_a_stolen_session_is_slowed_down_too(come) -> None:
    person = come()
    set_pin(person)
    proof = {"way": "pin", "secret": "830199", "code": "0000-0000"}
    found = [person.post("/login/again", proof).status_code for _ in range(6)]
    assert found == [401] * 5 + [429]


# -- one's own list


def test_the_own_list_shows_where_how_and_by_what(come, app: flask.Flask) -> None:
    person = come()
    (here,) = person.get("/v1/session/list").json["items"]
    assert (here["here"], here["method"], here["through_way"]) == (True, "activation", None)


def test_one_ends_another_sign_in_and_all_others(come, enter, clock: FixedClock) -> None:
    here = come()
    clock.advance(1)
    there = come()
    clock.advance(1)
    yonder = come()
    listed = here.get("/v1/session/list").json["items"]
    assert [one["here"] for one in listed] == [False, False, True]
    headers = {"X-CSRF-Token": here.csrf}
    ended = here.browser.delete(f"/v1/session/list/{listed[0]['id']}", headers=headers)
    assert (ended.status_code, yonder.get("/v1/session").status_code) == (204, 401)
    stranger = enter("handler")
    foreign = stranger.browser.delete(
        f"/v1/session/list/{listed[1]['id']}", headers={"X-CSRF-Token": stranger.csrf}
    )
    assert (foreign.status_code, there.get("/v1/session").status_code) == (404, 200)
    assert here.browser.delete("/v1/session/list", headers=headers).json == {"ended": 1}
    assert (there.get("/v1/session").status_code, here.get("/v1/session").status_code) == (401, 200)


def test_one_ends_a_way_in_and_nobody_elses(come, enter, site: Site) -> None:
    person, device = come(), Authenticator()
    add_passkey(person, device)
    own = person.get("/v1/session/credentials").json["items"][0]["id"]
    stranger = enter("handler")
    foreign = stranger.browser.delete(
        f"/v1/session/credentials/{own}", headers={"X-CSRF-Token": stranger.csrf}
    )
    assert foreign.status_code == 404
    assert site.passkey(device).status_code == 200
    ended = person.browser.delete(f"/v1/session/credentials/{own}", headers={"X-CSRF-Token": person.csrf})
    assert (ended.status_code, site.passkey(device).status_code) == (204, 401)


def test_signing_in_gives_a_new_cookie_and_ends_the_old(come, app: flask.Flask, site: Site) -> None:
    person, device = come(), Authenticator()
    add_passkey(person, device)
    before = person.browser.get_cookie("recordsvc-demo").value
    options = site.post("/login/passkey/options").json["public_key"]
    answer = person.post("/login/passkey", {"credential": device.get(options)})
    assert answer.status_code == 200
    after = person.browser.get_cookie("recordsvc-demo").value
    assert after != before
    person.browser.set_cookie("recordsvc-demo", before)
    assert person.get("/v1/session").status_code == 401


# -- officials


@pytest.fixture
def production(house: House, handler: str) -> Callable[[str], FlaskClient]:
    """A browser at a service that is not the demo, with a rule for passkeys."""

    def build(rule: str) -> FlaskClient:
        settings = dataclasses.replace(house.settings, environment="production", official_passkey=rule)
        outside = dataclasses.replace(house, settings=settings)
        return service.build(settings, outside, ROOMS).test_client()

    return build


def official_in(browser: FlaskClient, house: House, account: str) -> tuple[TestResponse, Person]:
    code = house.db.write(lambda turn: codes.create(turn, house.keys, house.random, account))
    body = {"official_id": account, "code": code}
    answer = browser.post("/login/code", json=body, base_url="http://localhost")
    cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
    # A test browser speaks http, where a Secure cookie does not come back by itself.
    if cookie:
        name, _, value = cookie.partition("=")
        browser.set_cookie(name, value)
    return answer, Person(browser, (answer.json or {}).get("csrf_token", ""))


def test_an_official_signs_in_with_a_passkey(enter, site: Site) -> None:
    device = Authenticator()
    assert add_passkey(enter("handler"), device).status_code == 204
    answer = site.passkey(device)
    assert (answer.json["kind"], answer.json["roles"]) == ("official", ["handler"])


def test_an_official_sets_up_no_weaker_way(enter) -> None:
    person = enter("handler")
    assert person.post("/v1/session/credentials/pin", {"pin": PIN}).json["code"] == "credential"
    assert person.post("/v1/session/credentials/totp", {}).json["code"] == "credential"


def test_once_an_official_has_a_passkey_a_code_is_not_enough_in_production(
    production, house: House, handler: str
) -> None:
    browser = production("")
    first, person = official_in(browser, house, handler)
    assert (first.status_code, first.json["roles"]) == (200, ["handler"])
    device = Authenticator(origin="http://localhost")
    assert add_passkey(person, device).status_code == 204
    again, _ = official_in(production(""), house, handler)
    assert (again.status_code, again.json["code"]) == (401, "login-refused")
    house.db.write(
        lambda turn: activating.end_everything(turn, house, Holder(Kind.OFFICIAL, handler), "test")
    )
    assert official_in(production(""), house, handler)[0].status_code == 200


def test_where_passkeys_are_always_asked_for_a_code_holds_no_role(
    production, house: House, handler: str
) -> None:
    browser = production("always")
    first, person = official_in(browser, house, handler)
    assert (first.status_code, first.json["roles"]) == (200, [])
    device = Authenticator(origin="http://localhost")
    assert add_passkey(person, device).status_code == 204
    options = browser.post("/login/passkey/options", json={}, headers={"X-CSRF-Token": person.csrf}).json
    said = {"credential": device.get(options["public_key"])}
    assert person.post("/login/passkey", said).json["roles"] == ["handler"]


def staff_in(browser: FlaskClient, staff_id: str, code: str) -> tuple[TestResponse, Person]:
    answer = browser.post("/login/staff", json={"staff_id": staff_id, "code": code})
    cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
    if cookie:
        browser.set_cookie(*cookie.split("=", 1))
    return answer, Person(browser, (answer.json or {}).get("csrf_token", ""))


def test_once_a_person_of_an_institution_has_a_passkey_only_a_loss_reported_makes_a_code_enough(
    production, house: House, told: Told
) -> None:
    def act(turn) -> tuple[str, str]:
        found = [staff.add_new(turn, CENTRE_USCC, name, "test", house.random) for name in ("马某", "李某")]
        for one, position in zip(found, (Position.HEAD, Position.CLERK), strict=True):
            staff.give(turn, one, position, by="test")
        return found[0], found[1]

    head, clerk = house.db.write(act)

    def code(staff_id: str) -> str:
        name = staff.code_name(staff_id)
        return house.db.write(lambda turn: codes.create(turn, house.keys, house.random, name))

    first, person = staff_in(production(""), clerk, code(clerk))
    assert first.status_code == 200
    device = Authenticator(origin="http://localhost")
    assert add_passkey(person, device).status_code == 204
    again, _ = staff_in(production(""), clerk, code(clerk))
    assert (again.status_code, again.json["code"]) == (401, "login-refused")
    _, chief = staff_in(production(""), head, code(head))
    path = f"/v1/centre/people/{clerk}/code"
    refused = chief.post(path, {})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/lost")
    told.clear()
    made = chief.post(path, {"lost": True})
    assert [kind for _uscc, kind, _params in told] == ["login-lost-own"]
    assert person.get("/v1/session").status_code == 401
    assert staff_in(production(""), clerk, made.json["code"])[0].status_code == 200


def test_a_passkey_of_a_closed_account_opens_nothing(enter, site: Site, house: House) -> None:
    from recordsvc.access import officials

    device = Authenticator()
    add_passkey(enter("handler"), device)
    house.db.write(lambda turn: officials.close(turn, "demo-handler"))
    assert site.passkey(device).status_code == 401
