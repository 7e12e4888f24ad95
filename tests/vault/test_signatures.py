"""Signatures of issuers: both libraries give one answer, and no header decides how it is checked."""

import itertools
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from recordsvc.ground.base64strict import b64, b64u, unb64, unb64u
from recordsvc.submit.keys import key_from_secret
from recordsvc.vault import signatures, verifiers
from recordsvc.vault.signatures import (
    BATCH_TYP,
    RECORD_TYP,
    AlgorithmUnavailable,
    BadSignature,
    PublicKey,
    detached_jws,
    public_from_jwk,
    public_to_jwk,
    sign_attached,
    verify,
    verify_attached,
    verify_detached,
)

KEYS = {alg: key_from_secret(alg, bytes(range(32)), f"key-{alg}") for alg in ("EdDSA", "ES256")}
RECORD = '{"name":"阿依古丽"}'.encode()


@pytest.fixture(params=["EdDSA", "ES256"])
def key(request):
    return KEYS[request.param]


@pytest.fixture(params=["sodium", "openssl"])
def library(request, monkeypatch):
    if request.param == "openssl":
        monkeypatch.setattr(verifiers, "_WITH_SODIUM", False)
    verifiers._verifier.cache_clear()
    yield request.param
    verifiers._verifier.cache_clear()


def lookup(kid):
    return {key.kid: key.public for key in KEYS.values()}.get(kid)


def code_of(function, *args):
    with pytest.raises(BadSignature) as caught:
        function(*args)
    return caught.value.code


def with_header(jws, header):
    _, payload, signature = jws.split(".")
    compact = (
        json.dumps(header, sort_keys=True, separators=(",", ":")) if not isinstance(header, bytes) else ""
    )
    text = compact.encode() or header
    return f"{b64u(text)}.{payload}.{signature}"


def test_rfc_8032_vector_two(library):
    raw = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    public = PublicKey("EdDSA", bytes.fromhex(raw))
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert verify(public, b"\x72", signature)
    assert not verify(public, b"\x73", signature)


def test_rfc_7515_appendix_a3_es256():
    x, y = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
    public, kid = public_from_jwk({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "a3"})
    message = (
        b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9p"
        b"c19yb290Ijp0cnVlfQ"
    )
    signature = unb64u(
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    )
    assert kid == "a3"
    assert verify(public, message, signature)


def test_detached_round_trip(key, library):
    header = verify_detached(RECORD, detached_jws(key, RECORD), lookup)
    assert (header.alg, header.kid, header.typ) == (key.alg, key.kid, RECORD_TYP)


def test_attached_round_trip(key, library):
    header, payload = verify_attached(sign_attached(key, BATCH_TYP, RECORD), BATCH_TYP, lookup)
    assert (header.kid, payload) == (key.kid, RECORD)


def test_each_flipped_bit_breaks_a_detached_signature(key, library):
    jws = detached_jws(key, RECORD)
    assert code_of(verify_detached, RECORD + b" ", jws, lookup) == "signature"
    head, _, signature = jws.split(".")
    raw = unb64u(signature)
    for at, bit in itertools.product(range(0, 64, 9), range(8)):
        bent = raw[:at] + bytes((raw[at] ^ 1 << bit,)) + raw[at + 1 :]
        assert code_of(verify_detached, RECORD, f"{head}..{b64u(bent)}", lookup) == "signature"


def test_a_key_has_one_algorithm(key):
    other = next(one for one in KEYS.values() if one.alg != key.alg)
    jws = detached_jws(key, RECORD)
    assert code_of(verify_detached, RECORD, jws, lambda _: other.public) == "algorithm"
    assert code_of(verify_detached, RECORD, jws, lambda _: None) == "key-unknown"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": "key-EdDSA", "typ": RECORD_TYP},
        {"alg": "HS256", "kid": "key-EdDSA", "typ": RECORD_TYP},
        {"alg": "EdDSA", "kid": "key-EdDSA", "typ": BATCH_TYP},
        {"alg": "EdDSA", "kid": "key-EdDSA", "typ": "JWT"},
        {"alg": "EdDSA", "kid": "key-EdDSA"},
        {"alg": "EdDSA", "crit": ["b64"], "kid": "key-EdDSA", "typ": RECORD_TYP},
        {"alg": "EdDSA", "jku": "https://example.org", "kid": "key-EdDSA", "typ": RECORD_TYP},
        {"alg": "EdDSA", "jwk": {}, "kid": "key-EdDSA", "typ": RECORD_TYP},
        {"alg": "EdDSA", "kid": "", "typ": RECORD_TYP},
        {"alg": "EdDSA", "kid": 7, "typ": RECORD_TYP},
        {"alg": ["EdDSA"], "kid": "key-EdDSA", "typ": RECORD_TYP},
        {"alg": "EdDSA", "kid": "key\n", "typ": RECORD_TYP},
        {"alg": "EdDSA", "kid": "钥匙", "typ": RECORD_TYP},
        {"alg": "EdDSA", "kid": "k" * 2000, "typ": RECORD_TYP},
        [],
        b'{"alg":"EdDSA", "kid":"key-EdDSA","typ":"recordsvc+jws"}',
        b'{"kid":"key-EdDSA","alg":"EdDSA","typ":"recordsvc+jws"}',
        b'{"alg":"EdDSA","alg":"EdDSA","kid":"key-EdDSA","typ":"recordsvc+jws"}',
        b"\xff",
        b"",
    ],
    ids=repr,
)
def test_headers_that_are_refused(header):
    jws = with_header(detached_jws(KEYS["EdDSA"], RECORD), header)
    assert code_of(verify_detached, RECORD, jws, lookup) == "header"


def test_forms_that_are_refused(key):
    jws = detached_jws(key, RECORD)
    attached = sign_attached(key, RECORD_TYP, RECORD)
    bent = (jws + ".", jws + "=", jws[:-1], jws + "A", jws.replace("..", "."), "é" + jws, jws + "\n")
    for text in ("", ".", "..", attached, *bent):
        assert code_of(verify_detached, RECORD, text, lookup) in {"form", "header", "signature"}
    assert code_of(verify_attached, attached, RECORD_TYP, lookup, 5) == "form"


def test_a_signature_has_one_spelling():
    jws = detached_jws(KEYS["EdDSA"], RECORD)
    last = {"A": "B", "Q": "R", "g": "h", "w": "x"}[jws[-1]]  # the same 64 bytes for lenient decoders
    assert code_of(verify_detached, RECORD, jws[:-1] + last, lookup) == "form"


def test_small_order_points_are_refused_by_both_libraries(library):
    good = KEYS["EdDSA"].public
    for y in verifiers._SMALL_ORDER:
        for sign in (0, 0x80):
            point = y[:31] + bytes((y[31] | sign,))
            with pytest.raises(BadSignature):
                verify(PublicKey("EdDSA", point), b"", point + bytes(32))
            assert not verify(good, b"", point + bytes(32))


def test_openssl_alone_would_accept_a_small_order_key():
    identity = (1).to_bytes(32, "little")
    Ed25519PublicKey.from_public_bytes(identity).verify(identity + bytes(32), b"any message")


def test_es256_takes_only_raw_r_and_s_in_range():
    public, message = KEYS["ES256"].public, b"m"
    signature = KEYS["ES256"].sign(message)
    order = verifiers._N
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    assert verify(public, message, signature)
    assert not verify(public, message, encode_dss_signature(r, s))
    for bad in ((0, s), (r, 0), (order, s), (r, order), (2**256 - 1, s)):
        assert not verify(public, message, bad[0].to_bytes(32) + bad[1].to_bytes(32))


@pytest.mark.parametrize(
    "public",
    [
        PublicKey("EdDSA", bytes(31)),
        PublicKey("EdDSA", b"\xff" * 32),
        PublicKey("ES256", bytes(65)),
        PublicKey("ES256", b"\x04" + b"\x01" * 64),
        PublicKey("ES256", b"\x02" + bytes(32)),
        PublicKey("RS256", bytes(32)),
        PublicKey("SM2", bytes(65)),
    ],
)
def test_keys_that_cannot_be_keys(public):
    with pytest.raises(BadSignature):
        signatures.check_public(public)


def test_sm2_is_registered_but_says_that_it_is_unavailable():
    public = PublicKey("SM2", b"\x04" + bytes(64))
    signatures.check_public(public)
    with pytest.raises(AlgorithmUnavailable, match="SM2"):
        verify(public, b"", bytes(64))


def test_jwk_round_trip(key):
    jwk = public_to_jwk(key.public, key.kid)
    assert (public_from_jwk(jwk), jwk) == ((key.public, key.kid), key.public_jwk())


@pytest.mark.parametrize(
    "change",
    [
        {"d": "AA"},
        {"kty": "RSA"},
        {"crv": "Ed448"},
        {"alg": "HS256"},
        {"use": "enc"},
        {"kid": None},
        {"kid": ""},
        {"x": None},
        {"x": "AA"},
        {"x": "*" * 43},
        {"x": b64u(bytes(32))},
    ],
    ids=repr,
)
def test_jwks_that_are_refused(key, change):
    with pytest.raises(BadSignature):
        public_from_jwk(public_to_jwk(key.public, key.kid) | change)


def test_jwk_that_is_no_object():
    for other in (None, [], "x", 7):
        with pytest.raises(BadSignature):
            public_from_jwk(other)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80) | st.lists(st.text("AQgw_-", max_size=90), min_size=3, max_size=3).map(".".join))
def test_any_text_is_answered_with_bad_signature(text):
    with pytest.raises(BadSignature):
        verify_detached(RECORD, text, lookup)
    with pytest.raises(BadSignature):
        verify_attached(text, BATCH_TYP, lookup)


@given(st.binary(max_size=40))
def test_base64_has_one_spelling(data):
    assert unb64(b64(data)) == unb64u(b64u(data)) == data
    for decode, text in ((unb64, b64(data)), (unb64u, b64u(data))):
        for bent in (text + "=", text + "\n", " " + text, text + "A==="):
            with pytest.raises(ValueError, match="base64"):
                decode(bent)


def test_base64_alphabets_are_not_mixed():
    for decode, text in ((unb64, "-_8="), (unb64u, "+/8"), (unb64, "//9="), (unb64u, "__9")):
        with pytest.raises(ValueError, match="base64"):
            decode(text)
