"""Backups that are taken while centres post: whole, of one instant, and good for a service that answers."""

import dataclasses
import os
import random
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from recordsvc import anchor, backup, create_app, fsck
from recordsvc.anchor import DatabaseBehind
from recordsvc.archive.contradiction import Verdict, compare
from recordsvc.ground.privileges import APPLICATION_ROLE, OWNER_ROLE
from recordsvc.house import House, open_house
from recordsvc.settings import Settings
from recordsvc.submit import sign
from tests.conftest import ROLES
from tests.faults.processes import ROOT, Installation, Load, Sent, ask
from tests.postgresql import PostgresServer, installed_programs

pytestmark = pytest.mark.long
CLIENTS = 3
BACKUPS = 3
ASKED = 40
PATIENCE_S = 120
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture
def server(dialect: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresServer | None]:
    if dialect == "sqlite":
        yield None
        return
    # pg_dump of the version of the tests' server: an older one refuses it.
    monkeypatch.setenv("PATH", str(installed_programs()), prepend=os.pathsep)
    with PostgresServer() as running:
        for name in ("served", *(f"restored{n}" for n in range(BACKUPS + 1))):
            running.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
            running.execute(ROLES.read_text("utf-8"), database=name)
        yield running


def urls(server: PostgresServer | None, name: str) -> tuple[str, str]:
    return (server.url(name, APPLICATION_ROLE), server.url(name, OWNER_ROLE)) if server else ("", "")


@pytest.fixture
def place(server: PostgresServer | None, tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path / "data", *urls(server, "served"))
    yield made
    made.kill()


@dataclasses.dataclass
class Taken:
    """A backup, the log's size before and after it was asked for, and what had been acknowledged before."""

    folder: Path
    before: int
    after: int
    receipts: dict[str, str]


def size(place: Installation) -> int:
    return int(ask(place.port, "GET", "/log/checkpoint").body.split(b"\n")[1])


def take(place: Installation, out: Path, acknowledged: list[Sent]) -> Taken:
    """Type the command that the timer of `deploy/systemd` runs."""
    receipts = {name: text for sent in acknowledged for name, text in sent.receipts.items()}
    before, known = size(place), set(out.iterdir()) if out.exists() else set()
    done = subprocess.run(
        [sys.executable, "-m", "recordsvc", "backup", str(out)],
        check=False, env=place.environ, cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (folder,) = set(out.iterdir()) - known
    return Taken(folder, before, size(place), receipts)


def elsewhere(place: Installation, server: PostgresServer | None, folder: Path, n: int) -> Settings:
    """The same installation on another machine: its keys are there, its database is not."""
    folder.mkdir(mode=0o700)
    shutil.copytree(place.settings.keys_dir, folder / "keys")
    own, owner = urls(server, f"restored{n}")
    return dataclasses.replace(place.settings, data_dir=folder, database_url=own, owner_database_url=owner)


def test_a_backup_under_load_is_whole_and_answers(
    place: Installation, server: PostgresServer | None, tmp_path: Path
) -> None:
    place.start()
    taken, acknowledged = [], []
    with Load(place, random.Random(11), CLIENTS) as load:
        for _ in range(BACKUPS):
            until = size(place) + 30
            while size(place) < until:
                time.sleep(0.05)
            acknowledged += [sent for sent in load.all() if sent.acknowledged_s]
            taken.append(take(place, tmp_path / "out", list(acknowledged)))
    assert len({one.folder for one in taken}) == BACKUPS
    until_witnessed(place, taken[1].before)
    stays_refused(elsewhere(place, server, tmp_path / "early", 0), taken[0].folder)
    place.kill()
    for n, one in enumerate(taken, start=1):
        manifest = backup.check(one.folder)
        # Nothing acknowledged before is missing, nothing is in it that was not yet: one instant of the log.
        assert one.before <= manifest["size"] <= one.after
        settings = elsewhere(place, server, tmp_path / f"elsewhere{n}", n)
        assert backup.restore(settings, one.folder) == manifest
        restored = open_house(settings)
        try:
            backup.compare(restored, manifest)
            report = fsck.fsck(restored, offline=True)
            assert report.finding is None, report.finding
            continues(place, restored, manifest["size"])
            answers(place, restored, one.receipts)
        finally:
            restored.close()
    # Writers went on meanwhile: otherwise this was a backup of a service at rest.
    assert all(one.after > one.before for one in taken)


def until_witnessed(place: Installation, least: int) -> None:
    """Wait until the witness knows a log of at least so many entries."""
    deadline = time.monotonic() + PATIENCE_S
    with place.house() as house:
        while True:
            with house.db.read() as conn:
                if house.log.cosigned(conn, least)[1]:
                    return
            assert time.monotonic() < deadline, place.output()
            time.sleep(0.1)


def stays_refused(settings: Settings, folder: Path) -> None:
    """While a witness tells of a later log, the older copy is no service: it would fork its own log."""
    backup.restore(settings, folder)
    restored = open_house(settings)
    try:
        with pytest.raises(DatabaseBehind):
            create_app(settings, restored)
    finally:
        restored.close()


def continues(place: Installation, restored: House, at: int) -> None:
    """The running log grew from the restored one."""
    with place.house() as house, house.db.read() as conn, restored.db.read() as older:
        newest = house.log.newest(conn)
        assert newest.size > at
        assert house.log.reader(conn, at).root() == restored.log.newest(older).root


def answers(place: Installation, restored: House, receipts: dict[str, str]) -> None:
    """Every receipt that somebody held when the backup began is good; some are asked for at the door."""
    assert receipts
    with restored.db.read() as conn:
        for text in receipts.values():
            found = compare(restored.log, anchor.log_keys(restored), conn, text.encode())
            assert found.verdict is Verdict.CONTINUED
    client, host = create_app(restored.settings, restored).test_client(), place.settings.public_url
    media = {"Authorization": f"Bearer {token(place, client)}"}
    for record_id, text in list(receipts.items())[:: max(1, len(receipts) // ASKED)]:
        told = client.get(f"/v1/records/{record_id}/receipt", headers=media, base_url=host)
        assert (told.status_code, told.text) == (200, text)


def token(place: Installation, client: FlaskClient) -> str:
    centre, issuer = place.centre, place.settings.issuer_url
    said = sign.client_assertion(
        centre.machine, centre.client_id, issuer, now_s=int(time.time()), jti=uuid.uuid4().hex
    )
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION,
        "client_assertion": said,
    }
    answer = client.post("/oauth/token", data=form, base_url=place.settings.public_url)
    assert answer.status_code == 200, answer.text
    return str(answer.json["access_token"])  # type: ignore[index]  # a JSON object
