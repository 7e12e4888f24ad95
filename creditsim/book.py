"""The bank's book (学分银行账簿): outcomes as they came, what was said of them, credits given.

A batch is checked whole (hash, count, what each line committed to) before any of it counts. Answers wait in
an outbox until the service said how they stand; only then does the book hold a decision for good.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from creditsim.faults import Dice, Faults

Say = Callable[[str, dict[str, Any]], list[str]]
"""Sends answers to a path under /v1/credits/; how each stands. Raises `OSError` when nobody answered."""
Line = dict[str, Any]
CODES = ("UNKNOWN_CODE", "OUT_OF_SCOPE", "ISSUER_NOT_APPROVED", "UNKNOWN_LEARNER")


class BatchRefused(Exception):
    """A batch is not what its header says it is; nothing of it was taken."""


@dataclass
class Held:
    """One outcome: its newest version here, how it stands, the decision that the service took."""

    version: int
    state: str
    digest: str | None
    credits: str | None = None
    decision_id: str | None = None
    redeemed: bool = False


@dataclass
class Answer:
    """One thing to say: where, what, and of which version of which outcome."""

    path: str
    said: dict[str, Any]
    wait: int = 0
    """Rounds that it still waits."""
    heard: bool = False
    """The service took it, though its reply was lost."""


@dataclass
class Book:
    """The bank."""

    dice: Dice
    faults: Faults
    taken: int = 0
    """Number of the newest batch."""
    outcomes: dict[str, Held] = field(default_factory=dict)
    outbox: list[Answer] = field(default_factory=list)
    standings: list[tuple[str, str]] = field(default_factory=list)
    """Path and standing of everything that was answered."""
    _ids: int = 0

    # -- batches in

    def receive(self, data: bytes) -> None:
        """Take a batch. Raises `BatchRefused`."""
        first, *rest = data.splitlines()
        header: dict[str, Any] = json.loads(first)["header"]
        lines: list[Line] = [json.loads(one) for one in rest]
        _check(header, lines)
        if header["n"] <= self.taken:
            return  # had before
        if header["n"] != self.taken + 1:
            raise BatchRefused("a gap between batches")
        self.taken = header["n"]
        receipt = {"batch_id": header["batch_id"], "count": len(lines), "sha256": header["sha256"]}
        self._queue("receipts", receipt)
        for line in lines:
            self._line(line)

    def _line(self, line: Line) -> None:
        name, version = line["outcome_id"], line["version"]
        before = self.outcomes.get(name)
        if version != (before.version if before else 0) + 1:
            raise BatchRefused("a gap between versions")
        now = Held(version, "pending", line["digest"])
        if before is not None and before.redeemed:
            now.credits, now.decision_id, now.redeemed = before.credits, before.decision_id, True
        self.outcomes[name] = now
        if line["op"] == "withdraw":
            now.state = "withdrawn"
            self._result(line, "accepted")
        elif "content" not in line:
            self._result(line, "pending")  # overtaken: a newer version follows
        elif self.dice.falls(self.faults.reject):
            now.state = "rejected"
            self._result(line, "rejected", code=self.dice.pick(*CODES))
        else:
            now.state = "accepted"
            self._result(line, "accepted")
            if not self.dice.falls(self.faults.undecided):
                self._decide(line)

    def _result(self, line: Line, status: str, **more: str) -> None:
        said = {"outcome_id": line["outcome_id"], "version": line["version"], "status": status}
        self._queue("results", {**said, **more})

    def _decide(self, line: Line) -> None:
        wanted = line["content"].get("reference_credit") or {"value": "2"}
        refused = wanted["value"] in ("0", "0.0") or self.dice.falls(10)
        said = {"outcome_id": line["outcome_id"], "version": line["version"]}
        said |= {"decision": "refused" if refused else self.dice.pick("recognised", "partly")}
        said |= {"decided_by": "认定委员会", "decided_on": "2026-06-01", "reason": "按目录认定"}
        self._queue(
            "decisions", said if refused else {**said, "credits": wanted["value"], "course": "焊接基础"}
        )

    def _queue(self, path: str, said: dict[str, Any]) -> None:
        self._ids += 1
        # What follows on a result may overtake it.
        wait = 1 + self._ids % 3 if self.dice.falls(self.faults.delay) else 0
        self.outbox.append(Answer(path, {"answer_id": f"answer-{self._ids:06d}", **said}, wait))

    # -- answers out

    def round(self, say: Say) -> None:
        """Say once what waits; what got lost waits for the next round."""
        waiting, self.outbox = self.outbox, []
        for one in waiting:
            if one.wait > 0 or (not one.heard and self.dice.falls(self.faults.lose)):
                one.wait -= 1
                self.outbox.append(one)
                continue
            (standing,) = say(one.path, {"answers": [one.said]})
            if self.dice.falls(self.faults.repeat):
                assert say(one.path, {"answers": [one.said]}) == [standing]  # noqa: S101 - the same again
            if self.dice.falls(self.faults.lose_reply):
                one.heard = True
                self.outbox.append(one)
                continue
            self.standings.append((one.path, standing))
            self._heard(one, standing)

    def _heard(self, one: Answer, standing: str) -> None:
        said = one.said
        held = self.outcomes.get(said.get("outcome_id", ""))
        if held is None or standing != "taken":
            return
        if one.path == "redemptions":
            # Locked for good, whatever came since.
            held.redeemed, held.credits = True, said["credits"]
        if held.version != said["version"]:
            return
        if one.path == "decisions" and not held.redeemed:
            held.credits, held.decision_id = said.get("credits"), said["answer_id"]
            if held.credits is not None and self.dice.falls(self.faults.redeem):
                redeeming = {"outcome_id": said["outcome_id"], "version": said["version"]}
                self._queue("redemptions", {**redeeming, "credits": held.credits})
        settled = one.path == "decisions" or said.get("status") in ("accepted", "rejected")
        if settled and self.dice.falls(self.faults.contradict):
            self._contradict(one)

    def _contradict(self, one: Answer) -> None:
        other = {key: value for key, value in one.said.items() if key not in ("answer_id", "code")}
        if one.path == "results":
            other["status"] = "accepted" if other["status"] == "rejected" else "rejected"
            if other["status"] == "rejected":
                other["code"] = CODES[0]
        else:
            other |= {"decision": "recognised", "credits": "9.5"}
        self._queue(one.path, other)

    # -- reconciling

    def lines(self) -> list[dict[str, Any]]:
        """Return how every outcome stands here."""
        return [
            {"outcome_id": name, "version": one.version, "state": one.state, "credits": one.credits}
            for name, one in sorted(self.outcomes.items())
        ]

    def root(self) -> str:
        """Return the root over all of them (RFC 6962)."""
        leaves = [
            hashlib.sha256(
                b"\0" + _canonical({name: one[name] for name in ("outcome_id", "state", "version")})
            )
            for one in self.lines()
        ]
        return _root([leaf.digest() for leaf in leaves]).hex()


def _check(header: dict[str, Any], lines: list[Line]) -> None:
    heads = [
        {name: one[name] for name in ("digest", "op", "outcome_id", "replaces", "version")} for one in lines
    ]
    whole = hashlib.sha256(b"".join(_canonical(one) + b"\n" for one in heads)).hexdigest()
    if (whole, len(lines)) != (header["sha256"], header["count"]):
        raise BatchRefused("hash or count")
    for one in lines:
        if "content" in one:
            salt = base64.urlsafe_b64decode(one["salt"] + "==")
            if hashlib.sha256(salt + _canonical(one["content"])).hexdigest() != one["digest"]:
                raise BatchRefused("a line is not what it committed to")


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + _root(leaves[:half]) + _root(leaves[half:])).digest()
