"""What a centre signs, checked by other people's code: PyJWT for tokens, cryptography for signatures."""

import datetime as dt
import hashlib
import json

import jwt
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from recordsvc.ground.base64strict import b64u, unb64u
from recordsvc.ground.ports import FixedClock, SeededRandom
from recordsvc.ground.strictjson import StrictJsonError, is_canonical
from recordsvc.submit import keys, sign
from recordsvc.translog import tree

TO = sign.Destination("recordsvc-demo", "demo", "91640100MATE5T0173")
WORKER = {"document": "resident-id", "number": "640104199002159914", "name": "古丽娜孜·艾合买提"}


@pytest.fixture(params=["EdDSA", "ES256"])
def key(request):
    return sign.key_from_jwk(sign.new_private_jwk(request.param, "centre-1", SeededRandom(7)))


def record(number=0, **changes) -> bytes:
    values = {
        "record_id": f"01980000-0000-7000-8000-{number:012x}",
        "salt": sign.new_salt(SeededRandom(number)),
        "issued_on": dt.date(2026, 11, 23),
    }
    return sign.make_record(TO, "training-completion", WORKER, {"score": "92.5"}, **(values | changes))


def verify(key, signing_input: bytes, signature: bytes) -> None:
    if key.alg == "EdDSA":
        ed25519.Ed25519PublicKey.from_public_bytes(key.public.raw).verify(signature, signing_input)
        return
    der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key.public.raw)
    public.verify(der, signing_input, ec.ECDSA(hashes.SHA256()))


def test_a_record_is_canonical_and_holds_every_member():
    made = is_canonical(record())

    assert sorted(made) == [
        "audience", "body", "environment", "id", "issued_on", "issuer", "salt", "type", "version", "worker",
    ]  # fmt: skip
    assert (made["issued_on"], len(made["salt"]), made["version"]) == ("2026-11-23", 22, 1)


def test_what_may_not_be_signed_is_refused():
    with pytest.raises(StrictJsonError):
        sign.make_record(
            TO,
            "honour",
            WORKER,
            {"title": "a\u200bb"},
            record_id="x",
            salt="y",
            issued_on=dt.date(2026, 1, 1),
        )


def test_a_detached_signature_verifies_over_exactly_these_bytes(key):
    made = record()
    protected, empty, signature = sign.detached_jws(key, made).split(".")

    assert is_canonical(unb64u(protected)) == {"alg": key.alg, "kid": "centre-1", "typ": "recordsvc+jws"}
    assert empty == ""
    verify(key, f"{protected}.{b64u(made)}".encode(), unb64u(signature))
    with pytest.raises(InvalidSignature):
        verify(key, f"{protected}.{b64u(made + b' ')}".encode(), unb64u(signature))


def test_a_single_body_is_canonical_json_around_the_record(key):
    made = record()
    body = is_canonical(sign.single_body(key, made))

    assert body["record"] == json.loads(made)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 130])
def test_a_batch_signs_the_root_and_every_record_has_its_proof(key, size):
    records = [record(n) for n in range(size)]
    batch = sign.make_batch(key, TO, records, batch_id="01980000-0000-7000-8000-00000000ffff")
    protected, payload, signature = batch.jws.split(".")

    verify(key, f"{protected}.{payload}".encode(), unb64u(signature))
    assert is_canonical(unb64u(protected))["typ"] == "recordsvc-batch+jws"
    assert is_canonical(unb64u(payload)) == {
        "audience": TO.audience, "batch_id": batch.batch_id, "environment": "demo", "issuer": TO.issuer,
        "root": b64u(batch.root), "size": size, "type": "batch/1",
    }  # fmt: skip
    for index in {0, size // 2, size - 1}:
        evidence = is_canonical(batch.evidence(index))
        path = [unb64u(item) for item in evidence["path"]]
        leaf = hashlib.sha256(b"\x00" + records[index]).digest()
        assert path == tree.inclusion_path([tree.leaf_hash(r) for r in records], index)
        assert (evidence["index"], evidence["size"], evidence["batch"]) == (index, size, batch.jws)
        assert leaf == batch.levels[0][index]


def test_ndjson_begins_with_its_header_and_ends_with_a_newline(key):
    records = [record(n) for n in range(3)]
    batch = sign.make_batch(key, TO, records, batch_id="b")
    lines = batch.ndjson(all_or_nothing=True).split(b"\n")
    each = sign.each_ndjson(key, records).split(b"\n")

    assert is_canonical(lines[0]) == {"all_or_nothing": True, "batch": batch.jws}
    assert lines[1:] == [*records, b""]
    assert is_canonical(each[0]) == {"mode": "each"}
    assert [is_canonical(line)["record"]["id"] for line in each[1:4]] == [
        json.loads(r)["id"] for r in records
    ]


def test_an_empty_batch_is_refused(key):
    with pytest.raises(ValueError, match="at least one"):
        sign.make_batch(key, TO, [], batch_id="b")


def test_a_client_assertion_is_a_jwt_that_a_library_accepts(key):
    token = sign.client_assertion(key, "centre-a", "http://localhost:8000", now_s=1_790_000_000, jti="j1")
    public = jwt.PyJWK.from_dict(key.public_jwk())
    claims = jwt.decode(
        token,
        public,
        algorithms=[key.alg],
        audience="http://localhost:8000",
        options={"verify_exp": False, "verify_iat": False},
    )

    assert claims == {
        "aud": "http://localhost:8000", "exp": 1_790_000_060, "iat": 1_790_000_000,
        "iss": "centre-a", "jti": "j1", "sub": "centre-a",
    }  # fmt: skip


def test_record_ids_are_lower_case_version_7():
    made = sign.new_record_id(FixedClock(), SeededRandom(1))

    assert made == made.lower()
    assert made[14] == "7"


def test_a_key_file_is_owner_only_and_reads_back(tmp_path):
    path = tmp_path / "centre.jwk"
    jwk = keys.new_private_jwk("EdDSA", "k", SeededRandom(3), client_id="centre-a")
    keys.write_private_jwk(path, jwk)
    read = keys.read_key(path)

    assert (path.stat().st_mode & 0o777, read.kid, read.client_id) == (0o600, "k", "centre-a")
    assert jwk["d"] not in repr(read)
    with pytest.raises(FileExistsError):
        keys.write_private_jwk(path, jwk)
    path.chmod(0o644)
    with pytest.raises(keys.KeyUnusable, match="chmod 600"):
        keys.read_key(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kty": "RSA"}, "Ed25519"),
        ({"alg": "ES256"}, "alg"),
        ({"kid": ""}, "kid"),
        ({"d": None}, "public key"),
        ({"d": "AAAA"}, "private part"),
        ({"x": b64u(bytes(32))}, "does not belong"),
        ({"client_id": 5}, "client_id"),
    ],
)
def test_a_key_that_cannot_be_used_says_why(change, reason):
    jwk = keys.new_private_jwk("EdDSA", "k", SeededRandom(3)) | change

    with pytest.raises(keys.KeyUnusable, match=reason):
        keys.key_from_jwk(jwk)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"kty":"OKP","kty":"EC"}'])
def test_a_file_that_is_no_key_is_refused(tmp_path, content):
    path = tmp_path / "centre.jwk"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(keys.KeyUnusable):
        keys.read_key(path)
    with pytest.raises(keys.KeyUnusable, match="opened"):
        keys.read_key(tmp_path / "missing")
