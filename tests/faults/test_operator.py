"""An operator who holds every key of the service rewrites history and signs it anew: others know better.

The database is then consistent in itself, and nobody who sees only it can tell. The checkpoint kept outside,
the witness, and any old receipt each can.
"""

import contextlib
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.engine import Connection, make_url

from recordsvc import anchor, create_app, starting
from recordsvc.anchor import DatabaseBehind
from recordsvc.archive.contradiction import Verdict, compare
from recordsvc.fsck import fsck
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House, open_house
from recordsvc.logcommands import log as log_command
from recordsvc.translog.note import NoteKey
from recordsvc.translog.witness import WitnessAhead, WitnessContradiction
from recordsvc.witnesses import Witnesses, WitnessForgot
from tests.archive.support import Centre, person, receipts
from tests.faults.owner import entry_of, forget, owning, rewrite, statement
from tests.faults.region import STATEMENTS, addresses, begin, fill, settings_in
from tests.postgresql import PostgresServer
from tests.witness.process import WitnessProcess
from witness.__main__ import add_log, init

WORKERS = 18
"""More than one full tile, and few people."""


@dataclass
class Scene:
    """A service whose checkpoints a witness has cosigned, and a receipt that somebody kept."""

    house: House
    clock: FixedClock
    owner: str
    centre: Centre
    receipt: bytes

    def again(self) -> House:
        """The service after a restart: nothing remembered in memory."""
        self.house.close()
        self.house = self.centre.house = open_house(self.house.settings, self.clock, self.house.random)
        return self.house

    def rewrite(self) -> int:
        """Turn a worker's contest into a confirmation, in every place that knows of it; the log index."""
        house = self.house
        worker_id = self.centre.worker_id(person(3))
        seq = entry_of(house, worker_id, "contest")
        with self.owned() as conn:
            body = statement(conn, house, worker_id, seq)["body"]
            assert body["reason"] == "never-attended"
            said = {"channel": "page", "confirms": body["contests"]}
            return rewrite(conn, house, worker_id, seq, {"type": "confirmation", "body": said})

    @contextlib.contextmanager
    def owned(self) -> Iterator[Connection]:
        """The database in the hands of its owner; what they do stays."""
        database = Database(self.owner, pool_size=1)
        with contextlib.closing(database), owning(database, keep=True) as conn:
            yield conn

    def grow(self) -> None:
        """More records enter, honestly."""
        self.clock.advance(1_000)
        self.centre.enter(*(self.centre.completion(person(n)) for n in range(WORKERS)))


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[WitnessProcess]:
    store = tmp_path / "witness"
    init(store, "witness.example/w1")
    process = WitnessProcess(store).start()
    yield process
    process.kill()


@pytest.fixture
def scene(
    dialect: str, request: pytest.FixtureRequest, tmp_path: Path, witness: WitnessProcess
) -> Iterator[Scene]:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    application, owner = addresses(dialect, request, folder)
    vkey = init(witness.store, "witness.example/w1").vkey
    settings = settings_in(
        folder, application, owner, witness_urls=(witness.url,), witness_keys=(NoteKey.parse(vkey).vkey(),)
    )
    clock = FixedClock()
    house = begin(settings, clock)
    add_log(witness.store, anchor.log_key(house).vkey(), None)
    centre = fill(house, clock)
    receipt = receipts(centre.send([centre.completion(person(0))]))[0].encode()
    assert Witnesses(house).cosign() == 1
    anchor.keep(house)
    made = Scene(house, clock, owner, centre, receipt)
    yield made
    made.house.close()


def verdict(house: House, receipt: bytes) -> Verdict:
    with house.db.read() as conn:
        return compare(house.log, anchor.log_key(house), conn, receipt).verdict


def test_an_honest_log_continues_everything(scene: Scene) -> None:
    scene.grow()
    house = scene.again()

    anchor.check(house)
    Witnesses(house).check()
    assert Witnesses(house).cosign() == 1
    report = fsck(house)
    assert report.finding is None
    assert report.counts["cosignatures"] == 2
    assert verdict(house, scene.receipt) is Verdict.CONTINUED


@pytest.mark.parametrize("grown", [False, True], ids=["same size", "larger"])
def test_a_rewritten_entry_is_named_by_all_who_remember(scene: Scene, grown: bool) -> None:
    index = scene.rewrite()
    house = scene.again()
    if grown:
        scene.grow()

    # Nobody who sees only the database can tell …
    alone = replace(
        house, settings=replace(house.settings, witness_urls=(), witness_keys=(), data_dir=elsewhere(house))
    )
    alone.objects = house.objects  # the papers' files are not what was rewritten
    assert fsck(alone).finding is None
    # … the witness refuses, at every try and at the start,
    with pytest.raises(WitnessContradiction):
        Witnesses(house).cosign()
    with pytest.raises(DatabaseBehind, match=r"witness.*entries were changed"):
        Witnesses(house).check()
    # the start refuses by the checkpoint kept outside,
    with pytest.raises(DatabaseBehind, match="entries were changed"):
        anchor.check(house)
    # fsck names it by each of the two,
    finding = fsck(house, offline=True).finding
    assert finding is not None
    assert "kept outside the database" in finding.where
    house.settings.anchor_path.unlink()
    finding = fsck(house).finding
    assert finding is not None
    assert "the witness witness.example/w1" in finding.where
    assert "log_entry" in finding.where
    # and an old receipt, whatever entry it is of, convicts.
    assert verdict(house, scene.receipt) is Verdict.REWRITTEN
    assert index < STATEMENTS + 320


def elsewhere(house: House) -> Path:
    """A folder without the outside checkpoint."""
    folder = house.settings.data_dir.parent / "elsewhere"
    folder.mkdir(exist_ok=True)
    return folder


class Nobody(BaseHTTPRequestHandler):
    """Answers 404, as this service itself does, and a witness that never heard of the log."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def nobody() -> Iterator[str]:
    """The address of a server that is no witness of this log."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Nobody)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_witness_that_does_not_know_what_it_cosigned_is_no_agreement(scene: Scene, nobody: str) -> None:
    """Another's address behind the setting, or a witness that lost its memory."""
    house = scene.again()
    house.settings = replace(house.settings, witness_urls=(nobody,))

    with pytest.raises(WitnessForgot, match=r"witness.example/w1 does not know this log"):
        Witnesses(house).check()
    finding = fsck(house).finding
    assert finding is not None
    assert "log_cosignature" in finding.where
    assert "the witness witness.example/w1" in finding.where
    assert fsck(house, offline=True).finding is None


def test_a_witness_that_never_cosigned_may_not_know_the_log(
    scene: Scene, nobody: str, witness: WitnessProcess, tmp_path: Path
) -> None:
    """A new witness, also one under an earlier one's name: its key is another."""
    other = init(tmp_path / "renewed", "witness.example/w1").vkey
    house = scene.again()
    house.settings = replace(house.settings, witness_urls=(nobody,), witness_keys=(other,))

    Witnesses(house).check()
    assert fsck(house).finding is None


def test_a_checkpoint_that_is_not_kept_outside_is_told(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    house = scene.again()
    starting.check(house)
    assert "anchor-missing" not in capsys.readouterr().err
    house.settings.anchor_path.unlink()

    starting.check(house)
    assert "anchor-missing" in capsys.readouterr().err
    app = create_app(house.settings, house)
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["failing"]) == (503, ["log"])
    assert anchor.keep(house)
    assert app.test_client().get("/readyz").status_code == 200


def test_newest_entries_taken_away_are_named(scene: Scene) -> None:
    with scene.house.db.read() as conn:
        size = scene.house.log.newest(conn).size
    with scene.owned() as conn:
        forget(conn, scene.house, size - 1)
    house = scene.again()

    alone = replace(
        house, settings=replace(house.settings, witness_urls=(), witness_keys=(), data_dir=elsewhere(house))
    )
    alone.objects = house.objects  # the papers' files are not what was rewritten
    assert fsck(alone).finding is None
    with pytest.raises(WitnessAhead):
        Witnesses(house).cosign()
    with pytest.raises(DatabaseBehind, match="an old copy was restored"):
        Witnesses(house).check()
    with pytest.raises(DatabaseBehind, match="an old copy was restored"):
        anchor.check(house)
    assert fsck(house, offline=True).finding is not None
    assert verdict(house, scene.receipt) is Verdict.SHORTENED


def test_a_log_that_forgot_and_grew_again_is_named(scene: Scene) -> None:
    with scene.house.db.read() as conn:
        size = scene.house.log.newest(conn).size
    with scene.owned() as conn:
        forget(conn, scene.house, size - 1)
    house = scene.again()
    scene.grow()

    with pytest.raises(WitnessContradiction):
        Witnesses(house).cosign()
    with pytest.raises(DatabaseBehind, match="entries were changed"):
        anchor.check(house)
    assert fsck(house).finding is not None
    assert verdict(house, scene.receipt) is Verdict.REWRITTEN


def test_a_restored_old_copy_is_refused(scene: Scene, request: pytest.FixtureRequest) -> None:
    """Not fraud, an accident: the backup of yesterday in the place of the database of today."""
    scene.house.close()
    restore = copy_of(scene, request)
    house = scene.again()
    scene.grow()
    Witnesses(house).cosign()
    anchor.keep(house)
    house.close()
    restore()
    house = scene.again()

    with pytest.raises(DatabaseBehind, match="an old copy was restored"):
        anchor.check(house)
    with pytest.raises(DatabaseBehind, match="an old copy was restored"):
        Witnesses(house).check()
    finding = fsck(house).finding
    assert finding is not None
    assert "an old copy was restored" in finding.what_en


def copy_of(scene: Scene, request: pytest.FixtureRequest):
    """Copy the closed database; what is returned puts the copy back."""
    if scene.owner.startswith("sqlite"):
        path = scene.house.settings.data_dir / "recordsvc.db"
        shutil.copy(path, path.with_suffix(".old"))

        def back() -> None:
            for name in ("recordsvc.db-wal", "recordsvc.db-shm"):
                path.with_name(name).unlink(missing_ok=True)
            shutil.copy(path.with_suffix(".old"), path)

        return back
    server: PostgresServer = request.getfixturevalue("postgresql")
    name = make_url(scene.owner).database
    server.execute(f"CREATE DATABASE {name}_old TEMPLATE {name}")

    def back_on_postgresql() -> None:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)", f"ALTER DATABASE {name}_old RENAME TO {name}")

    return back_on_postgresql


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_the_command_tells_fraud_from_a_file_that_proves_nothing(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = scene.house.settings
    for name in ("environment", "data_dir", "log_origin", "audience", "region", "issuer_url", "public_url"):
        monkeypatch.setenv(f"RECORDSVC_{name.upper()}", str(getattr(settings, name)))
    receipt = tmp_path / "receipt"
    receipt.write_bytes(scene.receipt)
    other = tmp_path / "other"
    other.write_bytes(scene.receipt.replace(b"\nindex ", b"\nindex 1"))

    honest = CliRunner().invoke(log_command, ["check-receipt", str(receipt)])
    nothing = CliRunner().invoke(log_command, ["check-receipt", str(other)])
    scene.rewrite()
    fraud = CliRunner().invoke(log_command, ["check-receipt", str(receipt)])

    assert (honest.exit_code, nothing.exit_code, fraud.exit_code) == (0, 2, 1)
    assert "欺诈" in fraud.output
    assert "FRAUD" in fraud.output
