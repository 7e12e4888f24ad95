"""Every door that writes in the rooms of money, decided one by one: does it ask for a fresh proof?

FRESH (`step_up`): it moves money, says where it goes or how much it is, or signs for it.
BY_EVENT: one door for many steps; `transitions.moves_money` tells which of them ask.
A sentence: why whoever is signed in need not prove themselves once more.
"""

from typing import Final

FRESH: Final = "fresh proof"
BY_EVENT: Final = "fresh proof for the steps that sign or send"

OFFERED: Final = "a price that was made public before; whoever orders sees it, and nobody pays another"
CASH: Final = "says what lay on the counter, under a receipt; another person signs for it"
MANDATED: Final = "by a mandate that was signed with a fresh proof, at most its amount"
ORDERED: Final = "an order at a published price; it pays nothing"

MONEY_DOORS: Final = {
    "POST /centre/fees": OFFERED,
    "POST /centre/fees/<id:offering_id>/<act>": "fresh proof, asked in place, for refunds and calling off",
    "POST /centre/fees/<id:offering_id>/payments/<id:fee_payment_id>/check": CASH,
    "POST /centre/fees/<id:offering_id>/refunds/<id:refund_id>/check": FRESH,
    "POST /centre/fees/<id:offering_id>/refunds/<id:refund_id>/give": CASH,
    "POST /desk/bank/batches": FRESH,
    "POST /desk/bank/batches/<id:batch_id>/cancel": FRESH,
    "POST /desk/bank/breaks/<id:break_id>": FRESH,
    "POST /desk/bank/breaks/<id:break_id>/take": "says who answers for a difference; no book changes",
    "POST /desk/bank/files": FRESH,
    "POST /desk/bank/proposals/<id:payers_proposal>": FRESH,
    "POST /desk/catalogue": "tries a sheet; nothing is entered",
    "POST /desk/catalogue/propose": FRESH,
    "POST /desk/funds/<line_id>/<act>": FRESH,
    "POST /desk/funds/new": FRESH,
    "POST /desk/fees/disputes/<id:order_id>": FRESH,
    "POST /me/fees/<id:offering_id>/order": ORDERED,
    "POST /me/fees/mandate": FRESH,
    "POST /me/fees/mandate/end": "takes a consent back: what ends must not wait for a proof",
    "POST /me/fees/<id:order_id>/debit": MANDATED,
    "POST /me/fees/<id:order_id>/pay": FRESH,
    "POST /me/fees/<id:order_id>/cancel": "gives one's own order up, of which nothing is paid",
    "POST /me/fees/<id:order_id>/dispute": "stops what goes back; moves nothing",
    "POST /desk/recoveries": "opens a case; nothing is asked of anybody before two have decided",
    "POST /desk/recoveries/<id:recovery_id>": "says why one looks",
    "POST /desk/recoveries/<id:recovery_id>/<act>": FRESH,
    "POST /desk/rules/<sha256>/check": "tries a draft's own tests",
    "POST /desk/rules/<sha256>/publish": FRESH,
    "POST /desk/rules/<sha256>/simulate": "tries a version on what was decided",
    "POST /desk/rules/new": "a draft; two more steps and two people until it pays anybody",
    "POST /me/claims/<id:claim_id>/supplement": "says nothing of an account or an amount",
    "POST /me/claims/<id:claim_id>/withdraw": "gives one's own claim up; it can be filed again",
    "POST /me/recoveries/<id:recovery_id>/words": "says something; asks for nothing and pays nobody",
    "POST /me/records/<id:record_id>/claims/<kind>": "asks; officials decide, and no account is named",
    "POST /v1/centre/fee-payments": CASH,
    "POST /v1/centre/fee-payments/<id:fee_payment_id>/check": CASH,
    "POST /v1/centre/fee-refunds": FRESH,
    "POST /v1/centre/fee-refunds/<id:refund_id>/check": FRESH,
    "POST /v1/centre/fee-refunds/<id:refund_id>/give": CASH,
    "POST /v1/centre/fees": OFFERED,
    "POST /v1/centre/fees/<id:offering_id>/call-off": FRESH,
    "POST /v1/centre/fees/<id:offering_id>/prices": OFFERED,
    "POST /v1/centre/fees/<id:offering_id>/progress": "only grows; whoever doubts it disputes the fee",
    "POST /v1/desk/bank/accounts": FRESH,
    "POST /v1/desk/bank/batches": FRESH,
    "POST /v1/desk/bank/batches/<id:batch_id>/cancel": FRESH,
    "POST /v1/desk/bank/batches/<id:batch_id>/release": FRESH,
    "POST /v1/desk/bank/breaks/<id:break_id>/resolve": FRESH,
    "POST /v1/desk/bank/breaks/<id:break_id>/take": "says who answers for a difference; no book changes",
    "POST /v1/desk/bank/files": FRESH,
    "POST /v1/desk/bank/payments/<id:payment_id>/readdress": FRESH,
    "POST /v1/desk/bank/proposals/<id:payers_proposal>/decide": FRESH,
    "POST /v1/desk/catalogue": FRESH,
    "POST /v1/desk/claim-list": FRESH,
    "POST /v1/desk/claim-notices": "makes public what two have reviewed; the third signs after it",
    "POST /v1/desk/claims/<id:claim_id>/objections": "stops a claim; moves nothing",
    "POST /v1/desk/claims/<id:claim_id>/steps": BY_EVENT,
    "POST /v1/desk/funds/moves": FRESH,
    "POST /v1/desk/payables": FRESH,
    "POST /v1/desk/payables/<id:claim_id>/steps": FRESH,
    "POST /v1/desk/payee-accounts": FRESH,
    "POST /v1/desk/recoveries": "opens a case; nothing is asked of anybody before two have decided",
    "POST /v1/desk/recoveries/<id:recovery_id>/decision": FRESH,
    "POST /v1/desk/recoveries/<id:recovery_id>/drop": FRESH,
    "POST /v1/desk/recoveries/<id:recovery_id>/write-off": FRESH,
    "POST /v1/desk/rules": "a draft; two more steps and two people until it pays anybody",
    "POST /v1/desk/rules/<sha256>/check": "tries a draft's own tests",
    "POST /v1/desk/rules/<sha256>/publish": FRESH,
    "POST /v1/desk/rules/<sha256>/simulate": "tries a version on what was decided",
    "POST /v1/desk/fee-disputes/<id:order_id>": FRESH,
    "POST /v1/me/fees": ORDERED,
    "POST /v1/me/fee-mandate": FRESH,
    "POST /v1/me/fee-mandate/end": "takes a consent back: what ends must not wait for a proof",
    "POST /v1/me/fees/<id:order_id>/debit": MANDATED,
    "POST /v1/me/fees/<id:order_id>/pay": FRESH,
    "POST /v1/me/fees/<id:order_id>/cancel": "gives one's own order up, of which nothing is paid",
    "POST /v1/me/fees/<id:order_id>/dispute": "stops what goes back; moves nothing",
    "POST /v1/me/claims": "asks; officials decide, and no account is named",
    "POST /v1/me/claims/<id:claim_id>/steps": "supplements or withdraws one's own claim",
    "POST /v1/me/recoveries/<id:recovery_id>/words": "says something; asks for nothing and pays nobody",
}
