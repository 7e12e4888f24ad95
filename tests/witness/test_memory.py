"""The witness in hand: its clock, its memory, its key file, and a model of the whole protocol."""

import shutil
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordsvc.translog.checkpoint import open_checkpoint
from recordsvc.translog.note import NoteKey
from recordsvc.translog.tree import EMPTY_ROOT, root
from tests.translog import naive
from tests.witness.conftest import NAME
from tests.witness.logs import FORK, LEAVES, LOG, grow, note, request
from tests.witness.process import run
from witness import keyfile, merkle
from witness.__main__ import add_log, init
from witness.cosign import CLOCK_TOLERANCE_SECONDS, Witness
from witness.keyfile import KeyFileError
from witness.store import MAX_REFUSED, Store, StoreError

START = 1_700_000_000
FORKED_AT = 3
"""Trees of the test log and of its fork differ from this size on."""


class Hands:
    """A witness with a clock that the test sets."""

    def __init__(self, folder: Path) -> None:
        self.cosigner = keyfile.load(folder)
        self.store = Store(folder, self.cosigner.vkey)
        self.time = START
        self.witness = Witness(self.cosigner, self.store, lambda: self.time)

    def submit(self, body: str) -> tuple[int, str]:
        answer = self.witness.add_checkpoint(body.encode())
        return int(answer.status), answer.body

    def cosigned_at(self, size: int, body: str) -> int:
        code, line = self.submit(body)
        assert code == 200
        key = NoteKey.parse(self.cosigner.vkey)
        return open_checkpoint(note(size) + line, LOG.key, [key], 1).cosigned[key.name]


@pytest.fixture
def hands(store: Path):
    hands = Hands(store)
    yield hands
    hands.store.close()


def test_cosignature_times_never_go_backwards(hands: Hands):
    assert hands.cosigned_at(3, grow(0, 3)) == START
    hands.time = START - CLOCK_TOLERANCE_SECONDS
    assert hands.cosigned_at(3, grow(3, 3)) == START
    assert hands.cosigned_at(5, grow(3, 5)) == START
    hands.time = START + 7
    assert hands.cosigned_at(5, grow(5, 5)) == START + 7


def test_a_clock_far_behind_stops_cosigning_until_it_is_right_again(hands: Hands):
    hands.cosigned_at(3, grow(0, 3))
    hands.time = START - CLOCK_TOLERANCE_SECONDS - 1

    assert hands.submit(grow(3, 5))[0] == 503
    assert hands.store.head(LOG.key.name).size == 3
    hands.time = START
    assert hands.cosigned_at(5, grow(3, 5)) == START


def test_the_time_of_one_log_does_not_bind_another(hands: Hands, store: Path):
    other = type(LOG).from_seed("other.example/log", b"o" * 32)
    add_log(store, other.key.vkey(), None)
    hands.time = START + 1_000
    hands.cosigned_at(3, grow(0, 3))
    hands.time = START

    assert hands.submit(grow(0, 3, log=other))[0] == 200


def test_refused_checkpoints_are_kept_as_evidence(hands: Hands, store: Path):
    hands.submit(grow(0, 100))
    for _ in range(2):
        hands.submit(request(100, note(100, FORK)))
    hands.submit(grow(100, 120, FORK))
    hands.submit(grow(100, 99))  # 400: no evidence of anything
    hands.submit(request(100, note(120, FORK, log=type(LOG).from_seed(LOG.key.name, b"x" * 32))))  # 403

    kept = hands.store.refused()
    assert [(item.origin, item.size, item.known_size) for item in kept] == [
        (LOG.key.name, 100, 100),
        (LOG.key.name, 120, 100),
    ]
    assert open_checkpoint(kept[0].note, LOG.key).checkpoint.root == root(FORK[:100])
    said = run("status", "--store", store).stdout
    assert f"REFUSED {LOG.key.name}: size 100" in said


def test_evidence_is_bounded(hands: Hands, monkeypatch: pytest.MonkeyPatch):
    assert MAX_REFUSED == 1_000
    monkeypatch.setattr("witness.store.MAX_REFUSED", 2)
    hands.submit(grow(0, 50))
    for size in (51, 52, 53, 54):
        assert hands.submit(grow(50, size, FORK))[0] == 422

    assert [item.size for item in hands.store.refused()] == [51, 52]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE head SET size = size - 1",
        "UPDATE head SET at = at - 1",
        "UPDATE head SET root = zeroblob(32)",
        "DELETE FROM head",
        "UPDATE head SET root = x'00'",
        "UPDATE head SET size = 'many'",
    ],
)
def test_the_memory_itself_refuses_to_go_back(hands: Hands, store: Path, sql: str):
    hands.submit(grow(0, 5))
    with sqlite3.connect(store / "witness.db") as raw, pytest.raises(sqlite3.IntegrityError):
        raw.execute(sql)
    raw.close()


def test_an_answer_that_cannot_be_stored_is_not_given(hands: Hands, store: Path):
    """A full disk, here an obstinate trigger: the request fails and the memory is as before."""
    hands.submit(grow(0, 5))
    raw = sqlite3.connect(store / "witness.db")
    raw.execute("CREATE TRIGGER full BEFORE UPDATE ON head BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    raw.close()

    with pytest.raises(sqlite3.Error):
        hands.submit(grow(5, 6))
    assert hands.store.head(LOG.key.name).size == 5


def test_the_memory_is_synchronous(hands: Hands):
    assert hands.store._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert hands.store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@settings(max_examples=40)
@given(st.data())
def test_any_sequence_of_requests_leaves_one_growing_history(data: st.DataObject):
    """A plain model: the size known. Honest and forked checkpoints with right, wrong and stale old sizes."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / "w"
        init(folder, NAME)
        add_log(folder, LOG.key.vkey(), None)
        hands = Hands(folder)
        known, known_root, branch = 0, EMPTY_ROOT, LEAVES
        for _ in range(data.draw(st.integers(1, 12), label="requests")):
            size = data.draw(st.integers(0, 40), label="size")
            old = data.draw(st.one_of(st.just(known), st.integers(0, 40)), label="old")
            leaves = data.draw(st.sampled_from([LEAVES, FORK]), label="leaves")
            hands.time += data.draw(st.integers(0, 30), label="seconds")
            code, body = hands.submit(grow(old, size, leaves))
            if old > size:
                assert code == 400
            elif old != known:
                assert (code, body) == (409, f"{known}\n")
            elif known >= FORKED_AT and leaves is not branch:
                assert code == 422
            else:
                assert code == 200
                known, known_root, branch = size, root(leaves[:size]), leaves
            head = hands.store.head(LOG.key.name)
            assert (head.size, head.root) == (known, known_root) if head else known == 0
        hands.store.close()


@given(st.integers(1, 200), st.data())
def test_the_witness_checks_consistency_like_the_recursive_model(size: int, data: st.DataObject):
    old = data.draw(st.integers(1, size))
    proof = naive.proof(old, LEAVES[:size])
    roots = naive.mth(LEAVES[:old]), naive.mth(LEAVES[:size])

    assert merkle.continues(old, roots[0], size, roots[1], proof)
    assert not merkle.continues(old, bytes(32), size, roots[1], proof)
    assert not merkle.continues(old, roots[0], size, bytes(32), proof)
    assert not merkle.continues(old, roots[0], size, roots[1], [*proof, bytes(32)])
    assert not merkle.continues(old, roots[0], size, roots[1], [bytes(32), *proof])
    for at in range(len(proof)):
        assert not merkle.continues(old, roots[0], size, roots[1], [*proof[:at], bytes(32), *proof[at + 1 :]])
        assert not merkle.continues(old, roots[0], size, roots[1], proof[:at] + proof[at + 1 :])


# -- the key file
# --------------------------------------------------------------------------------------------------


def test_a_key_that_others_can_read_is_refused(store: Path):
    for mode in (0o640, 0o604, 0o620, 0o601):
        (store / "witness.key").chmod(mode)
        with pytest.raises(KeyFileError, match=f"mode {mode:o}"):
            keyfile.load(store)
    (store / "witness.key").chmod(0o400)
    assert keyfile.load(store).name == NAME


def test_a_torn_or_changed_key_is_refused(store: Path):
    file = store / "witness.key"
    whole = file.read_bytes()
    for cut in range(len(whole)):
        file.write_bytes(whole[:cut])
        with pytest.raises(KeyFileError):
            keyfile.load(store)
    for at in range(len(whole)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        with pytest.raises(KeyFileError):
            keyfile.load(store)
    file.write_bytes(whole + b"\n")
    with pytest.raises(KeyFileError):
        keyfile.load(store)


def test_a_key_behind_a_link_or_in_a_folder_is_refused(store: Path, tmp_path: Path):
    file = store / "witness.key"
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyFileError, match="plain file"):
        keyfile.load(store)
    file.unlink()
    file.mkdir()
    with pytest.raises(KeyFileError, match="plain file"):
        keyfile.load(store)


@pytest.mark.parametrize("command", ["serve", "vkey", "status"])
def test_a_refused_key_stops_every_command_and_is_not_shown(store: Path, command: str):
    file = store / "witness.key"
    secret = file.read_text().splitlines()[1]
    file.chmod(0o644)
    answer = run(command, "--store", store, *(("--port", "0") if command == "serve" else ()))

    assert answer.returncode == 2
    assert "open to others" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert secret not in answer.stdout + answer.stderr


# -- key and memory belong together
# --------------------------------------------------------------------------------


def test_a_witness_without_its_memory_does_not_start(store: Path):
    (store / "witness.db").unlink()
    for command in (("serve", "--port", "0"), ("init", "--name", NAME), ("status",)):
        answer = run(*command, "--store", store)
        assert answer.returncode == 2
        assert "missing" in answer.stderr
    assert not (store / "witness.db").exists()


def test_another_witness_memory_is_refused(store: Path, tmp_path: Path):
    other = tmp_path / "other"
    init(other, NAME)
    shutil.copy(other / "witness.db", store / "witness.db")
    with pytest.raises(StoreError, match="another key"):
        Store(store, keyfile.load(store).vkey)


def test_a_memory_without_its_key_is_not_overwritten(store: Path):
    (store / "witness.key").unlink()
    before = (store / "witness.db").read_bytes()
    with pytest.raises(StoreError, match="its key is not"):
        init(store, NAME)
    assert (store / "witness.db").read_bytes() == before


def test_a_key_is_never_replaced(store: Path):
    with pytest.raises(FileExistsError):
        keyfile.write(store, keyfile.generate(NAME)[1])
    with pytest.raises(StoreError, match="one name, one key"):
        init(store, "witness.example/renamed")
    assert {path.name for path in store.iterdir()} == {"witness.key", "witness.db"}


@pytest.mark.parametrize("damage", ["cut", "garbage", "rollback-journal"])
def test_a_damaged_memory_is_refused(store: Path, damage: str):
    file = store / "witness.db"
    if damage == "rollback-journal":
        raw = sqlite3.connect(file)
        raw.execute("PRAGMA journal_mode = DELETE")
        raw.close()
    else:
        file.write_bytes(file.read_bytes()[:5000] if damage == "cut" else b"no database" * 1000)
    with pytest.raises(StoreError):
        Store(store, keyfile.load(store).vkey)


@pytest.mark.parametrize(
    "vkey",
    ["", "name", "a+b+c", LOG.key.vkey()[:-1], LOG.key.vkey().replace("records", "other"), "witness"],
)
def test_only_a_logs_key_can_be_added(store: Path, vkey: str):
    text = keyfile.load(store).vkey if vkey == "witness" else vkey
    answer = run("add-log", "--store", store, "--", text)

    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("name", ["", "with space", "with+plus", "with\nnewline", "with\u3000space"])
def test_a_witness_name_can_stand_in_a_note(tmp_path: Path, name: str):
    answer = run("init", "--store", tmp_path / "w", "--name", name)

    assert answer.returncode == 2
    assert not (tmp_path / "w" / "witness.key").exists()
