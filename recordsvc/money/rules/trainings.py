"""Which training it was (培训的同一性): one training is paid for once, under whatever name it is claimed.

A training is named by the class that its institution kept: `<uscc>/<code of the class>`, unique within the
institution. Enrolment, completion and the certificate that names its class say so themselves; a certificate
that does not is that of the completion it rests on. A class whose code is corrected keeps what was paid for
it: what was decided under an older code is read under the one that holds now.

    enrolment ── completion ── training certificate      the class, on each of them
                     └── level certificate                the completion of its occupation and level

Where nothing says which training a certificate is of, nobody guesses: the fact is missing.
"""

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from recordsvc.archive.amend import CorrectionUnfit, corrected_body
from recordsvc.archive.reading import Archive
from recordsvc.archive.states import RecordState

OF_A_CLASS: Final = frozenset({"training-completion", "enrolment"})
"""Types of records that name the class of a training, always."""
_UNLEVELLED: Final = frozenset({"0", "apprentice"})
"""Codes of `levels` that name none of the grades in which people are assessed."""


def named(body: Mapping[str, Any]) -> str | None:
    """Return the training that a record's own body names: institution (USCC) and its code of the class."""
    institution, course = body.get("institution") or {}, body.get("class") or {}
    uscc, code = institution.get("uscc"), course.get("code")
    return f"{uscc}/{code}" if uscc and code else None


def of_certificate(body: Mapping[str, Any], completions: Iterable[RecordState]) -> RecordState | None:
    """Return the passed completion that a certificate is of; None: none in force that it could be.

    The one it names, else the one of the class it names, else the newest of its occupation that ended
    before it was issued and was of no other level.
    """
    passed = [one for one in completions if one.body is not None and one.body["result"] == "passed"]
    rests_on, own = body.get("completion"), named(body)
    if rests_on is not None:
        return next((one for one in passed if (one.record or {}).get("id") == rests_on), None)
    if own is not None:
        return next((one for one in passed if named(one.body or {}) == own), None)
    fitting = [one for one in passed if _fits(one.body or {}, body)]
    return max(fitting, key=lambda one: ((one.body or {})["ended_on"], one.seq), default=None)


def _fits(training: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    occupation, trained = body.get("occupation") or {}, training["occupation"]
    code = occupation.get("code") or occupation.get("catalogue")
    levels = {str(one.get("level", "0")) for one in (training, body)} - _UNLEVELLED
    return (
        code is not None
        and code in (trained.get("code"), trained.get("catalogue"))
        and training["ended_on"] <= body["certificate"]["issued_on"]
        and len(levels) <= 1
    )


def as_named_now(archive: Archive, record_id: str, decided: str | None) -> str | None:
    """Return how the training of a claim on a record is named now.

    `decided`: how it was when the claim was decided; None: it was not known then.
    """
    now, renamed = dict[str, str](), dict[str, str]()
    for one in archive.state.records:
        current = named(one.body or {})
        if one.record is None or current is None or one.record["type"] not in OF_A_CLASS:
            continue
        now[str(one.record["id"])] = current
        renamed |= dict.fromkeys(_before(one), current)
    if record_id in now:
        return now[record_id]
    if decided is None or decided in now.values():
        return decided
    return renamed.get(decided, decided)


def _before(one: RecordState) -> set[str]:
    """Return how the versions of a record named its training."""
    versions: list[Mapping[str, Any]] = [(one.record or {}).get("body") or {}]
    for entry in one.corrections:
        if entry.record is not None:
            with contextlib.suppress(CorrectionUnfit):  # without effect in the archive, too
                versions.append(corrected_body(versions[-1], entry.record["body"]))
    return {name for version in versions if (name := named(version)) is not None}
