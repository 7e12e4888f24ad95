"""Claims (补贴申领): asked for, decided by rule, signed by several, made public, paid, and taken back.

    claim ── decide ──> decision (immutable, by the rule and the facts) ── sign, sign, … ──> payment
                                                  └── budget held from the first signature on

What a claim may do next is one table (`transitions`); every limit is the database's (`tables`).
"""
