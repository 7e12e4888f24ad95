"""The service's own checks over the whole region: nothing is refused, few remarks are made."""

import collections
import datetime as dt

from demo.institutions import INSTITUTIONS
from recordsvc.archive.checks import Context, InstitutionFacts, Severity, check

EXPECTED_REMARKS = {
    "permit-expired",  # permits of 2019 and 2020 ran out after six years
    "permit-review-overdue",  # some holders never came for the review
}


def facts(institution):
    until = institution.until_on and (institution.until_on - dt.timedelta(1)).isoformat()
    return InstitutionFacts(institution.uscc, ((institution.from_on.isoformat(), until),))


def record(draft):
    return {
        "body": draft.body, "id": draft.record_id, "issued_on": draft.issued_on.isoformat(),
        "issuer": draft.issuer.uscc, "type": draft.type, "version": 1, "worker": draft.worker(),
    }  # fmt: skip


def test_no_record_is_refused_and_old_ones_wait_for_an_official(region):
    known = {institution.uscc: facts(institution) for institution in INSTITUTIONS}
    found = collections.defaultdict(set)
    for draft in [*region.drafts, *region.amendments, *region.puzzles]:
        person = draft.person
        context = Context(
            region.today.isoformat(),
            known[draft.issuer.uscc],
            person.born.isoformat(),
            "male" if person.male else "female",
        )
        for finding in check(record(draft), context):
            found[finding.severity].add(finding.code)

    assert found[Severity.REJECT] == set()
    assert found[Severity.HOLD] == {"late", "institution-closed"}
    assert found[Severity.WARN] <= EXPECTED_REMARKS
