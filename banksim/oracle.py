"""What must be true at the end of a run, whatever went wrong: the bank's book against the payer's.

Whoever is judged hands in plain rows; nothing of its code is used here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from banksim.book import Book


@dataclass(frozen=True, slots=True)
class Ours:
    """A payment or debit as the payer has it: `claim` is what it is for, `settled`: counted as booked."""

    claim: str
    end_to_end_id: str
    amount_fen: int
    settled: bool
    over: bool
    """Rejected or returned: whoever is paid must be paid by another attempt."""


def judge(book: Book, ours: Iterable[Ours], breaks: Iterable[str], mirror_fen: int) -> list[str]:
    """Return what is not as it must be; nothing: all is well. `breaks` are texts that name what is open."""
    open_breaks, payments = list(breaks), list(ours)
    net: Counter[str] = Counter()
    net_fen: Counter[str] = Counter()
    collected = book.collected()
    references: dict[str, list[str]] = defaultdict(list)
    for row in book.lines():
        if row["truly"]:
            # What is taken from others comes in, what is paid goes out; anything else takes it back.
            way = 1 if bool(row["credit"]) == (row["truly"] in collected) else -1
            net[row["truly"]] += way
            net_fen[row["truly"]] += way * row["amount"]
            references[row["truly"]].append(row["reference"])
    found = [f"{key}: {count} net credits" for key, count in net.items() if count not in (0, 1)]
    by_claim: Counter[str] = Counter()
    for one in payments:
        by_claim[one.claim] += net[one.end_to_end_id]
        amount_fen = one.amount_fen if one.settled else 0
        if (one.settled, amount_fen) != (bool(net[one.end_to_end_id]), net_fen[one.end_to_end_id]):
            names = (one.end_to_end_id, *references[one.end_to_end_id])
            if not any(name in text for text in open_breaks for name in names):
                count, fen = net[one.end_to_end_id], net_fen[one.end_to_end_id]
                found.append(f"{one.end_to_end_id}: settled {amount_fen}, at the bank {fen} in {count}")
    found += [f"{claim}: paid {count} times" for claim, count in by_claim.items() if count > 1]
    known = {one.end_to_end_id for one in payments}
    found += [f"{key}: credited and nobody's" for key in net if key not in known]
    if mirror_fen != book.balance:
        found.append(f"mirror {mirror_fen}, bank {book.balance}")
    return found
