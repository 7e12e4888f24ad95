"""Doors of officials to issuers' keys: two registrars for most acts, one to stop a key at once.

The same doors propose where the key is the region's own, which one person must not stop.
"""

from typing import Any

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.policy import door
from recordsvc.access.services import once, reference
from recordsvc.archive import errors, keys
from recordsvc.archive.forms import (
    IssuerKeysForm,
    KeyActedForm,
    KeyActForm,
    NewIssuerKeyForm,
    ReleaseProposedForm,
    RetireKeysForm,
    SuspectForm,
)
from recordsvc.archive.keyevents import NO_END
from recordsvc.archive.services import bp, house
from recordsvc.ground import answers, two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import NotFound


@door(
    bp,
    "GET",
    "/v1/desk/issuers/<issuer>/keys",
    policy="institution.read",
    answer=IssuerKeysForm,
    summary="签发单位的钥匙 / An issuer's keys",
)
def list_keys(issuer: str) -> flask.Response:
    """List keys with their state as the log's events make it."""
    state = house().issuers.state(issuer)
    if state is None:
        raise NotFound
    items = [
        {
            "kid": kid,
            "alg": life.public.alg,
            "state": life.states[-1][1].name.lower(),
            "not_before_ms": life.not_before_ms,
            "not_after_ms": None if life.not_after_ms == NO_END else life.not_after_ms,
            "suspected_since_ms": life.suspected_since_ms,
        }
        for kid, life in state.history.keys.items()
    ]
    return answers.answer({"items": items}, form=IssuerKeysForm)


@door(
    bp,
    "POST",
    "/v1/desk/issuers/<issuer>/keys",
    policy="issuer-key.propose",
    body=NewIssuerKeyForm,
    answer={202: ReleaseProposedForm},
    problems=(errors.KeyEventRefused,),
    idempotent=True,
    summary="提出登记钥匙 / Propose an issuer's key",
)
def propose_key(issuer: str, form: dict[str, Any]) -> flask.Response:
    """Propose a key; it is in force once a second official approves."""
    if issuer != house().settings.region and house().institutions.find(issuer) is None:
        raise NotFound
    payload, by = {"issuer": issuer, **form}, reference()
    made = once(lambda turn: keys.propose_key(turn, house(), payload, by).hex())
    return answers.answer({"proposal_id": bytes.fromhex(made), "count": 1}, 202, form=ReleaseProposedForm)


@door(
    bp,
    "POST",
    "/v1/desk/issuers/<issuer>/keys/revoke",
    policy="issuer-key.propose",
    body=KeyActForm,
    answer={202: ReleaseProposedForm},
    problems=(errors.KeyEventRefused,),
    idempotent=True,
    summary="提出吊销钥匙 / Propose to revoke a key for good",
)
def propose_revoke(issuer: str, form: dict[str, Any]) -> flask.Response:
    """Propose the end of a key."""
    return _proposed(keys.REVOKE, issuer, {"issuer": issuer, **form})


@door(
    bp,
    "POST",
    "/v1/desk/issuers/<issuer>/keys/retire",
    policy="issuer-key.propose",
    body=RetireKeysForm,
    answer={202: ReleaseProposedForm},
    problems=(errors.KeyEventRefused,),
    idempotent=True,
    summary="提出吊销停办机构的全部钥匙 / Propose to revoke all keys of a closed institution",
)
def propose_retirement(issuer: str, form: dict[str, Any]) -> flask.Response:
    """Propose the end of all keys of an institution that is closed."""
    why, by = form["reason"], reference()
    proposal = once(lambda turn: keys.propose_retirement(turn, house(), issuer, why, by).hex())
    return answers.answer({"proposal_id": bytes.fromhex(proposal), "count": 1}, 202, form=ReleaseProposedForm)


@door(
    bp,
    "POST",
    "/v1/desk/issuers/<issuer>/keys/lift",
    policy="issuer-key.propose",
    body=KeyActForm,
    answer={202: ReleaseProposedForm},
    problems=(errors.KeyEventRefused,),
    idempotent=True,
    summary="提出恢复钥匙 / Propose to lift a suspension",
)
def propose_lift(issuer: str, form: dict[str, Any]) -> flask.Response:
    """Propose that a suspended key may sign again."""
    return _proposed(keys.LIFT, issuer, {"issuer": issuer, **form})


@door(
    bp,
    "POST",
    "/v1/desk/issuers/<issuer>/keys/suspend",
    policy="issuer-key.suspend",
    body=KeyActForm,
    answer={200: KeyActedForm, 202: ReleaseProposedForm},
    problems=(errors.KeyEventRefused,),
    summary="立即暂停钥匙（登记机关自己的钥匙须两人） / Suspend a key at once; the region's own: propose it",
)
def suspend_key(issuer: str, form: dict[str, Any]) -> flask.Response:
    """Stop a key on one official's word; entries it signed before keep verifying."""
    if issuer == house().settings.region:
        return _proposed(keys.SUSPEND, issuer, {"issuer": issuer, **form})
    index = keys.suspend(house(), issuer, form["kid"], actor(), form["reason"])
    return answers.answer({"index": index}, form=KeyActedForm)


@door(
    bp,
    "POST",
    "/v1/desk/issuers/<issuer>/keys/suspect",
    policy="issuer-key.suspend",
    body=SuspectForm,
    answer={200: KeyActedForm, 202: ReleaseProposedForm},
    problems=(errors.KeyEventRefused,),
    summary="标记疑似泄露（登记机关自己的须两人） / Flag entries since a suspicion, or propose it",
)
def suspect_key(issuer: str, form: dict[str, Any]) -> flask.Response:
    """Flag what the key signed since then, not before its registration; it is never taken back."""
    if issuer == house().settings.region:
        return _proposed(keys.SUSPECT, issuer, {"issuer": issuer, **form})
    index = keys.suspect(house(), issuer, form["kid"], form["since_ms"], actor(), form["reason"])
    return answers.answer({"index": index}, form=KeyActedForm)


def _proposed(kind: str, issuer: str, payload: dict[str, Any]) -> flask.Response:
    by = reference()

    def act(turn: Turn) -> str:
        return two_person.propose(turn, kind, issuer, payload, by).hex()

    return answers.answer(
        {"proposal_id": bytes.fromhex(once(act)), "count": 1}, 202, form=ReleaseProposedForm
    )
