"""Officials and their dated roles, and the commands that make them."""

import datetime as dt
import os
import uuid

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy.exc import IntegrityError

from recordsvc import service
from recordsvc.access import acts, commands, credentials, deciding, granting, officials
from recordsvc.access.credentials import Credential, Holder
from recordsvc.access.errors import OfficialConflict, OfficialRefused
from recordsvc.access.grants import Actor, Kind, Position, Reach, Role
from recordsvc.access.officials import Officials
from recordsvc.access.tables import login_code, official_bar
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.people import synthetic


def add(database: Database, account: str = "ann", name: str = "安某") -> None:
    database.write(lambda turn: officials.add(turn, account, name))


def grant(database: Database, role: str, area: str = "6401", until_ms: int | None = None) -> None:
    database.write(
        lambda turn: officials.grant(turn, "ann", role, area, by="command:test", until_ms=until_ms)
    )


def roles(database: Database) -> frozenset[str]:
    found = Officials(database).find("ann")
    assert found is not None
    return found.roles(database.clock.now_ms())


def test_a_new_account_holds_no_role(database: Database):
    add(database)
    assert roles(database) == frozenset()


def test_a_role_holds_from_its_grant_to_its_end(database: Database, clock: FixedClock):
    add(database)
    grant(database, "handler", until_ms=clock.now_ms() + 1000)
    assert roles(database) == {"handler"}
    clock.advance(1000)
    assert roles(database) == frozenset()


def test_a_role_holds_in_its_area(database: Database, clock: FixedClock):
    add(database)
    grant(database, "handler", "6401")
    grant(database, "handler", "640502")
    found = Officials(database).find("ann")
    assert found is not None
    assert found.duties(clock.now_ms()) >= {("handler", "6401"), ("handler", "640502")}


def test_a_revoked_role_keeps_its_history(database: Database, clock: FixedClock):
    add(database)
    grant(database, "handler")
    clock.advance(5000)
    assert database.write(lambda turn: officials.revoke(turn, "ann", "handler", by="command:chief")) == 1
    assert database.write(lambda turn: officials.revoke(turn, "ann", "handler", by="command:chief")) == 0
    found = Officials(database).find("ann")
    assert found is not None
    assert [(one.until_ms, one.revoked_by) for one in found.grants] == [(clock.now_ms(), "command:chief")]


def pairs() -> set[tuple[Role, Role]]:
    """Two roles that one person must not hold: who proposes and who decides, who checks and who pays, and
    those that stand alone (security.md §1.3). Said apart from the code that refuses them."""
    words = {Role.REGISTRAR, Role.HANDLER, Role.REVIEWER, Role.DATA_OFFICER}
    found = {(one, other) for one in words for other in words if one < other} - {
        (Role.HANDLER, Role.REGISTRAR)
    }
    found |= {(one, Role.PAYER) for one in words - {Role.REGISTRAR}}
    found |= {(one, other) for one in (Role.AUDITOR, Role.ADMINISTRATOR) for other in Role if one != other}
    return found | {(other, one) for one, other in found}


@pytest.mark.parametrize(("held", "wanted"), sorted(pairs()))
def test_roles_that_check_each_other_are_not_one_persons(database: Database, held: str, wanted: str):
    add(database)
    grant(database, held)
    with pytest.raises(OfficialConflict):
        grant(database, wanted)
    assert roles(database) == {held}


@pytest.mark.parametrize(
    ("held", "wanted"), sorted((a, b) for a in Role for b in Role if a != b and (a, b) not in pairs())
)
def test_roles_that_check_nothing_of_each_other_may_be_one_persons(
    database: Database, held: str, wanted: str
):
    add(database)
    grant(database, held)
    grant(database, wanted)
    assert roles(database) == {held, wanted}


@pytest.mark.parametrize(("held", "wanted"), sorted(pairs()))
def test_the_database_lets_nobody_stand_on_both_sides(database: Database, held: Role, wanted: Role):
    """Also where no code has asked, and also for who holds a role as a deputy."""
    add(database)
    grant(database, held)
    sides = [
        {"official_id": "ann", "bar": bar, "side": side} for bar, side in officials.SIDES[wanted].items()
    ]
    with pytest.raises(IntegrityError):
        database.write(lambda turn: turn.conn.execute(official_bar.insert(), sides))


def test_whose_word_is_second_has_no_first_and_no_other_second(house: House):
    """Of every kind of proposal, also one that is added later."""
    service.build(house.settings, house)
    assert len(two_person._kinds) > 20
    for kind in two_person._kinds:
        if two_person.deciders(kind) == {Position.OFFICER}:
            continue  # officers of a department answer to officers of theirs, who are no officials
        second = {Role(role) for role in two_person.deciders(kind)}
        # Registrars propose to registrars, payers to payers; all else comes from handlers and registrars.
        first = second & {Role.REGISTRAR, Role.PAYER} or {Role.HANDLER, Role.REGISTRAR}
        for one in second:
            for other in (second | first) - {one}:
                assert officials.apart(one, other), (kind, one, other)


@pytest.mark.parametrize(("held", "lent"), sorted(pairs()))
def test_a_deputy_is_lent_no_role_that_excludes_the_own(house: House, held: str, lent: str):
    _people(house, held, lent)
    with pytest.raises(OfficialConflict):
        _lend(house, lent)


@pytest.mark.parametrize(("held", "lent"), sorted(pairs()))
def test_nobody_is_given_a_role_that_excludes_what_they_stand_in_for(house: House, held: str, lent: str):
    """And a decision asks again: of two proposals that were right when they were made, one is approved."""
    _people(house, None, lent)
    decided = house.db.write(
        lambda turn: granting.propose_grant(
            turn, "ann", held, "6401", None, "x", by="official:reg", random=house.random
        )
    )
    _decide(house, _lend(house, lent))
    with pytest.raises(OfficialConflict):
        house.db.write(lambda turn: officials.grant(turn, "ann", held, "6401", by="command:test"))
    with pytest.raises(OfficialConflict):
        _decide(house, decided)
    assert house.db.write(lambda turn: dict(_bars(turn))) == officials.SIDES[Role(lent)]


def _people(house: House, held: str | None, lent: str) -> None:
    """Two registrars, a principal with the role that is lent, and Ann, perhaps with one of her own."""

    def act(turn: Turn) -> None:
        for account, role in (("reg", "registrar"), ("reg-2", "registrar"), ("eve", lent), ("ann", held)):
            officials.add(turn, account, "某")
            if role is not None:
                officials.grant(turn, account, role, "6401", by="command:test")

    house.db.write(act)


def _lend(house: House, role: str) -> bytes:
    until = house.clock.now_ms() + 86_400_000
    return house.db.write(
        lambda turn: granting.propose_deputy(
            turn, "eve", "ann", role, until, "休假", by="official:reg", random=house.random
        )
    )


def _decide(house: House, proposal: bytes) -> None:
    who = Officials(house.db).find("reg-2")
    assert who is not None
    actor = who.actor(house.clock.now_ms(), "")
    deciding.decide(house, proposal, actor, approve=True, reason="核对无误")


def _bars(turn: Turn) -> list[tuple[str, str]]:
    own = official_bar.c
    wanted = sa.select(own.bar, own.side).where(own.official_id == "ann")
    return [(row.bar, row.side) for row in turn.conn.execute(wanted)]


def test_what_has_ended_excludes_nothing(database: Database):
    add(database)
    grant(database, "auditor")
    database.write(lambda turn: officials.revoke(turn, "ann", "auditor", by="command:test"))
    grant(database, "handler")
    assert roles(database) == {"handler"}


def test_every_role_can_be_granted(database: Database):
    for role in Role:
        account = f"o-{role}"
        add(database, account)
        database.write(lambda turn, a=account, r=role: officials.grant(turn, a, r, "64", by="command:test"))


@pytest.mark.parametrize("account", ["", "a", "Ann", "1ann", "ann smith", "ann/..", "a" * 41, "安", "ann\n"])
def test_an_impossible_account_name_is_refused(database: Database, account: str):
    with pytest.raises(OfficialRefused):
        add(database, account)


def test_an_account_is_made_once(database: Database):
    add(database)
    with pytest.raises(OfficialConflict):
        add(database)


@pytest.mark.parametrize(
    ("role", "area"),
    [("king", "64"), ("handler", ""), ("handler", "640"), ("handler", "04"), ("handler", "６４")],
)
def test_an_impossible_grant_is_refused(database: Database, role: str, area: str):
    add(database)
    with pytest.raises(OfficialRefused):
        grant(database, role, area)


def test_an_unknown_or_closed_account_gets_no_role(database: Database):
    with pytest.raises(OfficialRefused):
        grant(database, "handler")
    add(database)
    database.write(lambda turn: officials.close(turn, "ann"))
    with pytest.raises(OfficialRefused):
        grant(database, "handler")


# -- the commands


@pytest.fixture
def command(house: House, monkeypatch: pytest.MonkeyPatch):
    """Run `recordsvc official …` on the test's house."""
    monkeypatch.setattr("recordsvc.house.open_house", lambda _settings: house)
    monkeypatch.setattr("recordsvc.settings.Settings.load", lambda: house.settings)
    monkeypatch.setattr("getpass.getuser", lambda: "chief")

    def run(group: str, *arguments: str) -> Result:
        return CliRunner().invoke(getattr(commands, group), arguments)

    return run


def test_the_first_two_officials_are_made_by_command(command, house: House):
    for account in ("ann", "bob"):
        assert command("official", "add", account, "--name", "某").exit_code == 0
        assert command("official", "grant", account, "registrar", "--area", "64").exit_code == 0
    assert command("official", "list").output.splitlines() == [
        "ann\t某\tregistrar@64",
        "bob\t某\tregistrar@64",
    ]
    found = Officials(house.db).find("ann")
    assert found is not None
    assert found.grants[0].granted_by == "command:chief"


def test_a_command_ends_what_commands_gave(command):
    command("official", "add", "ann", "--name", "安某")
    command("official", "grant", "ann", "registrar", "--area", "64", "--days", "30")
    assert "registrar × 1" in command("official", "revoke", "ann", "registrar").output
    assert command("official", "close", "ann").exit_code == 0
    assert command("official", "list").output == "ann\t安某\t已停用/closed\n"


def test_a_code_by_command_signs_in(command, browser):
    command("official", "add", "ann", "--name", "安某")
    code = command("official", "code", "ann").output.strip()
    answer = browser.post("/login/code", json={"official_id": "ann", "code": code})
    assert answer.status_code == 200


def test_a_code_is_made_for_known_accounts_only(command):
    answer = command("official", "code", "nobody")
    assert answer.exit_code == 1
    assert "没有这个账号" in answer.output


def test_a_refused_command_says_why(command):
    command("official", "add", "ann", "--name", "安某")
    answer = command("official", "add", "ann", "--name", "安某")
    assert answer.exit_code == 1
    assert "冲突" in answer.output


def test_a_lost_passkey_is_ended_by_command(command, house: House):
    command("official", "add", "ann", "--name", "安某")
    own = Holder(Kind.OFFICIAL, "ann")
    made = Credential(b"\x01" * 16, "passkey", b"key", "Windows · Edge", 0, external=b"\x02" * 16)
    house.db.write(lambda turn: credentials.add(turn, own, made))
    assert command("official", "ways", "ann").output == "passkey\tWindows · Edge\t1970-01-01\n"
    assert command("official", "lost", "ann").exit_code == 0
    assert command("official", "ways", "ann").output == ""
    assert command("official", "lost", "nobody").exit_code == 1


CONSOLE = [
    (("add", "ann", "--name", "安某"), "official.entered", "no role yet"),
    (("grant", "ann", "registrar", "--area", "6401"), "official.granted", "registrar@6401"),
    (("code", "ann"), "official.code", "login code"),
    (("lost", "ann"), "official.lost", "ways in and sign-ins ended"),
    (("revoke", "ann", "registrar"), "official.revoked", "registrar"),
    (("close", "ann"), "official.closed", "account closed"),
]


def test_each_way_in_that_the_console_gives_or_takes_is_in_the_list_of_acts(
    command, request, clock: FixedClock
):
    for arguments, _, _ in CONSOLE:
        assert command("official", *arguments).exit_code == 0
        clock.advance(1)
    # What changed nothing leaves nothing.
    assert command("official", "code", "nobody").exit_code == 1
    assert command("official", "lost", "ann").exit_code == 1

    enter = request.getfixturevalue("enter")  # brings registrars: none is made by command behind them
    for reader in ("auditor", "data-officer"):
        seen = enter(reader).get("/v1/desk/acts").json["items"]
        assert [(one["act"], one["reason"]) for one in reversed(seen)] == [said[1:] for said in CONSOLE]
        assert {(one["actor"], one["subject"]) for one in seen} == {("system:command:chief", "ann")}
    assert enter("handler").get("/v1/desk/acts").status_code == 403


def test_no_code_is_made_of_which_no_row_can_be_kept(command, house: House, monkeypatch):
    command("official", "add", "ann", "--name", "安某")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("recordsvc.access.acts.note", full)
    for verb in ("code", "lost"):
        assert isinstance(command("official", verb, "ann").exception, OSError)
    with house.db.read() as conn:
        assert conn.execute(sa.select(login_code)).all() == []


def test_acts_at_the_console_are_read_where_the_account_has_roles(command, house: House):
    command("official", "add", "ann", "--name", "安某")
    command("official", "grant", "ann", "registrar", "--area", "6401")
    command("official", "code", "ann")
    with house.db.read() as conn:
        here = acts.listed(conn, Reach(frozenset({"6401"})))
        elsewhere = acts.listed(conn, Reach(frozenset({"6402"})))
    assert {one.act for one in here} == {"official.code", "official.granted", "official.entered"}
    assert elsewhere == []


def test_an_official_sees_what_the_console_did_to_the_own_account_alone(
    command, enter, house: House, clock: FixedClock
):
    enter("handler")
    command("official", "code", "demo-handler")
    command("official", "lost", "demo-auditor")

    (seen,) = enter("handler").get("/v1/session/list").json["console"]

    at_ms = house.clock.now_ms()
    assert seen == {
        "at_ms": at_ms,
        "actor": "system:command:chief",
        "act": "official.code",
        "reason": "login code",
    }
    assert enter("worker").get("/v1/session/list").json["console"] == []
    clock.advance(acts.SHOWN_MS + 1)
    assert enter("handler").get("/v1/session/list").json["console"] == []


def test_a_shell_whose_user_has_no_name_is_called_the_console(command, house: House, monkeypatch):
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr("getpass.getuser", nameless)
    assert command("official", "add", "ann", "--name", "安某").exit_code == 0
    with house.db.read() as conn:
        assert [one.actor for one in acts.listed(conn)] == ["system:command:console"]


@pytest.mark.parametrize("arguments", [("code", "ann"), ("lost", "ann"), ("list",)])
def test_without_settings_a_command_says_so_in_one_line(arguments, monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("RECORDSVC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RECORDSVC_DATA_DIR", str(tmp_path))
    answer = CliRunner().invoke(commands.official, arguments)
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: missing setting: ")
    assert len(answer.output.splitlines()) == 1


def test_a_third_official_and_any_other_role_take_two(command, house: House):
    for account in ("ann", "bob", "cleo"):
        command("official", "add", account, "--name", "某")
    assert command("official", "grant", "ann", "reviewer", "--area", "64").exit_code == 2
    for account in ("ann", "bob"):
        assert command("official", "grant", account, "registrar", "--area", "64").exit_code == 0

    refused = command("official", "grant", "cleo", "registrar", "--area", "64")

    assert refused.exit_code == 2
    assert "两人" in refused.output
    found = Officials(house.db).find("cleo")
    assert found is not None
    assert found.grants == ()


def test_a_role_is_proposed_at_the_console_with_a_code(command, house: House, monkeypatch):
    for account in ("ann", "bob", "cleo"):
        command("official", "add", account, "--name", "某")
    for account in ("ann", "bob"):
        command("official", "grant", account, "registrar", "--area", "64")
    code = command("official", "code", "ann").output.strip()
    monkeypatch.setattr("click.prompt", lambda *_, **__: code)

    asked = ("official", "grant", "cleo", "handler", "--area", "6401", "--as", "ann", "--reason", "新到岗")
    answer = command(*asked)

    assert "待复核" in answer.output
    proposal = uuid.UUID(answer.output.split()[-1]).bytes
    bob = Actor(Kind.OFFICIAL, "bob", roles=frozenset({"registrar"}), duties=frozenset({("registrar", "64")}))
    deciding.decide(house, proposal, bob, approve=True, reason="核对无误")
    found = Officials(house.db).find("cleo")
    assert found is not None
    assert found.duties(house.clock.now_ms()) == {("handler", "6401")}
    assert command(*asked).exit_code == 1  # the code is spent


def test_an_own_archive_is_named_at_the_console_with_a_code(command, house: House, monkeypatch):
    for account in ("ann", "bob"):
        command("official", "add", account, "--name", "某")
        command("official", "grant", account, "registrar", "--area", "64")
    number = synthetic.resident_id("640104", dt.date(1980, 1, 2), "male", 3)
    typed = iter([command("official", "code", "ann").output.strip(), number])
    monkeypatch.setattr("click.prompt", lambda *_, **__: next(typed))

    answer = command("official", "own-archive", "ann", "--none")

    assert "待复核" in answer.output
    assert number not in answer.output
    left = command("official", "unanswered").output
    assert left == "bob\t某\t尚未申报/unanswered\nann\t某\t待复核/waiting\n"
    bob = Actor(Kind.OFFICIAL, "bob", roles=frozenset({"registrar"}), duties=frozenset({("registrar", "64")}))
    deciding.decide(house, uuid.UUID(answer.output.split()[-1]).bytes, bob, approve=True, reason="核对证件")
    assert command("official", "unanswered").output == "bob\t某\t尚未申报/unanswered\n"
