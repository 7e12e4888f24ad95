"""The log's side of the witness protocol: against the real witness, and against servers that misbehave."""

import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from recordsvc.translog.checkpoint import Checkpoint, add_cosignatures, open_checkpoint
from recordsvc.translog.note import NoteError, NoteKey, SignatureType, Signer
from recordsvc.translog.tree import consistency_path, leaf_hash, root
from recordsvc.translog.witness import (
    MAX_ANSWER_BYTES,
    WitnessAhead,
    WitnessClient,
    WitnessContradiction,
    WitnessError,
    WitnessStranger,
    WitnessUnreachable,
)
from tests.witness.process import WitnessProcess
from witness.__main__ import add_log, init

LOG = Signer.from_seed("log.example/records", b"l" * 32)
LEAVES = [leaf_hash(i.to_bytes(2)) for i in range(100)]
FORK = [*LEAVES[:2], leaf_hash(b"rewritten"), *LEAVES[3:]]
WITNESS = Signer.from_seed("witness.example/w1", b"w" * 32, SignatureType.COSIGNATURE)
OTHER = Signer.from_seed("witness.example/w2", b"v" * 32, SignatureType.COSIGNATURE)


def tree(size: int, leaves: Sequence[bytes] = LEAVES) -> Checkpoint:
    return Checkpoint(LOG.key.name, size, root(leaves[:size]))


def note(size: int, leaves: Sequence[bytes] = LEAVES) -> str:
    return tree(size, leaves).sign(LOG.key.public, LOG.sign_bytes)


def prove(old: int, size: int) -> list[bytes]:
    return consistency_path(LEAVES, old, size)


# -- against the real witness


class Pair(NamedTuple):
    process: WitnessProcess
    client: WitnessClient


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    folder = tmp_path / "witness"
    vkey = init(folder, "witness.example/w1").vkey
    process = WitnessProcess(folder).start()
    yield Pair(process, WitnessClient(process.url, vkey, timeout_seconds=30))
    process.kill()


def test_a_log_is_cosigned_as_it_grows(pair: Pair):
    add_log(pair.process.store, LOG.key.vkey(), None)
    for known, size in ((0, 1), (1, 7), (7, 7), (7, 64), (64, 65), (65, 100)):
        cosigned = pair.client.cosign(note(size), known, prove)
        opened = open_checkpoint(add_cosignatures(note(size), [cosigned.line]), LOG.key, [pair.client.key], 1)
        assert opened.cosigned == {"witness.example/w1": cosigned.at}


@pytest.mark.parametrize("believed", [0, 5, 19, 21, 40, 99])
def test_a_wrong_belief_about_the_witness_is_corrected(pair: Pair, believed: int):
    add_log(pair.process.store, LOG.key.vkey(), None)
    pair.client.cosign(note(20), 0, prove)

    assert pair.client.cosign(note(40), believed, prove)
    assert pair.client.newest([LOG.key]).checkpoint == tree(40)


def test_the_witness_shows_what_it_knows(pair: Pair):
    assert pair.client.newest([LOG.key]) is None
    add_log(pair.process.store, LOG.key.vkey(), None)
    assert pair.client.newest([LOG.key]) is None
    pair.client.cosign(note(0), 0, prove)
    pair.client.cosign(note(9), 0, prove)

    opened = pair.client.newest([LOG.key])
    assert (opened.checkpoint, list(opened.cosigned)) == (tree(9), ["witness.example/w1"])


def test_a_restored_backup_is_told_that_the_witness_is_ahead(pair: Pair):
    add_log(pair.process.store, LOG.key.vkey(), None)
    pair.client.cosign(note(60), 0, prove)
    for believed in (0, 40, 60):
        with pytest.raises(WitnessAhead, match="60 entries") as caught:
            pair.client.cosign(note(40), believed, prove)
        assert caught.value.size == 60


@pytest.mark.parametrize("size", [60, 80])
def test_a_rewritten_history_is_contradicted(pair: Pair, size: int):
    """The operator holds the log's key, and proves as well as he can."""
    add_log(pair.process.store, LOG.key.vkey(), None)
    pair.client.cosign(note(60), 0, prove)
    for forger in (prove, lambda old, new: consistency_path(FORK, old, new)):
        with pytest.raises(WitnessContradiction):
            pair.client.cosign(note(size, FORK), 60, forger)
    assert pair.client.newest([LOG.key]).checkpoint == tree(60)


def test_an_unknown_log_and_an_unknown_key_are_strangers(pair: Pair):
    with pytest.raises(WitnessStranger, match="404"):
        pair.client.cosign(note(3), 0, prove)
    add_log(pair.process.store, Signer.from_seed("log.example/other", bytes(32)).key.vkey(), LOG.key.name)
    with pytest.raises(WitnessStranger, match="403"):
        pair.client.cosign(note(3), 0, prove)


def test_a_witness_that_is_gone_is_unreachable(pair: Pair):
    pair.process.stop()
    with pytest.raises(WitnessUnreachable):
        pair.client.cosign(note(3), 0, prove)
    with pytest.raises(WitnessUnreachable):
        pair.client.newest([LOG.key])


# -- against servers that misbehave

Script = Callable[[str, bytes], tuple[int, str, bytes]]


class Fake:
    """A server that answers by script and keeps the requests it got."""

    def __init__(self) -> None:
        self.script: Script = lambda _path, _body: (500, "text/plain", b"")
        self.bodies: list[bytes] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fake.bodies.append(body)
                self.reply(*fake.script(self.path, body))

            def do_GET(self):
                self.reply(*fake.script(self.path, b""))

            def reply(self, status: int, media_type: str, data: bytes):
                self.send_response(status)
                self.send_header("Content-Type", media_type)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/prefix/"


@pytest.fixture
def fake() -> Iterator[Fake]:
    fake = Fake()
    thread = threading.Thread(target=fake.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield fake
    fake.server.shutdown()
    thread.join(30)
    fake.server.server_close()


def client(fake: Fake) -> WitnessClient:
    return WitnessClient(fake.url, WITNESS.key, timeout_seconds=30)


def test_the_request_is_the_specified_one(fake: Fake):
    paths = []

    def script(path: str, _body: bytes) -> tuple[int, str, bytes]:
        paths.append(path)
        return 200, "text/plain", WITNESS.sign(tree(5).text(), 7).line().encode()

    fake.script = script
    assert client(fake).cosign(note(5), 3, prove).at == 7
    head, _, checkpoint = fake.bodies[0].decode().partition("\n\n")
    assert paths == ["/prefix/add-checkpoint"]
    assert head.split("\n")[0] == "old 3"
    assert len(head.split("\n")) == 1 + len(prove(3, 5))
    assert checkpoint == note(5)


def test_lines_of_other_keys_are_ignored(fake: Fake):
    text = tree(5).text()
    ours = WITNESS.sign(text, 7).line()
    fake.script = lambda _path, _body: (200, "text/plain", (OTHER.sign(text, 9).line() + ours).encode())

    assert client(fake).cosign(note(5), 0, prove).line == ours


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"ok\n",
        b"\xff\n",
        OTHER.sign(tree(5).text(), 7).line().encode(),
        WITNESS.sign(tree(6).text(), 7).line().encode(),
        WITNESS.sign(tree(5, FORK).text(), 7).line().encode(),
        WITNESS.sign(tree(5).text(), 7).line().encode() + b"garbage\n",
        Signer.from_seed(WITNESS.key.name, b"w" * 32).sign(tree(5).text()).line().encode(),
        OTHER.sign(tree(5).text(), 7).line().encode() * (MAX_ANSWER_BYTES // 100)
        + WITNESS.sign(tree(5).text(), 7).line().encode(),
    ],
    ids=range(10),
)
def test_an_answer_without_our_witness_signature_is_none(fake: Fake, body: bytes):
    fake.script = lambda _path, _body: (200, "text/plain", body)
    with pytest.raises(WitnessUnreachable):
        client(fake).cosign(note(5), 0, prove)


@pytest.mark.parametrize(
    ("status", "media_type", "body", "error"),
    [
        (400, "text/plain", b"", WitnessUnreachable),
        (403, "text/plain", b"", WitnessStranger),
        (404, "text/plain", b"", WitnessStranger),
        (422, "text/plain", b"", WitnessContradiction),
        (500, "text/plain", b"", WitnessUnreachable),
        (503, "text/plain", b"", WitnessUnreachable),
        (301, "text/plain", b"", WitnessUnreachable),
        (409, "text/plain", b"3\n", WitnessUnreachable),
        (409, "text/x.tlog.size", b"3", WitnessUnreachable),
        (409, "text/x.tlog.size", b"03\n", WitnessUnreachable),
        (409, "text/x.tlog.size", b"-3\n", WitnessUnreachable),
        (409, "text/x.tlog.size", b"1" * 30 + b"\n", WitnessUnreachable),
        (409, "text/x.tlog.size", b"9\n", WitnessAhead),
        (409, "text/x.tlog.size", b"0\n", WitnessContradiction),
    ],
)
def test_each_refusal_is_its_own_error(
    fake: Fake, status: int, media_type: str, body: bytes, error: type[WitnessError]
):
    fake.script = lambda _path, _body: (status, media_type, body)
    with pytest.raises(WitnessError) as caught:
        client(fake).cosign(note(5), 0, prove)
    assert type(caught.value) is error
    assert len(fake.bodies) == 1


def test_a_witness_that_changes_its_mind_for_ever_is_given_up(fake: Fake):
    fake.script = lambda _path, body: (409, "text/x.tlog.size", b"2\n" if b"old 3\n" in body else b"3\n")
    with pytest.raises(WitnessUnreachable, match="other sizes"):
        client(fake).cosign(note(5), 0, prove)
    assert len(fake.bodies) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        note(5).encode(),
        (note(5) + OTHER.sign(tree(5).text(), 7).line()).encode(),
        (note(5) + WITNESS.sign(tree(6).text(), 7).line()).encode(),
        (tree(5).text() + "\n" + WITNESS.sign(tree(5).text(), 7).line()).encode(),
    ],
    ids=range(5),
)
def test_the_witnesses_memory_is_believed_only_with_both_signatures(fake: Fake, body: bytes):
    fake.script = lambda _path, _body: (200, "text/plain", body)
    with pytest.raises(WitnessUnreachable):
        client(fake).newest([LOG.key])


def test_a_silent_witness_is_given_up_after_the_time_out(fake: Fake):
    release = threading.Event()

    def script(_path: str, _body: bytes) -> tuple[int, str, bytes]:
        release.wait(30)
        return 500, "text/plain", b""

    fake.script = script
    impatient = WitnessClient(fake.url, WITNESS.key, timeout_seconds=0.2)
    try:
        with pytest.raises(WitnessUnreachable, match="TimeoutError"):
            impatient.newest([LOG.key])
    finally:
        release.set()


@pytest.mark.parametrize(
    "url", ["ftp://localhost", "localhost:80", "http://", "http://w/?q=1", "http://w/#f", ""]
)
def test_only_http_addresses_are_taken(url: str):
    with pytest.raises(ValueError, match="http or https"):
        WitnessClient(url, WITNESS.key)


def test_only_a_cosigners_key_is_taken():
    with pytest.raises(NoteError, match="no cosignature key"):
        WitnessClient("http://localhost", LOG.key)
    with pytest.raises(NoteError):
        WitnessClient("http://localhost", "nonsense")
    assert WitnessClient("https://localhost", NoteKey.parse(WITNESS.key.vkey())).key == WITNESS.key
