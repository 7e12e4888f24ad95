"""Evidence (签名凭据): is a record signed, alone or in a batch, by a key of its issuer now in force?

One signature may cover a batch: it signs the RFC 6962 root over all records of the batch, and each record
then carries its own proof of belonging, so that it stays verifiable alone and nothing of the other records
is told.
"""

import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from recordsvc.archive import errors, formats
from recordsvc.archive.formats import BatchPayload, FormatError
from recordsvc.archive.issuers import NOW, IssuerState
from recordsvc.archive.submission import Submission
from recordsvc.ground.base64strict import b64u_bytes
from recordsvc.ground.problems import Problem
from recordsvc.settings import Settings
from recordsvc.translog import tree
from recordsvc.vault import signatures
from recordsvc.vault.signers import PublicKey
from recordsvc.vault.verifiers import BadSignature

if TYPE_CHECKING:
    from recordsvc.archive.rows import Row

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Judge:
    """Judges signatures for one deployment."""

    def __init__(self, settings: Settings) -> None:
        """Expect this deployment's audience and environment in batch headers."""
        self._settings = settings

    def signatures(
        self, state: IssuerState, submission: Submission, rows: "list[Row]", now_ms: int
    ) -> str | None:
        """Refuse unsigned rows; return the batch id. Raises `BatchRefused`, key and signature problems."""
        if submission.batch is not None:
            return self._batch(state, submission.batch, rows, now_ms)
        for row in rows:
            if row.status == "pending":
                try:
                    self._each(state, row.item.raw, row.item.evidence.decode("ascii"), now_ms)
                except Problem as problem:
                    row.refuse(problem)
        return None

    def check(self, state: IssuerState, raw: bytes, evidence: bytes, now_ms: int) -> None:
        """Judge the evidence of one record anew, as at the release of a held one. Raises the problem."""
        parsed = formats.parse_evidence(evidence)
        if isinstance(parsed, str):
            self._each(state, raw, parsed, now_ms)
            return
        self._signed_root(state, parsed.batch, now_ms)
        try:
            parsed.check(raw)
        except FormatError:
            raise errors.SignatureWrong(pointer="/batch") from None

    def _each(self, state: IssuerState, raw: bytes, jws: str, now_ms: int) -> None:
        try:
            signatures.verify_detached(raw, jws, functools.partial(_key, state, now_ms))
        except BadSignature:
            raise errors.SignatureWrong(pointer="/jws") from None

    def _batch(self, state: IssuerState, jws: str, rows: "list[Row]", now_ms: int) -> str:
        payload = self._signed_root(state, jws, now_ms)
        levels = tree.levels([formats.batch_leaf(row.item.raw) for row in rows])
        if payload.size != len(rows) or payload.root != levels[-1][0]:
            raise errors.BatchRefused("签名所含的条数或根哈希与各行不符", pointer="/batch")
        for row, evidence in zip(rows, _evidence(jws, levels, len(rows)), strict=True):
            row.item.evidence = evidence
        return payload.batch_id

    def _signed_root(self, state: IssuerState, jws: str, now_ms: int) -> BatchPayload:
        try:
            lookup = functools.partial(_key, state, now_ms)
            payload = BatchPayload.unpack(signatures.verify_attached(jws, signatures.BATCH_TYP, lookup)[1])
        except (BadSignature, FormatError):
            raise errors.SignatureWrong(pointer="/batch") from None
        settings = self._settings
        said = (payload.audience, payload.environment, payload.issuer)
        if said != (settings.audience, settings.environment, state.issuer):
            raise errors.BatchRefused("批次签名的接收方、环境或签发单位不符", pointer="/batch")
        if not _UUID.fullmatch(payload.batch_id):
            raise errors.BatchRefused("batch_id 须为小写 UUID", pointer="/batch")
        return payload


def kid_of(evidence: bytes) -> str:
    """Return the name of the key that signed, from evidence that was verified when it was admitted."""
    parsed = formats.parse_evidence(evidence)
    if isinstance(parsed, str):
        return signatures.parse_protected(parsed.partition(".")[0], signatures.RECORD_TYP).kid
    return signatures.parse_protected(parsed.batch.partition(".")[0], signatures.BATCH_TYP).kid


def _key(state: IssuerState, now_ms: int, kid: str) -> PublicKey:
    life = state.key(kid)
    if life is None:
        raise errors.KeyUnknown
    if not life.in_force(NOW, now_ms):
        raise errors.KeyNotInForce
    return life.public


def _evidence(jws: str, levels: Sequence[Sequence[bytes]], size: int) -> list[bytes]:
    """Return each record's batch evidence, canonical `{batch, index, path, size}`.

    From the root down, since all records below a node share the path from there on: it is written once.
    """
    paths = [b""]
    for row in reversed(levels[:-1]):
        texts = [b'"' + b64u_bytes(value) + b'"' for value in row]
        paths = [_path(texts, n, paths[n >> 1]) for n in range(len(row))]
    head = b'{"batch":"' + jws.encode("ascii") + b'","index":'
    tail = b'],"size":%d}' % size
    return [b'%b%d,"path":[%b%b' % (head, at, path, tail) for at, path in enumerate(paths)]


def _path(texts: Sequence[bytes], n: int, above: bytes) -> bytes:
    """Return the path of node `n` of a level, its sibling first; the last of an odd level has none."""
    if n ^ 1 == len(texts):
        return above
    return texts[n ^ 1] + b"," + above if above else texts[n ^ 1]
