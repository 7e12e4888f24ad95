"""The demo region's accounts, entered by two payers; a simulated bank stands behind the folder of each.

The accounts and the bank do not exist: the bank's office number (联行号) is nobody's.
"""

from typing import Final

from demo.doors import Service, Session

ACCOUNT: Final = {
    "code": "employ",
    "fund": "EMPLOY_SUBSIDY",
    "number": "640100000000000001",
    "name": "样例：就业补助资金支付专户",
    "bank": "999999000001",
    "adapter": "iso20022",
}


FEES: Final = ACCOUNT | {
    "code": "fees",
    "fund": "FEES",
    "number": "640100000000000009",
    "name": "样例：培训考试费代收专户",
}
"""Into which fees come (`recordsvc.money.fees`)."""


def connect(service: Service) -> None:
    """Have one payer propose each account and another approve it, unless it is there."""
    first = Session(service, {"kind": "payer"})
    known = [one["code"] for one in first.get("/v1/desk/bank/accounts")["items"]]
    for account in (ACCOUNT, FEES):
        if account["code"] in known:
            continue
        proposal = first.post("/v1/desk/bank/accounts", account)["proposal_id"]
        second = Session(service, {"kind": "payer-2"})
        word = {"approve": True, "reason": "演示：账户信息与银行开户许可一致"}
        second.post(f"/v1/desk/bank/proposals/{proposal}/decide", word)
        second.leave()
    first.leave()
