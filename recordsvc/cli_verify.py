"""`recordsvc verify`: checks a bundle (凭证包), extract (摘录) or receipt (回执) offline, by given keys."""

import json
from pathlib import Path
from typing import Any

import click

from recordsvc.archive.batchforms import BatchEvidence
from recordsvc.archive.formats import FormatError
from recordsvc.archive.verify import Report, verify_bundle, verify_extract, verify_receipt
from recordsvc.archive.verify_extract import is_extract
from recordsvc.archive.verify_report import Outcome
from recordsvc.ground.ports import SystemClock
from recordsvc.ground.strictjson import StrictJsonError, canonical, is_canonical, loads
from recordsvc.translog.note import NoteError
from recordsvc.translog.proofs import HEADER
from recordsvc.vault.jwk import public_from_jwk
from recordsvc.vault.signers import PublicKey
from recordsvc.vault.verifiers import BadSignature

_MAX_RECORD = 1024 * 1024
_MAX_RECEIPTS = 256 * 1024 * 1024
_BEST = (Outcome.PROVEN, Outcome.UNPROVEN, Outcome.FALSE, Outcome.UNREADABLE)
_RECEIPTS = "recordsvc-receipts/1"
"""What `recordsvc submit` writes beside a roster: records and evidence of all its receipts."""

_NO_KEY = """请用 --log-key 给出日志的公钥：文件里的钥匙只是它自己的说法，不能用来验证它自己。
公钥由运营方公布（例如 {origin}），形如  名称+8位十六进制+base64 ；也可写成 @文件名。

Give the log's public key with --log-key: a key inside the file is only the file's own word. The operator
publishes it; it looks like name+8 hex digits+base64, or give @file."""


@click.command(
    "verify",
    epilog="Exit: 0 proven, 1 false, 2 unreadable, 3 not proven (only cosignatures asked for are missing).",
)
@click.argument("file", type=click.File("rb"))
@click.option(
    "--log-key", "log_keys", multiple=True, metavar="VKEY|@FILE", help="日志公钥 / the log's verifier key"
)
@click.option(
    "--witness-key", "witness_keys", multiple=True, metavar="VKEY|@FILE", help="见证方公钥 / a witness's key"
)
@click.option(
    "--quorum",
    type=click.IntRange(min=0),
    help="至少几个见证方联署，默认全部 / cosignatures required, default all",
)
@click.option("--region", metavar="USCC", help="登记机关的统一社会信用代码 / the region's code")
@click.option("--record", type=click.File("rb"), help="回执所指的记录 / the record of a receipt")
@click.option(
    "--evidence", type=click.File("rb"), help="其签名凭据 / its evidence, if not in the record file"
)
@click.option("--issuer-key", type=click.File("rb"), help="签发公钥（JWK） / the issuer's public JWK")
@click.option("--json", "as_json", is_flag=True, help="机器可读 / for programs")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", help="语言 / language")
@click.pass_context
def verify(ctx: click.Context, /, file: Any, **given: Any) -> None:
    """检查凭证包、摘录或回执（离线）。 Check a bundle, an extract or a receipt offline.

    A receipt needs --record: the record itself with --evidence, a file with members "record" and "jws" or
    "evidence", or the receipts.json that submit wrote (the receipt keeps its file name).
    """
    if not given["log_keys"]:
        raise click.UsageError(_NO_KEY.format(origin="https://…/log/"))
    log_keys = [_vkey(text) for text in given["log_keys"]]
    witness_keys = [_vkey(text) for text in given["witness_keys"]]
    quorum = len(witness_keys) if given["quorum"] is None else given["quorum"]
    if quorum > len(witness_keys):
        raise click.UsageError(f"--quorum {quorum} 多于给出的见证方 / more than the witnesses given")
    data, now_ms = file.read(), SystemClock().now_ms()
    try:
        if data.startswith(HEADER.encode()):
            raw, sent = _record(given["record"], given["evidence"], Path(file.name).stem)
            key = _issuer_key(given["issuer_key"])
            reports = (
                verify_receipt(data, raw, one, log_keys, witness_keys, quorum, issuer_key=key, now_ms=now_ms)
                for one in sent
            )
            # Sent twice, a record stands in two batches; the log has it with the proof of one of them. What
            # merely lacks cosignatures tells more than what belongs elsewhere.
            report = min(reports, key=lambda one: _BEST.index(one.outcome))
        else:
            check = verify_extract if is_extract(data) else verify_bundle
            report = check(data, log_keys, witness_keys, quorum, region=given["region"], now_ms=now_ms)
    except NoteError as error:
        raise click.UsageError(f"公钥无法读取 / a key cannot be read: {error}") from None
    click.echo(_shown(report, given["lang"], as_json=given["as_json"]), nl=False)
    ctx.exit(report.outcome.value)


def _shown(report: Report, lang: str, *, as_json: bool) -> str:
    if as_json:
        return json.dumps(report.to_json(), ensure_ascii=False, indent=2) + "\n"
    return report.text(lang)


def _vkey(text: str) -> str:
    if not text.startswith("@"):
        return text.strip()
    try:
        return Path(text[1:]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise click.UsageError(f"{text[1:]}: 无法读取 / cannot be read") from None


def _record(record: Any, evidence: Any, receipt: str) -> tuple[bytes, list[bytes]]:
    """R, and each E that it may stand in the log with, from one file or two; `receipt`: its name."""
    if record is None:
        raise click.UsageError("回执只证明给定的记录：请加 --record / a receipt needs --record")
    data = record.read()
    try:
        if evidence is not None:
            raw = data.rstrip(b"\n")
            is_canonical(raw)
            return raw, [evidence.read().rstrip(b"\n")]
        told = loads(data, _MAX_RECEIPTS)
        if isinstance(told, dict) and told.get("format") == _RECEIPTS:
            told = _among(told, receipt)
        if not isinstance(told, dict) or "record" not in told:
            raise click.UsageError(
                "--record 中没有签名凭据：请加 --evidence / no evidence there: add --evidence"
            )
        found = told.get("evidence", told.get("jws"))
        each = found if isinstance(found, list) and found else [found]
        return canonical(told["record"]), [_packed(one) for one in each]
    except StrictJsonError as error:
        raise click.UsageError(f"--record: {error.message_zh} / {error.message} {error.pointer}") from None
    except (FormatError, UnicodeEncodeError):
        raise click.UsageError("--record: 签名凭据无法读取 / the evidence cannot be read") from None


def _among(told: dict[str, Any], receipt: str) -> dict[str, Any]:
    """The record of a receipt among all of a roster."""
    for one in told.get("records") or []:
        if isinstance(one, dict) and one.get("id") == receipt and one.get("evidence"):
            return one
    raise click.UsageError(
        f"--record 中没有与回执文件同名的记录 / no record there is named as the receipt: {receipt}"
    )


def _packed(evidence: Any) -> bytes:
    if isinstance(evidence, str):
        return evidence.encode("ascii")
    return BatchEvidence.from_json(evidence).pack()


def _issuer_key(file: Any) -> PublicKey | None:
    if file is None:
        return None
    try:
        return public_from_jwk(loads(file.read(), _MAX_RECORD))[0]
    except (StrictJsonError, BadSignature) as error:
        raise click.UsageError(f"--issuer-key: {error}") from None
