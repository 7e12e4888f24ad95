"""Two officials restrict one record, or lift that."""

from typing import Any

from recordsvc.archive import restricting
from recordsvc.archive.restricting import LIFT, RESTRICT, Asked
from recordsvc.house import House
from tests.archive.test_merging import decided


def asking(house: House, kind: str, worker_id: bytes, record_id: bytes, *papers: str) -> Any:
    """What proposes it within a turn, on papers (SHA-256)."""
    ground = "erasure-requested" if kind == RESTRICT else "request-withdrawn"
    asked = Asked(worker_id, record_id, ground, "本人申请", papers)
    return lambda turn: restricting.propose(turn, house, kind, asked, "official:first")


def seal(house: House, worker_id: bytes, record_id: bytes, *papers: str) -> int:
    """Restrict a record, on papers (SHA-256); the log index of the entry."""
    return int(decided(house, asking(house, RESTRICT, worker_id, record_id, *papers)))


def lift(house: House, worker_id: bytes, record_id: bytes) -> int:
    """Lift that; the log index of the entry."""
    return int(decided(house, asking(house, LIFT, worker_id, record_id)))
