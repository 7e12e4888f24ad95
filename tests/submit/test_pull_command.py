"""`recordsvc pull` against the service itself: killed anywhere it loses and doubles nothing."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from recordsvc import create_app
from recordsvc.access import clients, registering
from recordsvc.access.registering import NewClient, NewKey
from recordsvc.cli import main
from recordsvc.exports.following import Feeds
from recordsvc.exports.tables import export_ack, export_receiver
from recordsvc.ground import two_person
from recordsvc.ground.base64strict import b64u
from recordsvc.house import House
from recordsvc.settings import Settings
from recordsvc.submit import feedservice, keys, pullcommand, send
from tests.archive.support import Centre
from tests.exports.copies import agree, region_key
from tests.exports.test_feed import entered

HERE = "http://localhost"


class Killed(BaseException):
    """The machine went off here."""


@dataclasses.dataclass
class Partner:
    """A credit bank's machine: its settings, and the command."""

    house: House
    folder: Path
    config: Path
    client_id: str

    def run(self) -> Result:
        Feeds(self.house).run()
        return CliRunner().invoke(main, ["pull", "--config", str(self.config)])

    def items(self) -> list[dict[str, Any]]:
        """What counts in the folder: files up to the number in the state."""
        done = json.loads((self.folder / "state.json").read_bytes())["n"]
        found = []
        for file in sorted(self.folder.glob("items-*.ndjson")):
            if int(file.stem.removeprefix("items-")) <= done:
                found += [json.loads(line) for line in file.read_bytes().splitlines()[1:-1]]
        return found

    def set(self, **changes: Any) -> None:
        said = dict(line.split(" = ", 1) for line in self.config.read_text("utf-8").splitlines())
        said |= {name: json.dumps(value) for name, value in changes.items()}
        self.config.write_text("\n".join(f"{name} = {value}" for name, value in said.items()), "utf-8")

    def reached(self) -> int:
        with self.house.db.read() as conn:
            return conn.scalar(sa.select(export_receiver.c.reached)) or 0


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Plain http on this machine."""
    return dataclasses.replace(settings, public_url=HERE, issuer_url=HERE)


@pytest.fixture
def partner(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Partner:
    jwks = {name: keys.new_private_jwk("EdDSA", name, house.random) for name in ("login", "dpop")}
    public = keys.key_from_jwk(jwks["login"]).public_jwk()
    new = NewClient("credit-bank", "学分银行", None, ("exports",), [NewKey(public)])
    proposal, client_id = house.db.write(
        lambda turn: registering.propose_client(turn, new, by="official:ann", random=house.random)
    )
    house.db.write(lambda turn: two_person.decide(turn, proposal, "official:bob", True, "checked"))
    for name, jwk in jwks.items():
        keys.write_private_jwk(tmp_path / f"{name}.jwk", jwk)
    transport = httpx.WSGITransport(app=create_app(house.settings, house))
    real = httpx.Client
    monkeypatch.setattr(send.httpx, "Client", lambda **_more: real(transport=transport))
    monkeypatch.setattr(send, "ATTEMPTS", 1)
    monkeypatch.setattr(pullcommand, "SystemClock", lambda: house.clock)
    made = Partner(house, tmp_path / "feed", tmp_path / "pull.toml", client_id)
    made.config.write_text("", "utf-8")
    made.set(
        url=HERE,
        client_id=client_id,
        key="login.jwk",
        dpop_key="dpop.jwk",
        folder="feed",
        region_key=b64u(region_key(house).raw),
        batch=2,
    )
    return made


@pytest.fixture
def filled(house: House, partner: Partner) -> Partner:
    """Five items wait."""
    worker, records = entered(house, Centre(house, 1), 1, 5)
    agree(house, worker, *records, bank=partner.client_id)
    return partner


def test_one_command_takes_checks_keeps_and_acknowledges(filled: Partner) -> None:
    result = filled.run()
    assert (result.exit_code, result.stdout) == (0, "收到 5 条 / 5 items\n")
    assert [one["n"] for one in filled.items()] == [1, 2, 3, 4, 5]
    assert [file.name for file in sorted(filled.folder.glob("items-*"))] == [
        f"items-{n:012d}.ndjson" for n in (1, 3, 5)
    ]
    assert all("content" in one for one in filled.items())
    assert filled.reached() == 5
    assert filled.run().stdout == "收到 0 条 / 0 items\n"


@pytest.mark.parametrize(
    "where", ["after the file", "after the state", "before the answer", "after the answer"]
)
def test_a_run_that_is_killed_loses_nothing_and_doubles_nothing(
    filled: Partner, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    service, command = feedservice.FeedService, pullcommand
    writes, acknowledges = command.write_private, service.acknowledge

    def write(path: Path, data: bytes) -> None:
        writes(path, data)
        named = "after the state" if path.name == "state.json" else "after the file"
        if where == named:
            raise Killed

    def acknowledge(self: Any, body: bytes) -> Any:
        if where == "before the answer":
            raise Killed
        answer = acknowledges(self, body)
        if where == "after the answer":
            raise Killed
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(command, "write_private", write)
        patch.setattr(service, "acknowledge", acknowledge)
        with pytest.raises(Killed):
            filled.run()
    assert filled.run().exit_code == 0
    assert [one["n"] for one in filled.items()] == [1, 2, 3, 4, 5]
    assert filled.reached() == 5
    with filled.house.db.read() as conn:
        spans = conn.execute(sa.select(export_ack.c.from_n, export_ack.c.to_n).order_by(export_ack.c.n)).all()
    assert [tuple(one) for one in spans] == [(0, 2), (2, 4), (4, 5)]


@pytest.mark.parametrize("how", ["another key", "a line", "a line less", "torn", "another batch"])
def test_a_batch_that_is_not_what_its_manifest_says_is_not_kept(
    filled: Partner, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    real = feedservice.FeedService.items

    def items(self: Any, cursor: str, limit: int) -> bytes:
        lines = real(self, cursor, limit).splitlines(keepends=True)
        if how == "a line":
            lines[1] = lines[1].replace(b'"passed"', b'"failed"')
        elif how == "a line less":
            del lines[1]
        elif how == "torn":
            del lines[-1]
        elif how == "another batch":
            return (
                real(self, "", 1) if cursor else real(self, "", limit).replace(b'"from":"', b'"from":"A', 1)
            )
        return b"".join(lines)

    monkeypatch.setattr(feedservice.FeedService, "items", items)
    if how == "another key":
        filled.set(region_key=b64u(bytes(range(32))))
    result = filled.run()
    assert result.exit_code == 6, result.output
    assert list(filled.folder.glob("items-*")) == []
    assert not (filled.folder / "state.json").exists()
    assert filled.reached() == 0


def test_two_runs_do_not_meet(filled: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    inner: list[Result] = []
    real = feedservice.FeedService.items

    def items(self: Any, cursor: str, limit: int) -> bytes:
        if not inner:
            inner.append(filled.run())
        return real(self, cursor, limit)

    monkeypatch.setattr(feedservice.FeedService, "items", items)
    assert filled.run().exit_code == 0
    assert (inner[0].exit_code, len(filled.items())) == (4, 5)


def test_each_end_has_its_exit_code(filled: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.set(batch=0)
    assert filled.run().exit_code == 2
    filled.set(batch=2, key="missing.jwk")
    assert filled.run().exit_code == 2
    filled.set(key="login.jwk")

    def away(*_arguments: Any, **_more: Any) -> httpx.Response:
        raise httpx.ConnectError("away")

    with monkeypatch.context() as patch:
        patch.setattr(httpx.WSGITransport, "handle_request", away)
        assert filled.run().exit_code == 3
    filled.house.db.write(
        lambda turn: clients.suspend(turn, filled.client_id, by="official:ann", reason="leak")
    )
    assert filled.run().exit_code == 5


def test_a_batch_that_the_service_does_not_know_ends_with_a_code_of_its_own(filled: Partner) -> None:
    assert filled.run().exit_code == 0
    state = json.loads((filled.folder / "state.json").read_bytes())
    start = filled.items()
    said = {
        "ack_id": "pull-wrong",
        "count": 9,
        "from": state["cursor"],
        "root": "0" * 64,
        "to": state["cursor"],
    }
    (filled.folder / "state.json").write_text(json.dumps(state | {"ack": said}))
    result = filled.run()
    assert (result.exit_code, filled.items()) == (7, start)
    assert "待核" in result.output


def test_a_clock_that_is_wrong_goes_on_with_a_nonce(filled: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    class Late:
        def now_ms(self) -> int:
            return filled.house.clock.now_ms() - 8_000

    monkeypatch.setattr(pullcommand, "SystemClock", Late)
    assert filled.run().exit_code == 0
