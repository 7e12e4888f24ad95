"""Claims as they are told (申领的表述): to the worker on one screen, to officials with the trace."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims import (
    agencies,
    deceased,
    deciding,
    notices,
    refusing,
    returned,
    sealed,
    signing,
    terms,
    transitions,
)
from recordsvc.money.claims.agencies import Agency
from recordsvc.money.claims.bank import reason_of
from recordsvc.money.claims.facts import ARCHIVE
from recordsvc.money.claims.sealed import WITHHELD_ZH
from recordsvc.money.claims.values import Claim, approvals_of, decision_of, events_of, find, parts_of
from recordsvc.money.rules import explaining
from recordsvc.money.rules.decision import Verdict
from recordsvc.money.rules.entitlements import KINDS
from recordsvc.money.rules.facts import known

if TYPE_CHECKING:
    from recordsvc.house import House

WAITS_ZH: Final[Mapping[str, str]] = {
    "": "",
    "fund-short": "资金不足，等待追加预算",
    "no-account": "尚无核实过的收款账户：请持身份证和社保卡到发卡银行开通银行账户，再到人社窗口登记",
    deceased.NO_ACCOUNT: deceased.NO_ACCOUNT_ZH,
    returned.FAILED: "银行因收款账户退回了款项（已销户、冻结或户名不符）：请提供本人或本单位可用的新账户，"
    "经核实后重新支付，金额不变",
    "no-paying-account": "这项资金还没有登记付款账户，由拨付人员登记",
    "absence-unproven": "上一次支付的结果尚待银行对账单证明，证明后重新支付",
    "no-agent-account": "尚无核实过的机构收款账户：请机构持开户证明到人社窗口登记",
}
REASONS: Final = "bank_reasons"
TOPUP_ZH: Final = "（补差）"
BY_ITSELF_ZH: Final = "系统提出补差"
"""How a claim began that the service filed."""
_NEW_ACCOUNT_ZH: Final = "请持身份证和社保卡到人社窗口登记本人可用的账户；核实后重新支付，金额不变。"
AFTER_RETURN_ZH: Final[Mapping[str, str]] = {
    "ask-payee": _NEW_ACCOUNT_ZH,
    "new-account": _NEW_ACCOUNT_ZH,
    "mend-data": "拨付人员更正后重新支付，您不用办理。",
    "look-up": "拨付人员正在核对，您不用办理。",
    "ask-bank": "拨付人员正在向银行核实，您不用办理。",
    "stop": "款项已停止支付，请到人社窗口询问。",
}
"""What a payment's coming back means for who waits for it, by what its reason asks for (`bank_reasons`)."""
OWNERS_ZH: Final[Mapping[str, str]] = {
    "": "",
    "worker": "本人",
    "agent": "代办机构",
    "inspector": "监督检查人员",
    "handler": "经办人",
    "reviewer": "复核审批人",
    "payer": "拨付人员",
    "fund": "资金管理",
    "system": "系统办理中",
}
STATES_ZH: Final[Mapping[str, str]] = {
    "DRAFT": "草稿",
    "SUBMITTED": "已提交",
    "CHECKED": "待经办人受理",
    "NEED_INFO": "待补充信息",
    "ACCEPTED": "已受理，待复核",
    "REVIEWED": "已复核，待公示",
    "NOTICED": "公示中",
    "OBJECTED": "公示有异议，核实中",
    "APPROVED": "已审批，待拨付",
    "FINANCED": "已签拨付，待报盘",
    "PAYING": "银行办理中",
    "PAID": "已到账",
    "RETURNED": "银行退回，待重新支付",
    "CLOSED": "已办结",
    "REFUSED": "不予发放",
    "WITHDRAWN": "已撤回",
    "RECOVERING": "追回中",
    "RECOVERED": "已追回",
}
EVENTS_ZH: Final[Mapping[str, str]] = {
    "draft": "保存草稿",
    "file": "提出申领",
    "submit": "提交",
    "check": "按规则审核",
    "void": "补差终止",
    "ask": "要求补充信息",
    "supplement": "补充并重新审核",
    "accept": "受理（经办）",
    "review": "复核",
    "publish": "公示",
    "object": "提出异议",
    "dismiss": "异议不成立",
    "approve": "审批",
    "pass": "公示期满通过",
    "finance": "签拨付",
    "hand-over": "转拨付",
    "pay": "报银行支付",
    "paid": "到账",
    "returned": "银行退回",
    "close": "办结",
    "deceased": "申领人已故，转经办人",
    "parted": "档案合并撤回，转经办人",
    "account": "新账户已核实，待重新支付",
    "lapse": "退回逾期，收回预算",
    "return-to-check": "退回重新审核",
    "propose-refusal": "提议不予发放（另一人复核）",
    "refuse": "不予发放",
    "withdraw": "撤回",
    "recover": "启动追回",
    "recovered": "追回完毕",
    "restored": "依据的记录恢复，重新发放",
    "keep": "不予追回",
    "escalate": "逾期上报",
    "reduced": "多发部分追回完毕",
    "written-off": "应追回款核销",
}


def kind_zh(code: str) -> str:
    """Return what a kind of subsidy is called."""
    row = dated.table(KINDS).on(dated.OPEN_END).get(code)
    return str(row["zh"]) if row is not None else code


def name_zh(one: Claim) -> str:
    """Return what a claim is called: its kind, and that it tops another up."""
    return kind_zh(one.kind) + (TOPUP_ZH if one.tops is not None else "")


def brief(one: Claim) -> dict[str, Any]:
    """Return a claim as lists show it."""
    outside = transitions.OUTSIDE[one.state]
    return {
        "claim_id": one.claim_id,
        "kind": one.kind,
        "kind_name": name_zh(one),
        "tops_up": one.tops,
        "record_id": uuid.UUID(one.certificate).bytes,
        "status": outside,
        "status_name": transitions.OUTSIDE_ZH[outside],
        "state": one.state,
        "state_name": STATES_ZH[one.state],
        "amount_fen": one.amount_fen,
        "offset_fen": one.offset_fen,
        "waits": one.waits,
        "waits_for": WAITS_ZH[one.waits],
        "owner": one.owner,
        "owner_name": OWNERS_ZH[one.owner],
        "due_on": one.due_on,
        "filed_ms": one.filed_ms,
        "version": one.version,
    }


def detailed(house: "House", conn: Connection, one: Claim) -> dict[str, Any]:
    """Return a claim with why, which article, and where it stands; while its record is sealed, less."""
    closed = bool(sealed.among(conn, [one]))
    return (brief(one) | _waiting_for_the_seal(one) if closed else brief(one)) | {
        "sealed": closed,
        "decision": decision(house, conn, one),
        "events": [
            {
                "event": row.event,
                "event_name": BY_ITSELF_ZH
                if row.event == "file" and row.role == "system"
                else EVENTS_ZH[row.event],
                "state": row.target,
                "role": row.role,
                "reason": _said(row, closed=closed),
                "at_ms": row.at_ms,
            }
            for row in events_of(conn, one)
        ],
        "notice": _notice(conn, one),
        "account_ready": house.claims.payments.account_of(conn, one.payee) > 0,
        "review": _review(one),
        "refusal": _refusal(conn, one, closed=closed),
        "agent": _agent(house, conn, one),
        "came_back": _came_back(conn, one),
        "difference": None if one.tops is None else _difference(conn, one, closed=closed),
        "topups": [{"claim_id": it.claim_id, "amount_fen": it.amount_fen} for it in parts_of(conn, one)],
    }


def _refusal(conn: Connection, one: Claim, *, closed: bool) -> dict[str, Any] | None:
    """Return on what people refuse what the rule grants, without who they are."""
    words = refusing.refusal_of(conn, one)
    if words is None:
        return None
    first, second = words
    return {
        "article": first.article,
        "found": WITHHELD_ZH if closed else first.found,
        "found_on": first.found_on,
        "evidence": WITHHELD_ZH if closed else first.evidence,
        "decided": "" if second is None else WITHHELD_ZH if closed else second.found,
        "proposed_ms": first.at_ms,
        "decided_ms": None if second is None else second.at_ms,
    }


def _by_whom(conn: Connection, one: Claim, told: dict[str, Any]) -> dict[str, Any] | None:
    """Return a refusal with who proposed it and who decided it, as the desk sees it."""
    words = refusing.refusal_of(conn, one)
    if words is None:
        return None
    by = [row.actor for row in words if row is not None]
    shown: dict[str, Any] = told["refusal"]
    return shown | dict(zip(("proposed_by", "decided_by"), by, strict=False))


def _waiting_for_the_seal(one: Claim) -> dict[str, Any]:
    """Return how a claim is told that waits for its record alone: it is nobody's to bring on, by no day."""
    return {"owner": "", "owner_name": "", "due_on": None} if one.state == "NEED_INFO" else {}


def _difference(conn: Connection, one: Claim, *, closed: bool) -> dict[str, Any]:
    """Return what was kept before, what is due now, and in what the record says otherwise than it did."""
    first = find(conn, one.tops or b"")
    rows = [decision_of(conn, it) for it in (first, one)]
    documents = [deciding.document_of(row)["facts"] for row in rows if row is not None]
    facts = documents if len(documents) == len(rows) and not closed else [{}, {}]
    if any(sealed.rests(conn, one, it) for it in facts if it):
        facts = [{}, {}]
    was, now = (
        {name: fact["value"] for name, fact in it.items() if ARCHIVE in fact["source"]} for it in facts
    )
    return {
        "claim_id": first.claim_id,
        "was_fen": one.before_fen,
        "recovered_fen": 0 if one.before_fen else first.amount_fen,
        "is_fen": one.before_fen + one.amount_fen,
        "difference_fen": one.amount_fen,
        "changed": [
            {
                "name": name,
                "zh": known(name).zh,
                "was": explaining.shown(name, was[name]) if name in was else "",
                "now": explaining.shown(name, now[name]) if name in now else "",
            }
            for name in sorted(was.keys() | now.keys())
            if was.get(name) != now.get(name)
        ],
    }


def _said(row: Any, *, closed: bool) -> str:
    """Return why a step was taken, in words: what it waits for, to whom it was reported, or as typed."""
    if row.event == "escalate":
        return OWNERS_ZH[row.reason]
    typed = row.reason not in WAITS_ZH and row.role != transitions.SYSTEM
    return WITHHELD_ZH if closed and typed else WAITS_ZH.get(row.reason, row.reason)


def bring(conn: Connection, one: Claim) -> str:
    """Return what a claim without a verified account needs."""
    return WAITS_ZH[deceased.without_account(conn, one)[0]]


def _ways(conn: Connection, one: Claim, roles: frozenset[str]) -> list[str]:
    refusals = (refusing.PROPOSE, refusing.REFUSE)
    found = transitions.ways(one.state, roles)
    if not deceased.is_orphaned(conn, one):
        found = [event for event in found if event != "withdraw"]
    return [it for it in found if it not in refusals or refusing.offered(conn, one, it, roles)]


def for_desk(house: "House", conn: Connection, one: Claim, roles: frozenset[str]) -> dict[str, Any]:
    """Return a claim with the facts, the signatures, the flags, and what may be done by these roles."""
    told = detailed(house, conn, one)
    return told | {
        "payee": one.payee.partition(":")[0],
        "filed_by": one.filed_by,
        "flags": list(signing.flags(house, conn, one)),
        "ways": _ways(conn, one, roles),
        "refusal": _by_whom(conn, one, told),
        "approvals": [
            {
                "round": row.round,
                "step": row.step,
                "event": row.event,
                "actor": row.actor,
                "role": row.role,
                "amount_fen": row.amount_fen,
                "list_sha256": row.list_sha256,
                "signed_ms": row.signed_ms,
                "counts": row.round == one.round,
            }
            for row in approvals_of(conn, one)
        ],
        "objections": [
            {
                "text": WITHHELD_ZH if told["sealed"] else row.text,
                "taken_by": row.taken_by,
                "taken_ms": row.taken_ms,
            }
            for row in notices.objections(conn, one)
        ],
    }


def decision(house: "House", conn: Connection, one: Claim) -> dict[str, Any] | None:
    """Return the decision that counts, in words; None: there is none."""
    row = decision_of(conn, one)
    if row is None:
        return None
    document = deciding.document_of(row)
    told: dict[str, Any] = {
        "verdict": row.verdict,
        "amount_fen": row.amount_fen,
        "rule": row.rule,
        "title": document["title"] if row.sha256 else name_zh(one),
        "sha256": row.sha256,
        "basis_date": row.basis_date,
        "decided_ms": row.decided_ms,
        "headline": explaining.HEADLINES[row.verdict],
        **dict.fromkeys(("document", "sample", "reason"), ""),
        **{name: [] for name in ("facts", "failed", "met", "missing", "basis")},
    }
    facts, closed = document["facts"], bool(sealed.among(conn, [one]))
    if closed and row.verdict == Verdict.NEED_INFO:
        told["headline"] = sealed.PAUSED_ZH  # nothing is lacking that anybody could bring
    if facts and (closed or sealed.rests(conn, one, facts)):
        return told | {"basis_date": None, "reason": sealed.SEALED_ZH}
    told["facts"] = [
        {"name": name, "zh": known(name).zh, "value": explaining.shown(name, fact["value"]), **_source(fact)}
        for name, fact in sorted(facts.items())
        if name != "prior"
    ]
    if not row.sha256:
        # No rule was asked: an official's case, or a record that is sealed.
        day = row.basis_date or beijing_date(row.decided_ms).isoformat()
        asked = () if closed else document["missing"]
        missing = [asdict(explaining.lacking(name)) for name in asked]
        return told | {"reason": explaining.because(document["reason"], day), "missing": missing}
    rule = house.claims.rules.version(row.sha256)
    words = explaining.explain(rule, deciding.again(rule, bytes(row.document)))
    hidden = row.verdict != Verdict.GRANT and sealed.some(conn, one)
    return told | {
        "headline": words.headline,
        "document": rule.head.document,
        "sample": words.sample,
        "reason": words.reason or (explaining.SEALED_ZH if hidden else ""),
        "basis": list(words.basis),
        "failed": [_reason(asdict(it)) for it in words.failed],
        "met": [_reason(asdict(it)) for it in words.met],
        "missing": [asdict(explaining.behind_seal(it) if hidden else it) for it in words.missing],
    }


def _source(fact: Mapping[str, Any]) -> dict[str, str]:
    return {"source": str(fact["source"]), "on": str(fact["on"])}


def _reason(told: dict[str, Any]) -> dict[str, Any]:
    """Return a clause as it is told, without the comparisons that the sentence already says."""
    return {name: told[name] for name in ("clause", "article", "text", "tell", "would_pass_if")}


def _notice(conn: Connection, one: Claim) -> dict[str, Any] | None:
    if one.notice_id is None:
        return None
    found = notices.find(conn, one.notice_id)
    return {"notice_id": found.notice_id, "start_on": found.start_on, "end_on": found.end_on}


def _agent(house: "House", conn: Connection, one: Claim) -> dict[str, Any] | None:
    """Return which institution filed it, and on which contract; None: the claimant, or a window for them."""
    found = agencies.of_claim(conn, one)
    return None if found is None else agency(house, found)


def agency(house: "House", found: Agency) -> dict[str, Any]:
    """Return a contract as it is told."""
    today = beijing_date(house.clock.now_ms()).isoformat()
    known = house.institutions.all().get(found.institution)
    return {
        "agency_id": found.agency_id,
        "institution": found.institution,
        "institution_name": known.name_on(today) if known is not None else "",
        "kinds": [{"kind": kind, "kind_name": kind_zh(kind)} for kind in found.kinds],
        "signed_on": found.signed_on,
        "until_on": found.until_on,
        "source": found.source,
        "paper_id": found.paper_id,
        "how": found.how,
        "reason": found.reason,
        "in_force": not found.how and found.until_on >= today,
        "made_ms": found.made_ms,
        "ended_ms": found.ended_ms,
    }


def _came_back(conn: Connection, one: Claim) -> str:
    """Say why a payment came back and what to do; empty: none did, or it is on its way anew."""
    if one.state != "RETURNED":
        return ""
    reason = reason_of(conn, one.payment)
    row = dated.table(REASONS).on(dated.OPEN_END).get(reason)
    why = str(row["zh"]) if row is not None else "银行未说明原因"
    return f"银行退回：{why}。{AFTER_RETURN_ZH[str(row['then']) if row is not None else 'ask-bank']}"


def _review(one: Claim) -> dict[str, Any] | None:
    """Return until when and with whom a refusal can be contested."""
    return terms.review_until(beijing_date(one.changed_ms)) if one.state == "REFUSED" else None
