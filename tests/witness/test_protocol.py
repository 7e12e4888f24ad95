"""C2SP tlog-witness against the real process: the published script, then every rule of the specification."""

import pytest

from recordsvc.translog.checkpoint import open_checkpoint
from recordsvc.translog.note import NoteKey, SignatureType, Signer, open_note
from recordsvc.translog.tree import EMPTY_ROOT, consistency_path
from tests.translog import vectors
from tests.witness.logs import FORK, LEAVES, LOG, grow, note, request
from tests.witness.process import WitnessProcess
from witness.__main__ import add_log

OTHER = Signer.from_seed("other.example/log", b"o" * 32)
IMPOSTOR = Signer.from_seed(LOG.key.name, b"i" * 32)


def published(old: int, size: int, proof: list[str] | None = None) -> str:
    lines = vectors.WITNESSED_PROOFS.get((old, size), []) if proof is None else proof
    return f"old {old}\n" + "".join(f"{line}\n" for line in lines) + "\n" + vectors.witnessed_note(size)


def test_the_script_of_litewitness(running: WitnessProcess, key: NoteKey):
    """The one step that differs: today's specification answers 404, not 403, for an unknown log."""
    watched = NoteKey(vectors.WITNESSED_ORIGIN, SignatureType.ED25519, vectors.WITNESSED_PUBLIC)
    add_log(running.store, watched.vkey(), None)

    def cosigned(size: int) -> bool:
        text = vectors.witnessed_note(size).partition("\n\n")[0] + "\n"
        answer = running.submit(published({1: 0, 3: 1, 5: 3}[size], size))
        assert answer.status == 200
        return key in open_note(f"{text}\n{answer.body}", [key]).signed_by

    assert cosigned(1)
    changed_signature = published(1, 3).replace("AB8WVrx6go=", "AB8WVrx6gs=")
    assert running.submit(changed_signature).status == 403
    assert running.submit(published(1, 3).replace("sigsum.org", "sigsum.com")).status == 404
    first, second = vectors.WITNESSED_PROOFS[1, 3]
    for proof in ([], [first], [second, first], [first, first], [first, second, second]):
        assert running.submit(published(1, 3, proof)).status == 422
    assert cosigned(3)
    conflict = running.submit(published(1, 5, vectors.WITNESSED_PROOFS[3, 5]))
    assert (conflict.status, conflict.media_type, conflict.body) == (409, "text/x.tlog.size", "3\n")
    assert cosigned(5)
    conflict = running.submit(published(0, 5))
    assert (conflict.status, conflict.body) == (409, "5\n")


def test_a_log_grows_and_each_answer_is_a_cosignature(running: WitnessProcess, key: NoteKey):
    sizes = [0, 1, 2, 7, 8, 64, 65, 300]
    for old, size in zip([0, *sizes], sizes, strict=False):
        answer = running.submit(grow(old, size))
        assert answer.status == 200
        opened = open_checkpoint(note(size) + answer.body, LOG.key, [key], 1)
        assert (opened.checkpoint.size, list(opened.cosigned)) == (size, [key.name])


def test_the_same_checkpoint_again_gets_a_cosignature_not_older(running: WitnessProcess, key: NoteKey):
    times = []
    for old in (0, 8, 8):
        answer = running.submit(grow(old, 8))
        times.append(open_checkpoint(note(8) + answer.body, LOG.key, [key], 1).cosigned[key.name])

    assert times == sorted(times)


def test_monitors_get_the_newest_checkpoint_with_both_signatures(running: WitnessProcess, key: NoteKey):
    assert running.newest(LOG.key.name).status == 404
    running.submit(grow(0, 5))
    running.submit(grow(5, 9))
    running.submit(grow(5, 12))  # refused: 409
    answer = running.newest(LOG.key.name)

    assert (answer.status, answer.media_type) == (200, "text/plain; charset=utf-8")
    opened = open_checkpoint(answer.body, LOG.key, [key], 1)
    assert opened.checkpoint.size == 9
    assert running.newest("nobody.example").status == 404


def test_a_rewritten_log_is_refused_at_the_same_size_and_larger(running: WitnessProcess):
    """The operator holds the log's key and signs the rewritten tree correctly."""
    assert running.submit(grow(0, 100)).status == 200

    assert running.submit(request(100, note(100, FORK))).status == 422
    assert running.submit(grow(100, 200, FORK)).status == 422
    assert running.submit(request(100, note(200, FORK), consistency_path(LEAVES, 100, 200))).status == 422
    assert running.submit(grow(100, 200)).status == 200, "the honest log goes on"


def test_a_log_that_lost_entries_is_told_the_size_that_is_known(running: WitnessProcess):
    running.submit(grow(0, 100))
    for old in (0, 40, 99):
        answer = running.submit(grow(old, 99))
        assert (answer.status, answer.media_type, answer.body) == (409, "text/x.tlog.size", "100\n")


def test_unknown_logs_and_unknown_keys(running: WitnessProcess):
    assert running.submit(grow(0, 3, log=OTHER)).status == 404
    assert running.submit(grow(0, 3, log=IMPOSTOR)).status == 403
    under_our_name = request(0, note(3, log=OTHER, origin=LOG.key.name))
    assert running.submit(under_our_name).status == 403


def test_one_false_signature_of_a_known_key_spoils_the_checkpoint(running: WitnessProcess):
    text = note(3).partition("\n\n")[0] + "\n"
    false = LOG.sign(text + "x").line()

    assert running.submit(request(0, note(3) + false)).status == 403
    assert running.submit(request(0, f"{text}\n{false}{LOG.sign(text).line()}")).status == 403
    assert running.submit(request(0, note(3))).status == 200


def test_strangers_signatures_are_ignored_and_not_passed_on(running: WitnessProcess, key: NoteKey):
    text = note(3).partition("\n\n")[0] + "\n"
    strangers = "".join(
        Signer.from_seed(f"stranger.example/{i}", bytes([i]) * 32).sign(text).line() for i in range(20)
    )
    assert running.submit(request(0, f"{text}\n{strangers}{LOG.sign(text).line()}")).status == 200
    stored = running.newest(LOG.key.name).body
    assert "stranger" not in stored
    assert open_checkpoint(stored, LOG.key, [key], 1)


def test_an_old_size_above_the_checkpoint_is_a_bad_request(running: WitnessProcess):
    running.submit(grow(0, 5))
    assert running.submit(request(6, note(5))).status == 400


def test_the_proof_is_empty_where_nothing_is_to_be_proven(running: WitnessProcess):
    assert running.submit(request(0, note(5), [LEAVES[0]])).status == 422
    assert running.submit(request(0, note(5))).status == 200
    assert running.submit(request(5, note(5), [LEAVES[0]])).status == 422


def test_the_empty_tree_has_one_root(running: WitnessProcess):
    text = f"{LOG.key.name}\n0\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\n"
    assert EMPTY_ROOT != b"r" * 32
    assert running.submit(request(0, f"{text}\n{LOG.sign(text).line()}")).status == 422
    assert running.submit(grow(0, 0)).status == 200


def test_extension_lines_are_cosigned_but_mean_nothing(running: WitnessProcess, key: NoteKey):
    text = note(3).partition("\n\n")[0] + "\nextension one\nextension two\n"
    answer = running.submit(request(0, f"{text}\n{LOG.sign(text).line()}"))

    assert answer.status == 200
    assert open_note(f"{text}\n{answer.body}", [key]).text == text


def test_logs_do_not_disturb_each_other(running: WitnessProcess):
    add_log(running.store, OTHER.key.vkey(), None)
    assert running.submit(grow(0, 10)).status == 200
    assert running.submit(grow(0, 4, log=OTHER)).status == 200
    assert running.submit(grow(10, 20)).status == 200
    assert running.submit(grow(4, 20, log=OTHER)).status == 200


def test_a_log_may_change_its_key(running: WitnessProcess):
    """A second key for the same origin, under a name of its own."""
    add_log(running.store, OTHER.key.vkey(), LOG.key.name)
    assert running.submit(grow(0, 10)).status == 200
    text = note(20).partition("\n\n")[0] + "\n"
    proof = consistency_path(LEAVES, 10, 20)
    assert running.submit(request(10, f"{text}\n{OTHER.sign(text).line()}", proof)).status == 200


GOOD = note(3)
STRANGER = OTHER.sign(GOOD.partition("\n\n")[0] + "\n").line()
HASH = "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms="


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\n",
        "\n\n",
        GOOD,
        f"old 0\n{GOOD}",
        f"old 0\n\n\n{GOOD}",
        f"old\n\n{GOOD}",
        f"old \n\n{GOOD}",
        f"old 00\n\n{GOOD}",
        f"old +0\n\n{GOOD}",
        f"old -1\n\n{GOOD}",
        f"old ٠\n\n{GOOD}",
        f"old 0 \n\n{GOOD}",
        f"old  0\n\n{GOOD}",
        f"new 0\n\n{GOOD}",
        f"old 0\r\n\r\n{GOOD}",
        f"old {10**19}\n\n{GOOD}",
        f"old 1\n{HASH[:-1]}\n\n{GOOD}",
        f"old 1\n{HASH} \n\n{GOOD}",
        f"old 1\n{HASH[:-2]}t=\n\n{GOOD}",
        f"old 1\nAAAA\n\n{GOOD}",
        "old 1\n" + f"{HASH}\n" * 64 + f"\n{GOOD}",
        f"old 0\n\n{GOOD[:-1]}",
        f"old 0\n\n{GOOD.partition(chr(10) * 2)[0]}\n",
        f"old 0\n\n{GOOD}\n",
        f"old 0\n\n{GOOD}trailing",
        "old 0\n\n" + GOOD.replace("\n3\n", "\n03\n"),
        "old 0\n\n" + GOOD.replace("\n3\n", f"\n{2**63}\n"),
        "old 0\n\n" + GOOD.replace("\n3\n", "\n\n"),
        "old 0\n\n" + GOOD.replace("=\n\n", "\n\n"),
        "old 0\n\n" + GOOD.replace("— log", "- log"),
        "old 0\n\n" + GOOD.replace("\n3\n", "\n3\t\n"),
        "old 0\n\n" + GOOD + STRANGER * 100,
        b"old 0\n\n\xff" + GOOD.encode(),
    ],
)
def test_what_is_malformed_is_a_bad_request(running: WitnessProcess, body: str | bytes):
    answer = running.submit(body)

    assert answer.status == 400
    assert running.submit(grow(0, 3)).status == 200, "and nothing was remembered"


def test_100_signatures_are_read(running: WitnessProcess):
    assert running.submit(request(0, GOOD + STRANGER * 99)).status == 200


def test_63_hashes_are_read(running: WitnessProcess):
    running.submit(grow(0, 3))
    assert running.submit(request(3, note(5), [LEAVES[0]] * 63)).status == 422


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/add-checkpoint", 404),
        ("GET", "/healthz", 200),
        ("POST", "/", 404),
        ("POST", "/add-checkpoint/", 404),
        ("PUT", "/add-checkpoint", 501),
        ("GET", "/" + "0" * 64 + "/checkpoint", 404),
        ("GET", "/" + "A" * 64 + "/checkpoint", 404),
        ("GET", "/../checkpoint", 404),
    ],
)
def test_other_doors(running: WitnessProcess, method: str, path: str, status: int):
    assert running.request(method, path).status == status
