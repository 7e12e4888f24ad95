"""`recordsvc centre` against the service itself: an institution answers, files, reads as its own client."""

import dataclasses
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from recordsvc import create_app
from recordsvc.access import registering
from recordsvc.access.registering import NewClient, NewKey
from recordsvc.archive import confirm, dispute_follower, disputes, notices
from recordsvc.cli import main
from recordsvc.ground import two_person
from recordsvc.house import House
from recordsvc.settings import Settings
from recordsvc.submit import centrecommands, keys, send
from tests.archive.paperfiles import pdf
from tests.archive.support import STATER, Centre, id_of, person, shown

HERE = "http://localhost"
Run = Callable[..., Result]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Plain http on this machine."""
    return dataclasses.replace(settings, public_url=HERE, issuer_url=HERE)


@pytest.fixture
def school(house: House) -> Centre:
    return Centre(house, 1)


@pytest.fixture
def run(house: House, school: Centre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command of the school's client, whose requests reach the service without a network."""
    jwk = keys.new_private_jwk("EdDSA", "login-1", house.random)
    public = keys.key_from_jwk(jwk).public_jwk()
    new = NewClient("centre", "学校", school.uscc, ("records:read", "records:write"), [NewKey(public)])
    proposal, client_id = house.db.write(
        lambda turn: registering.propose_client(turn, new, by="official:ann", random=house.random)
    )
    house.db.write(lambda turn: two_person.decide(turn, proposal, "official:bob", True, "checked"))
    file = tmp_path / "login.jwk"
    keys.write_private_jwk(file, jwk | {"client_id": client_id})
    transport = httpx.WSGITransport(app=create_app(house.settings, house))
    real = httpx.Client
    monkeypatch.setattr(send.httpx, "Client", lambda **_more: real(transport=transport))
    monkeypatch.setattr(centrecommands, "SystemClock", lambda: house.clock)

    def call(*words: str) -> Result:
        return CliRunner().invoke(main, ["centre", "--key", str(file), "--to", HERE, *words])

    return call


@pytest.fixture
def contested(house: House, school: Centre) -> tuple[bytes, bytes]:
    """A worker and the objection to a record of the school."""
    record = school.completion(person(1))
    school.enter(record)
    worker = school.worker_id(person(1))
    seen = shown(house, worker, uuid.UUID(id_of(record)).bytes)
    confirm.contest(house, worker, seen, "page", STATER, "wrong-result", "我得了 91 分")
    dispute_follower.follower(house).run()
    with house.db.read() as conn:
        (found,) = disputes.of_workers(conn, [worker])
    return worker, found.dispute_id


def one(house: House, dispute_id: bytes) -> Any:
    with house.db.read() as conn:
        found = disputes.find(conn, dispute_id)
    assert found is not None
    return found


def test_an_objection_is_read_asked_about_and_answered(
    house: House, run: Run, contested: tuple[bytes, bytes]
) -> None:
    dispute = str(uuid.UUID(bytes=contested[1]))
    assert dispute in run("objections").output
    told = run("objection", dispute)
    assert "我得了 91 分" in told.stdout, told.output
    told = run("say", dispute, "--text", "请出示成绩单")
    assert told.exit_code == 0, told.output
    without = run("answer", dispute, "--outcome", "upheld", "--text", "属实")
    assert without.exit_code == 5, "nothing was corrected"
    told = run("answer", dispute, "--outcome", "rejected", "--text", "成绩单为 86.5")
    assert told.exit_code == 0, told.output
    assert one(house, contested[1]).owner == "region"
    assert run("answer", dispute, "--outcome", "rejected", "--text", "再答").exit_code == 5


def test_another_institutions_objection_is_not_found(
    house: House, run: Run, contested: tuple[bytes, bytes]
) -> None:
    other = Centre(house, 2)
    record = other.completion(person(1), score="77.0")
    other.enter(record)
    seen = shown(house, contested[0], uuid.UUID(id_of(record)).bytes)
    confirm.contest(house, contested[0], seen, "page", STATER, "wrong-result", "不对")
    dispute_follower.follower(house).run()
    with house.db.read() as conn:
        found = disputes.of_workers(conn, [contested[0]])
    theirs = next(one for one in found if one.issuer == other.uscc)
    name = str(uuid.UUID(bytes=theirs.dispute_id))
    assert name not in run("objections").output
    for words in (("objection", name), ("answer", name, "--outcome", "rejected", "--text", "x")):
        told = run(*words)
        assert told.exit_code == 5
    assert one(house, theirs.dispute_id).owner == "issuer"


def test_papers_are_filed_listed_and_saved(run: Run, tmp_path: Path) -> None:
    file, saved = tmp_path / "许可证.pdf", tmp_path / "saved.pdf"
    file.write_bytes(pdf())
    told = run("paper-add", str(file), "--paper", "certificate-scan", "--title", "办学许可证")
    assert "已收存" in told.output, told.output
    paper = told.output.split("filed: ")[1].split()[0]
    assert f"{paper}  certificate-scan" in run("papers").output
    assert run("paper-save", paper, "--to", str(saved)).exit_code == 0
    assert saved.read_bytes() == pdf()
    assert saved.stat().st_mode & 0o777 == 0o600
    assert run("paper-save", paper, "--to", str(saved)).exit_code == 2
    file.write_bytes(b"<html>")
    assert run("paper-add", str(file), "--paper", "certificate-scan").exit_code == 5


def test_notices_are_listed_and_marked(house: House, school: Centre, run: Run) -> None:
    house.db.write(
        lambda turn: notices.tell_institution(
            turn, school.uscc, "objection-decided", {"case_id": str(uuid.UUID(int=7))}, "t/1"
        )
    )
    told = run("notices")
    assert "  new  " in told.output, told.output
    assert "1 条" in run("notices-read").output
    assert "  read  " in run("notices").output


def test_a_key_file_that_is_none_is_told_in_a_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "none.jwk").write_text("{}", "utf-8")
    told = CliRunner().invoke(main, ["centre", "--key", str(tmp_path / "none.jwk"), "--to", HERE, "papers"])
    assert told.exit_code == 2
    assert "Traceback" not in told.output
