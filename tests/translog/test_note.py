"""Signed notes: the published vector, every rule of the format, and no change that goes unseen."""

import base64
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordsvc.translog import note as note_module
from recordsvc.translog.note import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Note,
    NoteError,
    NoteKey,
    Signature,
    SignatureType,
    Signer,
    key_id,
    open_note,
    parse_note,
    sign_note,
)
from tests.translog import vectors
from tests.translog.vectors import NOTE, NOTE_KEY

ROOT = Path(__file__).parents[2]
LOG = Signer.from_seed("log.example/records", bytes(32))
OTHER = Signer.from_seed("other.example", b"o" * 32)
WITNESS = Signer.from_seed("witness.example/w1", b"w" * 32, SignatureType.COSIGNATURE)
TEXT = "one\ntwo\n"


@pytest.fixture(params=["libsodium", "openssl"])
def verifier(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of checking Ed25519; the base install has only the second."""
    if request.param == "libsodium":
        pytest.importorskip("nacl.bindings")
    monkeypatch.setattr(note_module, "_WITH_SODIUM", request.param == "libsodium")
    return request.param


def line(signer: Signer, text: str = TEXT, at: int | None = None) -> str:
    return signer.sign(text, at).line()


def test_the_published_note_verifies(verifier: str):
    key = NoteKey.parse(NOTE_KEY)
    opened = open_note(NOTE, [key])

    assert opened.text == "This is an example message.\n"
    assert opened.signed_by == {key: None}
    assert key.vkey() == NOTE_KEY
    assert str(parse_note(NOTE)) == NOTE


def test_any_changed_byte_of_the_published_note_is_seen(verifier: str):
    data = NOTE.encode()
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(NoteError):
            open_note(changed, [NoteKey.parse(NOTE_KEY)])


def test_signing_gives_the_same_bytes_with_and_without_libsodium():
    bindings = pytest.importorskip("nacl.bindings")
    secret = bindings.crypto_sign_seed_keypair(bytes(32))[1]
    signer = Signer(LOG.key, lambda data: bindings.crypto_sign(data, secret)[:64])

    assert signer.sign(TEXT) == LOG.sign(TEXT)


def test_a_cosignature_carries_its_time(verifier: str):
    opened = open_note(sign_note(TEXT, [WITNESS.sign(TEXT, 1_700_000_000)]), [WITNESS.key])

    assert opened.signed_by == {WITNESS.key: 1_700_000_000}


def test_a_cosignature_of_another_time_does_not_verify(verifier: str):
    signature = WITNESS.sign(TEXT, 1_700_000_000)
    later = Signature(signature.name, signature.key_id, (1_700_000_001).to_bytes(8) + signature.blob[8:])

    with pytest.raises(NoteError, match="does not hold"):
        open_note(sign_note(TEXT, [later]), [WITNESS.key])


def test_a_cosignature_time_beyond_63_bits_is_refused():
    blob = (2**63).to_bytes(8) + bytes(64)
    with pytest.raises(NoteError, match="impossible time"):
        WITNESS.key.verify(TEXT, blob)
    with pytest.raises(NoteError, match="out of range"):
        WITNESS.sign(TEXT, 2**63)


def test_only_a_cosignature_has_a_time():
    with pytest.raises(NoteError, match="needs a time"):
        WITNESS.sign(TEXT)
    with pytest.raises(NoteError, match="needs a time"):
        LOG.sign(TEXT, 1)


def test_the_newest_of_two_cosignatures_counts():
    note = sign_note(TEXT, [WITNESS.sign(TEXT, 20), WITNESS.sign(TEXT, 10)])

    assert open_note(note, [WITNESS.key]).signed_by == {WITNESS.key: 20}


def test_one_key_under_two_types_is_two_keys():
    """A witness's key used as a log's key has another id, so its cosignature is a stranger's."""
    as_log = NoteKey(WITNESS.key.name, SignatureType.ED25519, WITNESS.key.public)
    note = sign_note(TEXT, [WITNESS.sign(TEXT, 10)])

    assert as_log.key_id != WITNESS.key.key_id
    with pytest.raises(NoteError, match="no known key"):
        open_note(note, [as_log])


def test_the_type_decides_what_is_verified_even_under_a_forged_id(verifier: str):
    """A plain signature dressed up with the id of a cosigner key, and the reverse."""
    plain = Signer(NoteKey(WITNESS.key.name, SignatureType.ED25519, WITNESS.key.public), WITNESS.sign_bytes)
    dressed = Signature(WITNESS.key.name, WITNESS.key.key_id, plain.sign(TEXT).blob)
    undressed = Signature(plain.key.name, plain.key.key_id, WITNESS.sign(TEXT, 10).blob)
    with pytest.raises(NoteError, match="does not hold"):
        open_note(sign_note(TEXT, [dressed]), [WITNESS.key])
    with pytest.raises(NoteError, match="does not hold"):
        open_note(sign_note(TEXT, [undressed]), [plain.key])


def test_unknown_keys_are_ignored_wherever_they_stand():
    """Also as the first line (sigstore issue 527), and under our name or our id, but not both."""
    same_name = Signature(LOG.key.name, bytes(4), bytes(64))
    same_id = Signature("stranger.example", LOG.key.key_id, bytes(64))
    note = sign_note(TEXT, [OTHER.sign(TEXT), same_name, same_id, LOG.sign(TEXT), same_name])

    assert open_note(note, [LOG.key]).signed_by == {LOG.key: None}


def test_no_known_signature_means_no_note():
    with pytest.raises(NoteError, match="no known key"):
        open_note(sign_note(TEXT, [OTHER.sign(TEXT)]), [LOG.key])
    with pytest.raises(NoteError, match="no known key"):
        open_note(sign_note(TEXT, [OTHER.sign(TEXT)]), [])


@pytest.mark.parametrize("bad_first", [True, False])
def test_one_false_signature_of_a_known_key_spoils_the_note(verifier: str, bad_first: bool):
    false = Signature(LOG.key.name, LOG.key.key_id, bytes(64))
    good = LOG.sign(TEXT)
    note = sign_note(TEXT, [false, good] if bad_first else [good, false])

    with pytest.raises(NoteError, match="does not hold"):
        open_note(note, [LOG.key])
    with pytest.raises(NoteError, match="does not hold"):
        open_note(sign_note(TEXT, [OTHER.sign(TEXT), false]), [LOG.key, OTHER.key])


def test_two_known_keys_with_one_name_and_id_are_ambiguous():
    twin = NoteKey(LOG.key.name, LOG.key.kind, OTHER.key.public)
    object.__setattr__(twin, "key_id", LOG.key.key_id)

    with pytest.raises(NoteError, match="share the name"):
        open_note(sign_note(TEXT, [LOG.sign(TEXT)]), [LOG.key, twin])


@pytest.mark.parametrize("length", [0, 7, 8, 63, 65, 71, 73])
def test_a_signature_of_another_length_does_not_hold(verifier: str, length: int):
    for key in (LOG.key, WITNESS.key):
        with pytest.raises(NoteError, match="does not hold"):
            key.verify(TEXT, bytes(length))


@pytest.mark.parametrize(
    "text", ["\n", "a\n", "a\n\nb\n", "\n\na\n", "a\n\n", "中文记录\n", "— not a line\n"]
)
def test_the_text_ends_at_the_last_empty_line(text: str):
    note = sign_note(text, [LOG.sign(text), OTHER.sign(text)])

    assert parse_note(note).text == text
    assert open_note(note, [LOG.key]).text == text


@pytest.mark.parametrize("text", ["", "a", "a\r\n", "tab\t\n", "nul\0\n", "esc\x1b\n", "\ud800\n"])
def test_text_that_is_no_note_text_is_not_signed(text: str):
    with pytest.raises((NoteError, UnicodeEncodeError)):
        sign_note(text, [Signature(LOG.key.name, LOG.key.key_id, bytes(64))])


SIG = base64.b64encode(bytes(68)).decode()


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "text\n",
        "text\n\n",
        "text\n\n\n",
        f"text\n— k {SIG}\n",
        f"text\n\n— k {SIG}",
        f"text\n\n— k {SIG}\n\n",
        f"text\n\n— k {SIG}\ntrailing\n",
        f"text\n\n- k {SIG}\n",
        f"text\n\n–  k {SIG}\n",
        f"text\n\n—k {SIG}\n",
        f"text\n\n—  {SIG}\n",
        f"text\n\n— k  {SIG}\n",
        f"text\n\n— k {SIG} \n",
        f"text\n\n — k {SIG}\n",
        f"text\n\n— k+k {SIG}\n",
        f"text\n\n— k\u3000k {SIG}\n",
        f"text\n\n— k\u00a0k {SIG}\n",
        f"text\n\n— k {SIG[:-1]}\n",
        f"text\n\n— k {SIG[:-2]}B=\n",
        f"text\n\n— k {SIG[:8]}\u00e9\n",
        f"text\n\n— k {SIG[:-4]}-_==\n",
        "text\n\n— k AAAAAA==\n",
        "text\n\n— k \n",
        f"te\txt\n\n— k {SIG}\n",
        f"text\r\n\r\n— k {SIG}\r\n",
        f"text\x00\n\n— k {SIG}\n",
    ],
)
def test_what_is_malformed_is_refused(note: str):
    with pytest.raises(NoteError):
        parse_note(note)


def test_a_note_is_utf_8():
    with pytest.raises(NoteError, match="UTF-8"):
        parse_note(b"\xff\n\n" + line(LOG).encode())
    with pytest.raises(NoteError, match="UTF-8"):
        parse_note("\ud800\n\n" + line(LOG))


def test_sixteen_signatures_and_more_are_accepted_but_not_any_number():
    strangers = [Signature(f"s{i}", bytes(4), bytes(64)) for i in range(MAX_SIGNATURES)]
    for count in (15, 16, MAX_SIGNATURES - 1):
        note = sign_note(TEXT, [*strangers[:count], LOG.sign(TEXT)])
        assert open_note(note, [LOG.key]).signed_by == {LOG.key: None}
    with pytest.raises(NoteError, match="more than"):
        sign_note(TEXT, [*strangers, LOG.sign(TEXT)])


def test_sixteen_post_quantum_signatures_fit():
    big = [Signature(f"s{i}", bytes(4), bytes(5_000)) for i in range(16)]

    assert open_note(sign_note(TEXT, [*big, LOG.sign(TEXT)]), [LOG.key])


def test_a_note_has_a_size_limit():
    with pytest.raises(NoteError, match="larger than"):
        parse_note("x" * MAX_NOTE_BYTES + "\n\n" + line(LOG))


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+00000000",
        NOTE_KEY + " ",
        NOTE_KEY + "\n",
        " " + NOTE_KEY,
        NOTE_KEY.replace("530d903a", "530D903A"),
        NOTE_KEY.replace("530d903a", "530d903b"),
        NOTE_KEY.replace("530d903a", "530d90"),
        NOTE_KEY.replace("example.com/foo", "example.com/fop"),
        NOTE_KEY.replace("example.com/foo", ""),
        NOTE_KEY.replace("example.com/foo", "example.com foo"),
        NOTE_KEY[:-1] + "l",
        NOTE_KEY[:-4],
        NOTE_KEY.replace("+Ae", "+Be"),
        NOTE_KEY.replace("+Ae", "+/e"),
        "example.com/foo+530d903a+" + base64.b64encode(b"\x02" + bytes(32)).decode(),
        "example.com/foo+530d903a+" + base64.b64encode(b"\x06" + bytes(1312)).decode(),
    ],
)
def test_other_spellings_are_no_key(vkey: str):
    with pytest.raises(NoteError):
        NoteKey.parse(vkey)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.binary(min_size=32, max_size=32))
def test_what_can_be_signed_is_read_back_and_the_rest_refused(text: str, seed: bytes):
    signer = Signer.from_seed("log.example", seed)
    try:
        note = sign_note(text, [signer.sign(text)])
    except NoteError:
        assert not text.endswith("\n") or any(ord(char) < 32 and char != "\n" for char in text)
        return
    opened = open_note(note.encode(), [signer.key])
    assert opened.text == text
    assert opened.signed_by == {signer.key: None}


@given(st.text(max_size=30))
def test_a_key_name_is_one_that_can_stand_in_a_note(name: str):
    try:
        key = NoteKey(name, SignatureType.ED25519, LOG.key.public)
    except (NoteError, UnicodeEncodeError):
        return
    signer = Signer(key, LOG.sign_bytes)
    assert open_note(sign_note(TEXT, [signer.sign(TEXT)]), [NoteKey.parse(key.vkey())])


def test_the_base_install_reads_notes_without_libsodium():
    """The offline verifier has `cryptography` only."""
    script = f"""
import sys
sys.modules["nacl"] = sys.modules["nacl.bindings"] = None
from recordsvc.translog.note import NoteKey, open_note, _WITH_SODIUM
assert not _WITH_SODIUM
open_note({NOTE!r}, [NoteKey.parse({NOTE_KEY!r})])
heavy = sorted(name for name in ("flask", "sqlalchemy", "orjson", "structlog") if name in sys.modules)
assert heavy == [], heavy
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, cwd=ROOT)


def test_the_key_id_of_a_post_quantum_cosigner():
    """The id covers name, type and key, whatever the type: ML-DSA-44 (0x06) from the seed 00..1f."""
    mldsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.mldsa")
    public = mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(range(32))).public_key().public_bytes_raw()

    assert sha256(public).hexdigest() == vectors.ML_DSA_PUBLIC_SHA256
    assert key_id("witness.example/m1", 0x06, public).hex() == vectors.ML_DSA_KEY_ID


def test_a_note_prints_as_it_came():
    note = parse_note(NOTE)

    assert Note(note.text, note.signatures) == note
    assert str(note) == NOTE
