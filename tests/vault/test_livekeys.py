"""Keys change under a running process: it sees the new ones, and refuses a folder that became doubtful."""

import threading
from pathlib import Path

import pytest

from recordsvc.vault import keyfile, keyfolder
from recordsvc.vault.keyfile import KeyFileError
from recordsvc.vault.keyfolder import (
    MANIFEST,
    add_version,
    create_keys,
    destroy_dropped,
    drop_version,
    open_keys,
    read_manifest,
)
from recordsvc.vault.keystore import FIRST_KEYS, KeyUseError, id_of, is_id, name_of, version_of
from recordsvc.vault.livekeys import LiveKeys


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.mark.parametrize("key_id", ["token", "token-2", "pepper-1", "pepper-12"])
def test_an_id_is_its_name_and_version(key_id: str):
    assert id_of(name_of(key_id), version_of(key_id)) == key_id
    assert is_id(key_id)


@pytest.mark.parametrize("text", ["token-1", "pepper", "token-02", "../token", "token-0", ""])
def test_an_id_has_one_spelling(text: str):
    assert not is_id(text)


def test_a_running_process_wraps_under_the_new_key_and_opens_what_both_wrapped(folder: Path):
    running = LiveKeys(folder)
    older = running.wrap(b"d" * 32, b"worker")
    add_version(folder, "master", "holding")
    newer = running.wrap(b"d" * 32, b"worker")
    assert (len(older), len(newer), newer[:2]) == (60, 62, b"\0\2")
    assert running.unwrap(older, b"worker") == running.unwrap(newer, b"worker") == b"d" * 32


def test_a_process_that_never_asked_opens_what_another_wrapped_under_a_new_key(folder: Path):
    running = LiveKeys(folder)
    add_version(folder, "master", "holding")
    wrapped = open_keys(folder).wrap(b"d" * 32, b"worker")
    assert running.unwrap(wrapped, b"worker") == b"d" * 32


def test_a_wrapped_key_of_another_version_does_not_open(folder: Path):
    add_version(folder, "master", "holding")
    keys = open_keys(folder)
    wrapped = keys.wrap(b"d" * 32, b"worker")
    for forged in (wrapped[2:], b"\0\1" + wrapped[2:], b"\0\3" + wrapped[2:], b"\0\0" + wrapped[2:]):
        with pytest.raises(KeyUseError):
            keys.unwrap(forged, b"worker")


def test_the_epoch_grows_with_each_change_and_is_there_before_the_key_is_used(folder: Path):
    running = LiveKeys(folder)
    assert running.epoch == 0
    add_version(folder, "pepper")
    assert (running.epoch, [version for version, _tag in running.blind(b"n")]) == (1, [1, 2])
    drop_version(folder, "pepper-1")
    assert (running.epoch, [version for version, _tag in running.blind(b"n")]) == (2, [2])


def test_a_retired_signing_key_leaves_its_public_half(folder: Path):
    running = LiveKeys(folder)
    old = running.public("log")
    add_version(folder, "log", now_ms=5)
    assert running.made_ms("log-2") == 5
    drop_version(folder, "log", now_ms=9)
    assert running.versions("log") == ("log-2",)
    assert [(one.key_id, one.public, one.ended_ms) for one in running.retired("log")] == [("log", old, 9)]
    with pytest.raises(KeyUseError):
        running.sign("log", b"data")
    assert add_version(folder, "log") == ["log-3"]


def test_several_names_change_in_one_step(folder: Path):
    assert add_version(folder, "master", "holding") == ["master-2", "holding-2"]
    assert read_manifest(folder).epoch == 1


def test_the_newest_version_is_never_dropped(folder: Path):
    before = (folder / MANIFEST).read_bytes()
    for key_id in ("token", "token-2", "dedupe"):
        with pytest.raises(KeyFileError, match="nothing was dropped"):
            drop_version(folder, key_id)
    assert (folder / MANIFEST).read_bytes() == before


def test_what_does_not_rotate_is_refused(folder: Path):
    with pytest.raises(KeyFileError, match="does not rotate"):
        add_version(folder, "region")


def test_a_killed_addition_is_taken_up_by_the_next(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def killed(*_arguments: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(keyfolder.keyfile, "replace", killed)
        with pytest.raises(SystemExit):
            add_version(folder, "token")
    left = (folder / "token-2.key").read_bytes()
    assert open_keys(folder).versions("token") == ("token",)
    assert add_version(folder, "token") == ["token-2"]
    assert (folder / "token-2.key").read_bytes() == left


def test_a_killed_drop_is_finished_by_the_next_call(folder: Path, monkeypatch: pytest.MonkeyPatch):
    add_version(folder, "master", "holding")

    def killed(*_arguments: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(keyfile, "remove", killed)
        with pytest.raises(SystemExit):
            drop_version(folder, "master", "holding")
    assert (folder / "master.key").exists()
    assert open_keys(folder).versions("master") == ("master-2",)
    destroy_dropped(folder)
    assert not (folder / "master.key").exists()
    assert not (folder / "holding.key").exists()
    assert (folder / "master-2.key").exists()


def test_a_manifest_of_the_first_format_is_read(folder: Path):
    manifest = read_manifest(folder)
    rows = [f"{key_id} {one.algorithm} {one.check}" for key_id, one in manifest.live.items()]
    with keyfile.key_folder(folder) as fd:
        keyfile.replace(fd, MANIFEST, ["recordsvc-keys/1", *rows])
    assert open_keys(folder).epoch == 0
    assert add_version(folder, "token") == ["token-2"]
    assert read_manifest(folder).live.keys() == {*FIRST_KEYS, "token-2"}


@pytest.mark.parametrize(
    "line",
    [
        "epoch: x",
        "token-2 ES256",
        "token-02 ES256 00 file 0",
        "token-2 ES256 00 cloud 0",
        "retired: log EdDSA",
    ],
)
def test_a_manifest_line_that_cannot_be_read_is_refused(folder: Path, line: str):
    with keyfile.key_folder(folder) as fd:
        lines = keyfile.read(fd, MANIFEST)
        keyfile.replace(fd, MANIFEST, [*lines, line])
    with pytest.raises(KeyFileError, match="another format or version"):
        open_keys(folder)


def test_a_running_process_goes_on_with_its_keys_when_the_folder_becomes_doubtful(folder: Path):
    running = LiveKeys(folder)
    before = running.hmac("dedupe", b"x")
    (folder / "master.key").chmod(0o644)
    add_row = folder / MANIFEST
    add_row.touch()
    assert running.hmac("dedupe", b"x") == before
    with pytest.raises(KeyFileError, match="open to others"):
        running.check()
    (folder / "master.key").chmod(0o600)
    running.check()


def test_threads_that_use_keys_while_they_change_are_never_refused(folder: Path):
    running, errors, stop = LiveKeys(folder), [], threading.Event()

    def use() -> None:
        try:
            while not stop.is_set():
                wrapped = running.wrap(b"d" * 32, b"worker")
                assert running.unwrap(wrapped, b"worker") == b"d" * 32
                assert running.blind(b"n")
                ring = running.now()
                assert [ring.sign(one, b"data") for one in ring.versions("log")]
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must fail
            errors.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(2, 12):
        add_version(folder, "master", "holding")
        for name in ("pepper", "log"):
            add_version(folder, name)
            drop_version(folder, id_of(name, n - 1))
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert running.versions("log") == ("log-11",)
