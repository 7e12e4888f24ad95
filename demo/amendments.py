"""Corrections, revocations and restorations, by the institution that signed the record."""

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from typing import Any

from demo import numbers
from demo.ledger import Draft

_REVOCATIONS = (
    ("entered-in-error", "录入时选错了班级，已重新核对花名册"),
    ("duplicate", "同一期培训重复上传"),
    ("result-annulled", "考核现场核查不符合规程，成绩作废"),
    ("authority-order", "经监督检查，该班考勤资料不全，按处理决定撤销"),
)


def amend(rng: random.Random, drafts: Sequence[Draft], today: dt.date) -> Iterator[Draft]:
    """Draw about one correction in eighty completions, a few revocations, and restore one that was wrong."""
    before = today - dt.timedelta(30)
    open_to_change = [
        draft
        for draft in drafts
        if draft.type == "training-completion" and draft.issued_on < before and draft.issuer.until_on is None
    ]
    scored = [draft for draft in open_to_change if "score" in draft.body]
    named = next(draft for draft in scored if draft.person.key == "welder")
    corrected = [named, *rng.sample([one for one in scored if one is not named], len(scored) // 80)]
    for draft in corrected:
        yield _signed(rng, draft, "correction", _correction(rng, draft), today - dt.timedelta(20))
    left = [draft for draft in open_to_change if draft not in corrected and not draft.person.key]
    for place, draft in enumerate(rng.sample(left, 2 * len(_REVOCATIONS))):
        reason, text = _REVOCATIONS[place % len(_REVOCATIONS)]
        body = {"reason": reason, "revokes": draft.record_id, "text": text}
        yield _signed(rng, draft, "revocation", body, today - dt.timedelta(12))
        if place == 0:
            again = {"reason": "经本人申请复核，原记录无误，撤销决定作废", "restores": draft.record_id}
            yield _signed(rng, draft, "restoration", again, today - dt.timedelta(3))


def _signed(rng: random.Random, target: Draft, kind: str, body: dict[str, Any], issued_on: dt.date) -> Draft:
    identity = numbers.record_id(rng, issued_on)
    return Draft(identity, kind, target.issuer, target.person, target.card, issued_on, body)


def _correction(rng: random.Random, draft: Draft) -> dict[str, Any]:
    """Correct a mark typed wrongly, or the number a class was filed under."""
    if rng.random() < 0.6:
        typed, off = int(draft.body["score"]), rng.randrange(2, 9)
        # Upwards where there is room: a mark that stays as it was is no correction.
        score = typed + off if typed + off <= 99 else typed - off
        fields: dict[str, Any] = {"/body/score": str(score)}
        reason = "结业成绩录入有误，以纸质成绩单为准"
        if draft.body["result"] == "failed" and score >= 60:
            fields["/body/result"] = "passed"
    else:
        fields = {"/body/class/filing": draft.body["class"]["filing"] + "-1"}
        reason = "开班备案号录入有误"
    return {"corrects": draft.record_id, "fields": fields, "reason": reason}
