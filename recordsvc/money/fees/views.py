"""Fees as they are told (缴费的表述): to the payer every step, to institutions and officials by number."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.engine import Connection

from recordsvc.money.fees import offerings, values
from recordsvc.money.fees.offerings import Offering
from recordsvc.money.fees.tables import fee_order, fee_payment, fee_refund
from recordsvc.money.fees.transitions import PAID
from recordsvc.money.fees.values import Order, Payment, Refund

KINDS_ZH: Final[Mapping[str, str]] = {"class": "培训班", "exam": "考试"}
STATES_ZH: Final[Mapping[str, str]] = {
    "NEW": "待缴费",
    "PENDING": "缴费办理中",
    "UNKNOWN": "银行尚未答复",
    "PAID": "已缴费",
    "PART_REFUNDED": "已部分退费",
    "REFUNDED": "已全部退费",
    "FAILED": "没有缴成",
    "CANCELLED": "已取消",
}
WAYS_ZH: Final[Mapping[str, str]] = {
    "counter": "机构柜台",
    "debit": "社保卡账户代扣",
    "instant": "社保卡即时支付",
}
PAYMENTS_ZH: Final[Mapping[str, str]] = {
    "open": "待确认",
    "unknown": "银行尚未答复",
    "booked": "已入账",
    "surplus": "多收，应退",
    "returned": "代扣已退回，凭条作废",
    "failed": "没有收到",
}
GROUNDS_ZH: Final[Mapping[str, str]] = {
    "left": "中途退出",
    "not-admitted": "未被录取",
    "cancelled": "停办",
    "dispute": "争议处理",
    "surplus": "重复缴费",
}
REFUNDS_ZH: Final[Mapping[str, str]] = {"due": "待退", "given": "已付，待复核", "done": "已退"}
DISPUTES_ZH: Final[Mapping[str, str]] = {
    "": "",
    "amount": "金额与公示的不符",
    "not-mine": "不是本人下的单",
    "not-held": "没有开课或考试",
    "quality": "与承诺的内容不符",
}
EVENTS_ZH: Final[Mapping[str, str]] = {
    "order": "下单",
    "cancel": "取消",
    "pay": "开始缴费",
    "silence": "银行逾期未答复",
    "paid": "缴费入账",
    "charged-back": "代扣被银行退回付款人",
    "fail": "没有缴成",
    "refund": "决定退费",
    "refunded": "退费完成",
    "dispute": "提出争议",
    "dispute-ended": "争议处理完毕",
}


def brief(one: Order) -> dict[str, Any]:
    """Return an order as lists show it."""
    return {
        "order_id": one.order_id,
        "number": one.number,
        "offering_id": one.offering_id,
        "institution": one.institution,
        "kind": one.kind,
        "kind_name": KINDS_ZH[one.kind],
        "course": one.course,
        "title": one.title,
        "state": one.state,
        "state_name": STATES_ZH[one.state],
        "amount_fen": one.amount_fen,
        "paid_fen": one.paid_fen,
        "refunded_fen": one.refunded_fen,
        "disputed": one.disputed,
        "ordered_ms": one.ordered_ms,
        "version": one.version,
    }


def detailed(conn: Connection, one: Order) -> dict[str, Any]:
    """Return an order with its steps, payments and refunds."""
    return brief(one) | {
        "price_from": one.price_from,
        "basis": next(
            (it.basis for it in offerings.prices(conn, one.offering_id) if it.from_on == one.price_from), ""
        ),
        "payments": [payment(it) for it in values.payments(conn, *values.of_order(fee_payment, one))],
        "refunds": [refund(it) for it in values.refunds(conn, *values.of_order(fee_refund, one))],
        "events": [
            {
                "event": it["event"],
                "event_name": EVENTS_ZH[it["event"]],
                "state": it["target"],
                "at_ms": it["at_ms"],
            }
            for it in values.history(conn, one)
        ],
    }


def payment(one: Payment) -> dict[str, Any]:
    """Return a payment as it is told."""
    return {
        "payment_id": one.payment_id,
        "way": one.way,
        "way_name": WAYS_ZH[one.way],
        "amount_fen": one.amount_fen,
        "reference": one.reference,
        "state": one.state,
        "state_name": PAYMENTS_ZH[one.state],
        "taken_ms": one.taken_ms,
        "booked_ms": one.booked_ms,
    }


def refund(one: Refund) -> dict[str, Any]:
    """Return a refund as it is told."""
    return {
        "refund_id": one.refund_id,
        "amount_fen": one.amount_fen,
        "ground": one.ground,
        "ground_name": GROUNDS_ZH[one.ground],
        "reason": one.reason,
        "at_counter": not one.account,
        "reference": one.reference,
        "state": one.state,
        "state_name": REFUNDS_ZH[one.state],
        "decided_ms": one.decided_ms,
        "done_ms": one.done_ms,
    }


def offered(conn: Connection, one: Offering, today: dt.date) -> dict[str, Any]:
    """Return an offering with its prices, and whether it may be ordered today."""
    day = today.isoformat()
    now = offerings.price_on(conn, one.offering_id, day)
    return {
        "offering_id": one.offering_id,
        "institution": one.institution,
        "kind": one.kind,
        "kind_name": KINDS_ZH[one.kind],
        "course": one.course,
        "title": one.title,
        "units": one.units,
        "held": one.held,
        "until_on": one.until_on,
        "cancelled": one.cancelled,
        "amount_fen": None if now is None else now.amount_fen,
        "open": now is not None and one.open_on(day),
        "prices": offerings.prices(conn, one.offering_id),
    }


def whole(conn: Connection, one: Offering, today: dt.date) -> dict[str, Any]:
    """Return an offering with its orders by number, and their sums: what institutions and officials see."""
    orders = values.listed(conn, fee_order.c.offering_id == one.offering_id)
    return offered(conn, one, today) | {
        "orders": [detailed(conn, it) for it in orders],
        "paid": sum(it.state in PAID for it in orders),
        "collected_fen": sum(it.paid_fen for it in orders),
        "refunded_fen": sum(it.refunded_fen for it in orders),
    }
