"""The PAdES signature of certificates (文件签章): baseline B-B, ES256, by the key store's key `document`.

The signature certifies the file and permits no change after it (DocMDP 1). Its X.509 certificate is issued by
the key itself, once, and kept beside the data: `certificates/<key id>.pem`. An authority's certificate for
the same public key may stand there instead, the leaf first and its chain behind it.
"""

import datetime as dt
import hashlib
import io
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from recordsvc.exports.printed.content import NAME
from recordsvc.vault.keystore import KeyStore
from recordsvc.vault.signers import PublicKey

if TYPE_CHECKING:
    from recordsvc.house import House

FIELD: Final = "Signature"
YEARS: Final = 20
_DOCUMENT_SIGNING: Final = "1.3.6.1.5.5.7.3.36"
"""id-kp-documentSigning (RFC 9336)."""
_ORGANISATION_ID: Final = "2.5.4.97"
"""organizationIdentifier (ETSI EN 319 412-1): the region's unified social credit code."""


def seal(house: "House", pdf: bytes, now: dt.datetime) -> bytes:
    """Return the PDF with its signature, made with the newest key; `now` is written into it (UTC)."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, PdfSigner
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter

    ring = house.keys.now()
    key_id = ring.versions(NAME)[-1]
    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        reason="职业技能培训档案证明",
    )

    class Timed(PdfSigner):  # type: ignore[misc]  # an extra, which the type checker does not follow
        """Writes the service's time instead of the machine's."""

        def init_signing_session(self, *args: Any, **options: Any) -> Any:
            session = super().init_signing_session(*args, **options)
            session.system_time = now
            return session

    signer = Timed(metadata, signer=_signer(ring, key_id, chain(house, key_id)))
    target = io.BytesIO()
    # It starts an event loop, and a thread has one at most: the caller's may run one already.
    with ThreadPoolExecutor(1) as beside:
        beside.submit(signer.sign_pdf, IncrementalPdfFileWriter(io.BytesIO(pdf)), output=target).result()
    return target.getvalue()


def chain(house: "House", key_id: str) -> list[Any]:
    """Return a key's certificate and what is kept behind it (asn1crypto), made at its first use."""
    from asn1crypto import pem, x509

    place = house.settings.data_dir / "certificates" / f"{key_id}.pem"
    public = house.keys.public(key_id)
    found = _read(place)
    if found is None:
        _write_once(place, _issued(house, key_id, public))
        found = _read(place) or b""
    told = [x509.Certificate.load(der) for kind, _, der in pem.unarmor(found, multiple=True)]
    if told[0].public_key["public_key"].native != public.raw:
        raise ValueError(f"{place} is a certificate of another key: remove it, or put the right one there")
    return told


def _signer(ring: KeyStore, key_id: str, certificates: list[Any]) -> Any:
    from asn1crypto import algos
    from pyhanko.sign import Signer
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    class KeyStoreSigner(Signer):  # type: ignore[misc]  # as above
        """Asks the key store; no secret comes here."""

        async def async_sign_raw(
            self,
            data: bytes,
            digest_algorithm: str,  # noqa: ARG002 - SHA-256 alone is asked for
            dry_run: bool = False,  # noqa: FBT001, FBT002 - as its base
        ) -> bytes:
            # A DER signature of P-256 takes 72 bytes at most.
            return bytes(72) if dry_run else _der(ring.sign(key_id, data))

    known = SimpleCertificateStore()
    known.register_multiple(certificates[1:])
    return KeyStoreSigner(
        signing_cert=certificates[0],
        cert_registry=known,
        signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
    )


def _issued(house: "House", key_id: str, public: PublicKey) -> bytes:
    """Return a certificate that the key issues for itself (PEM): RFC 5280, valid for `YEARS` from now."""
    from asn1crypto import core, keys, pem, x509

    settings, now_ms = house.settings, house.clock.now_ms()
    begins = dt.datetime.fromtimestamp(now_ms / 1_000, dt.UTC).replace(microsecond=0)
    name = x509.Name.build(
        {"common_name": f"职业技能培训档案 {settings.log_origin}"[:64], _ORGANISATION_ID: settings.region}
    )
    curve = keys.ECDomainParameters(name="named", value="secp256r1")
    about = {"algorithm": {"algorithm": "ec", "parameters": curve}, "public_key": public.raw}
    digest = hashlib.sha1(public.raw, usedforsecurity=False).digest()  # the usual key identifier
    extensions = [
        ("basic_constraints", True, x509.BasicConstraints({"ca": False})),
        ("key_usage", True, x509.KeyUsage({"digital_signature", "non_repudiation"})),
        ("extended_key_usage", False, x509.ExtKeyUsageSyntax([_DOCUMENT_SIGNING])),
        ("key_identifier", False, core.OctetString(digest)),
        ("authority_key_identifier", False, x509.AuthorityKeyIdentifier({"key_identifier": digest})),
    ]
    tbs = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": int.from_bytes(hashlib.sha256(public.raw).digest()[:15]) + 1,
            "signature": {"algorithm": "sha256_ecdsa"},
            "issuer": name,
            "validity": {
                "not_before": x509.Time({"utc_time": begins}),
                "not_after": x509.Time({"utc_time": begins.replace(year=begins.year + YEARS, day=1)}),
            },
            "subject": name,
            "subject_public_key_info": about,
            "extensions": [
                {"extn_id": code, "critical": critical, "extn_value": core.ParsableOctetString(value.dump())}
                for code, critical, value in extensions
            ],
        }
    )
    made = x509.Certificate(
        {
            "tbs_certificate": tbs,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature_value": _der(house.keys.sign(key_id, tbs.dump())),
        }
    )
    return bytes(pem.armor("CERTIFICATE", made.dump()))


def _der(signature: bytes) -> bytes:
    """Return r ‖ s as DER."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    return encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))


def _read(place: Path) -> bytes | None:
    try:
        return place.read_bytes()
    except FileNotFoundError:
        return None


def _write_once(place: Path, data: bytes) -> None:
    """Write a file unless another process was first."""
    place.parent.mkdir(mode=0o755, exist_ok=True)
    draft = place.with_suffix(f".{secrets.token_hex(4)}")
    draft.write_bytes(data)
    try:
        os.link(draft, place)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
