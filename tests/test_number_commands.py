"""`recordsvc numbers` as typed: one official proposes, another decides; no number is in words or output."""

import dataclasses
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from recordsvc import fsck, starting
from recordsvc.access import codes, demo
from recordsvc.access.looked import of_worker
from recordsvc.cli import main
from recordsvc.ground import two_person
from recordsvc.house import House
from recordsvc.people import synthetic
from recordsvc.settings import Settings
from tests.archive.support import Centre, person
from tests.archive.test_reassigning import card_of
from tests.people.test_enrolling import CARD, NORMAL, fact, take
from tests.people.test_numbers import known

WHY = ("--text", "核对底册", "--paper", "ab" * 32)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The demo's officials, whose doors are open in a demo alone."""
    return dataclasses.replace(settings, environment="demo", public_url="http://localhost")


@pytest.fixture
def commands(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    """Commands that open the house of the test, and a desk of officials."""
    house.db.write(lambda turn: demo.create_desk(turn, "640000"))
    monkeypatch.setattr("recordsvc.serving.load_settings", lambda: house.settings)
    monkeypatch.setattr(starting, "open_checked", lambda _settings: dataclasses.replace(house))
    monkeypatch.setattr(House, "close", lambda _self: None)
    yield CliRunner()
    monkeypatch.undo()


@pytest.fixture
def mine(house: House) -> bytes:
    """The archive of one person, with one record."""
    centre = Centre(house, 1)
    centre.enter(centre.completion(person(1)), centre.completion(person(2)))
    return centre.worker_id(person(1))


def typed(
    house: House, commands: CliRunner, command: str, *words: str, asked: str = "", by: str = "demo-handler"
) -> Result:
    """A command; `asked` is typed before the code, where the command asks for something first."""
    code = house.db.write(lambda turn: codes.create(turn, house.keys, house.random, by))
    group = command.split()
    typing = f"{asked}\n{code}\n" if asked else f"{code}\n"
    return commands.invoke(main, [group[0], "--official", by, *group[1:], *words], input=typing)


def decided(house: House, commands: CliRunner) -> None:
    """The one proposal that is open, approved by another official."""
    own = two_person.proposal.c
    with house.db.read() as conn:
        (proposal,) = conn.scalars(sa.select(own.id).where(own.state == "open")).all()
    words = (str(uuid.UUID(bytes=proposal)), "--reason", "属实")
    done = typed(house, commands, "case decide", *words, by="demo-reviewer")
    assert "已办理" in done.output, done.output


def test_fifteen_digits_are_added(house: House, commands: CliRunner, mine: bytes) -> None:
    short = synthetic.legacy_15(person(1)["number"])
    words = (str(uuid.UUID(bytes=mine)), "--kind", "resident-id", "--ground", "fifteen-to-eighteen", *WHY)
    told = typed(house, commands, "numbers add", *words, asked=short)
    assert "已提出" in told.output, told.output
    assert short not in told.output
    assert house.people.find("resident-id", short) is None
    decided(house, commands)
    assert house.people.find("resident-id", short) == mine


def test_a_number_of_two_people_is_disputed_with_both(house: House, commands: CliRunner, mine: bytes) -> None:
    shared, other = person(1)["number"], house.people.find("resident-id", person(2)["number"])
    assert other is not None
    which = str(uuid.UUID(bytes=card_of(house, mine, shared).identifier_id))
    ground = ("--ground", "duplicate-corrected", *WHY)
    stood = (str(uuid.UUID(bytes=mine)), "--which", which, "--standing", "disputed", *ground)
    assert "已提出" in typed(house, commands, "numbers stand", *stood).output
    decided(house, commands)
    added = (str(uuid.UUID(bytes=other)), "--kind", "resident-id", "--disputed", *ground)
    assert "已提出" in typed(house, commands, "numbers add", *added, asked=shared).output
    decided(house, commands)
    assert house.people.find("resident-id", shared) is None
    assert fsck.fsck(house).finding is None


def test_a_name_is_added(house: House, commands: CliRunner, mine: bytes) -> None:
    words = (str(uuid.UUID(bytes=mine)), "--ground", "name-changed", *WHY)
    assert "不像姓名" in typed(house, commands, "numbers rename", *words, asked="123").output
    assert "已提出" in typed(house, commands, "numbers rename", *words, asked="马·新名").output
    decided(house, commands)
    names = {one.value for one in known(house, mine) if one.kind == "name"}
    assert names == {person(1)["name"], "马·新名"}


def test_a_card_is_listed_masked_and_given_on(house: House, commands: CliRunner, mine: bytes) -> None:
    take(house, fact(1, events=(*NORMAL, ("frozen", "2024-01-01", ""))))
    worker = str(uuid.UUID(bytes=mine))
    told = typed(house, commands, "numbers list", worker, "--case", "K-1")
    assert "n=2  2024-01-01  frozen" in told.output, told.output
    assert CARD not in told.output
    assert person(1)["number"] not in told.output
    with house.db.read() as conn:
        assert [one.case_ref for one in of_worker(conn, mine)] == ["K-1"]

    which = ("--which", str(uuid.UUID(bytes=card_of(house, mine).identifier_id)))
    withdrawn = (worker, *which, "-n", "2", "--ground", "card-fact-wrong", *WHY)
    assert "已提出" in typed(house, commands, "numbers withdraw-event", *withdrawn).output
    decided(house, commands)
    other = house.people.find("resident-id", person(2)["number"])
    assert other is not None
    to = ("--to", str(uuid.UUID(bytes=other)), "--ground", "card-wrong-person", *WHY)
    assert "已提出" in typed(house, commands, "numbers reassign", worker, *which, *to).output
    decided(house, commands)
    assert house.people.find("card", CARD) == other
    assert [one.what for one in card_of(house, other).events] == ["issued", "social-activated"]


def test_what_cannot_be_is_refused_in_words(house: House, commands: CliRunner, mine: bytes) -> None:
    words = (str(uuid.UUID(bytes=mine)), "--kind", "resident-id")
    wrong = "640104199002159910"
    for ground, papers, number, told in (
        ("number-corrected", WHY, wrong, "号码不成立"),
        ("because", WHY, person(3)["number"], "没有这种依据"),
        ("number-corrected", ("--text", "x", "--paper", "zz"), person(3)["number"], "64 位"),
        ("number-corrected", ("--text", "x"), person(3)["number"], "至少一份材料"),
    ):
        refused = typed(house, commands, "numbers add", *words, "--ground", ground, *papers, asked=number)
        assert refused.exit_code != 0
        assert told in refused.output, refused.output
        assert number not in refused.output
    told_of = [
        typed(
            house, commands, "numbers add", *words, "--ground", "number-corrected", *WHY, asked=number
        ).output
        for number in (person(2)["number"], person(3)["number"])
    ]
    assert all("已提出" in one for one in told_of), "whoever has the number, the proposer is told the same"


def test_only_who_may_propose_does(house: House, commands: CliRunner, mine: bytes) -> None:
    words = (str(uuid.UUID(bytes=mine)), "--ground", "name-changed", *WHY)
    refused = typed(house, commands, "numbers rename", *words, asked="马·新名", by="demo-auditor")
    assert (refused.exit_code, "没有办理此事的岗位" in refused.output) == (1, True)
