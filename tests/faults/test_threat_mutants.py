"""Controls of further rows of the threat list, taken away one at a time, as in `test_mutants.py`.

The last ones need a browser: where there is none, nothing is missed and nothing is shown.
"""

from typing import Final

import pytest

from tests.faults.test_mutants import Mutant, missed, standing, tree

__all__ = ["tree"]
ACCESS: Final = "recordsvc/access"
MUTANTS: Final = (
    Mutant(
        "a machine may use what it likes of its ceiling unseen",
        25,
        "recordsvc/archive/volume_alarms.py",
        'and used > usual * _rule(today, "rise-times"):',
        "and used < 0:",
        "tests/archive/test_volume_alarms.py -k 'busiest_one and sqlite'",
    ),
    Mutant(
        "nobody's secret is not looked at",
        21,
        f"{ACCESS}/hashing.py",
        "    try:\n        _HASHER.verify(",
        "    if kept is None:\n        return False\n    try:\n        _HASHER.verify(",
        "tests/access/test_alike_work.py -k 'a_password and sqlite'",
    ),
    Mutant(
        "a head's code needs no decision of two",
        17,
        f"{ACCESS}/heads.py",
        "            raise CodeUndecided\n",
        "            right = bytes(16)\n",
        "tests/access/test_heads.py -k 'alone_lets and sqlite'",
    ),
    Mutant(
        "who takes a slip compares it unseen",
        51,
        "recordsvc/archive/slip_checks.py",
        'if row.state == "open" and not _opened(turn.conn, worker_id, paper_id, who, row.used_ms):',
        "if False:",
        "tests/web/test_slip_checks.py -k 'not_opened_it and sqlite'",
    ),
    Mutant(
        "a slip that differs ends nothing",
        51,
        "recordsvc/archive/slip_checks.py",
        "    if not agrees:\n        _undo(",
        "    if False:\n        _undo(",
        "tests/web/test_slip_checks.py -k 'differs_ends_the_consent and sqlite'",
    ),
    Mutant(
        "an archive that a query names is anybody's",
        2,
        "recordsvc/archive/me_routes.py",
        "if worker_id not in house().people.read_as(cursor, own):",
        "if False:",
        "tests/web/test_foreign_ids.py -k 'in_a_query and sqlite'",
    ),
    Mutant(
        "an official's own archive is anybody's",
        17,
        f"{ACCESS}/officials.py",
        "        if found is None or not found.named:\n",
        "        if True:\n",
        "tests/archive/test_own_archives.py -k 'every_door and sqlite'",
    ),
    Mutant(
        "who decides about themselves is judged by the register of before",
        17,
        f"{ACCESS}/officials.py",
        "replace(found, own=own_parties.of(conn, official_id)) if found and found.named else found",
        "found",
        "tests/archive/test_own_archives.py -k 'same_moment and sqlite'",
    ),
    Mutant(
        "who reaches for themselves is refused and not seen",
        17,
        f"{ACCESS}/own_attempts.py",
        "    if hit := who.own & parties:\n",
        "    if hit := frozenset[str]():\n",
        "tests/archive/test_own_archives.py -k 'names_oneself and sqlite'",
    ),
    Mutant(
        "a merged archive is not one's own",
        17,
        "recordsvc/people/merges.py",
        "    return beneath(conn, [person_id(conn, one) for one in workers])\n",
        "    return frozenset(workers)\n",
        "tests/archive/test_own_archives.py -k 'merge_is_followed and sqlite'",
    ),
    Mutant(
        "a kept number stays under the pepper of before",
        17,
        "recordsvc/people/kept_numbers.py",
        "    insert_missing(turn.conn, kept_tag, made)\n",
        "",
        "tests/archive/test_own_archives.py -k 'carried_along and sqlite'",
    ),
    Mutant(
        "an own archive is named as often as one likes",
        17,
        f"{ACCESS}/own_archives.py",
        "    if len(lately) >= most:\n",
        "    if False:\n",
        "tests/archive/test_own_archives.py -k 'tries_are_few and sqlite'",
    ),
    Mutant(
        "whoever sends a form is taken for a page of ours",
        56,
        f"{ACCESS}/entrance.py",
        '    if site not in (None, "same-origin", "none"):\n        raise CrossSite\n',
        "    if site is not None:\n        return\n",
        "tests/journeys/browser/test_attacks.py -k 'form_of and logout'",
    ),
    Mutant(
        "a page may stand in another's frame",
        56,
        "recordsvc/ground/answers.py",
        "\"form-action 'self'; base-uri 'none'; frame-ancestors 'none'\"",
        "\"form-action 'self'; base-uri 'none'; frame-ancestors *\"",
        "tests/journeys/browser/test_attacks.py -k 'shows_no_page and sessions'",
    ),
    Mutant(
        "scripts read the session's cookie",
        31,
        f"{ACCESS}/entering.py",
        'httponly=True, samesite="Lax", path="/")',
        'httponly=False, samesite="Lax", path="/")',
        "tests/journeys/browser/test_attacks.py -k belongs_to_the_host",
    ),
    Mutant(
        "an unknown client costs less work",
        21,
        f"{ACCESS}/assertions.py",
        "        public = key.public if key is not None else _DECOYS[header.alg]\n",
        '        if key is None:\n            raise JwtRefused("client")\n        public = key.public\n',
        "tests/access/test_assertions.py -k 'same_work and sqlite'",
    ),
    Mutant(
        "people are looked for before a batch is known to be good",
        22,
        "recordsvc/archive/admit.py",
        "if whole and takes_none(rows):",
        "if False:",
        "tests/archive/test_admission.py -k 'not_looked_for and sqlite'",
    ),
    Mutant(
        "what waits without end is still looked at",
        22,
        "recordsvc/archive/admit.py",
        "if waiting and found.waiting >= found.most:",
        "if False:",
        "tests/archive/test_admission.py -k 'limit_on and sqlite'",
    ),
    Mutant(
        "a salt that anybody would guess is a salt",
        23,
        "recordsvc/archive/admit.py",
        "salts.refuse_weak(pending(rows))",
        "pass",
        "tests/archive/test_admission.py -k 'no_random_source and sqlite'",
    ),
    Mutant(
        "a proof of hours ago is fresh",
        27,
        f"{ACCESS}/dpop.py",
        "LATE_MS: Final = 60_000",
        "LATE_MS: Final = 60_000_000",
        "tests/access/test_binding.py -k 'this_minute and sqlite'",
    ),
    Mutant(
        "a clock may be hours ahead",
        27,
        f"{ACCESS}/jose.py",
        "SKEW_MS: Final = 10_000",
        "SKEW_MS: Final = 10_000_000",
        "tests/access/test_hostile_tokens.py -k sqlite",
    ),
    Mutant(
        "another institution's case is this one's",
        2,
        "recordsvc/archive/dispute_routes.py",
        "    if dispute is None or dispute.issuer != issuer or not dispute.issuer_told:\n",
        "    if dispute is None or not dispute.issuer_told:\n",
        "tests/archive/test_own_foreign.py -k 'foreign_answers and staff-clerk and sqlite'",
    ),
    Mutant(
        "a feed is asked after a number",
        20,
        "recordsvc/archive/forms.py",
        "    cursor = text(1, 200, load_default=None)\n    limit = WholeText(load_default=500,",
        "    number = cursor = text(1, 200, load_default=None)\n    limit = WholeText(load_default=500,",
        "tests/access/test_policy.py -k persons_number",
    ),
    Mutant(
        "what is foreign costs more work than what is missing",
        21,
        "recordsvc/archive/dispute_routes.py",
        "        dispute = disputes.find(conn, dispute_id)\n"
        "    if dispute is None or dispute.issuer != issuer or not dispute.issuer_told:\n",
        "        dispute = disputes.find(conn, dispute_id)\n        if dispute is not None:\n"
        "            disputes.find(conn, dispute_id)\n"
        "    if dispute is None or dispute.issuer != issuer or not dispute.issuer_told:\n",
        "tests/archive/test_own_foreign.py -k 'same_work and sqlite'",
    ),
    Mutant(
        "a suspension is learnt when the register is next read",
        25,
        f"{ACCESS}/tokens.py",
        "client = self._clients.find(checked.client_id)",
        "client = self._clients.known(checked.client_id) or self._clients.find(checked.client_id)",
        "tests/access/test_tokens.py -k 'under_load and sqlite'",
    ),
    Mutant(
        "the proxy takes any length for one",
        46,
        "deploy/haproxy.cfg",
        "    http-request deny deny_status 400 if { req.hdr_cnt(content-length) gt 0 } "
        "!{ req.hdr(content-length) -m reg ^[0-9]{1,9}$ }\n",
        "",
        "tests/deploy/test_smuggling.py -k 'one_request_or_refuse and haproxy and CL'",
    ),
    Mutant(
        "a body may have two lengths",
        46,
        "recordsvc/ground/http.py",
        'if "HTTP_TRANSFER_ENCODING" in environ and environ.get("CONTENT_LENGTH"):',
        "if False:",
        "tests/ground/test_http.py -k length_and_transfer",
    ),
    Mutant(
        "a line of the log may have several",
        48,
        "recordsvc/ground/observe.py",
        'sys.stderr.write(data.decode() + "\\n")',
        'sys.stderr.write(data.decode().replace("\\\\n", "\\n") + "\\n")',
        "tests/ground/test_observe.py -k one_line",
    ),
    Mutant(
        "a look that left no row is shown",
        49,
        f"{ACCESS}/looked.py",
        "    except LookNotWritten:\n        raise\n",
        "    except LookNotWritten:\n        pass\n",
        "tests/access/test_looked.py -k 'cannot_be_written and sqlite'",
    ),
    Mutant(
        "a look taken out of its log is not missed",
        49,
        "recordsvc/archive/fsck_looked.py",
        "if values[4] is None:",
        "if values[4] is None and idx < 0:",
        "tests/faults/test_tampering.py -k 'deleted_row and sqlite'",
    ),
    Mutant(
        "a row that was changed agrees with its chain",
        49,
        "recordsvc/archive/fsck_bound.py",
        "if row is not None and row != links[-1][1:]:",
        "if False:",
        "tests/faults/test_tampering.py -k 'changed_value and official_act and sqlite'",
    ),
    Mutant(
        "a chain made anew agrees with what the log states",
        49,
        "recordsvc/archive/fsck_bound.py",
        "if not found or found[0][0] != wanted or",
        "if not found or",
        "tests/faults/test_tampering.py -k 'made_anew and sqlite'",
    ),
    Mutant(
        "a signature need not be of the record",
        50,
        "recordsvc/vault/signatures.py",
        "if not verify(key, signing_input, signature):",
        "if False:",
        "tests/archive/test_verify.py -k signature_over",
    ),
    Mutant(
        "a consent is given without a fresh proof",
        51,
        "recordsvc/archive/sharing_routes.py",
        '    policy="own.consent.give",\n    step_up=True,\n',
        '    policy="own.consent.give",\n',
        "tests/journeys/test_consent_proof.py -k 'fresh and sqlite'",
    ),
    Mutant(
        "a code that was handed over proves a consent",
        51,
        f"{ACCESS}/policy.py",
        'entrance.fresh(who) and (policy == "session.own" or not who.handed)',
        "entrance.fresh(who)",
        "tests/journeys/test_consent_proof.py -k 'fresh and sqlite'",
    ),
    Mutant(
        "a consent outlives its date",
        52,
        f"{ACCESS}/consents.py",
        "return consent.c.ended_ms.is_(None), consent.c.until_ms > turn.now_ms",
        "return consent.c.ended_ms.is_(None), consent.c.until_ms > 0",
        "tests/access/test_consents.py -k 'last_millisecond and sqlite'",
    ),
    Mutant(
        "an ended consent goes on",
        52,
        f"{ACCESS}/consents.py",
        "return consent.c.ended_ms.is_(None), consent.c.until_ms > turn.now_ms",
        "return consent.c.until_ms > 0, consent.c.until_ms > turn.now_ms",
        "tests/access/test_consents.py -k 'ended_it_fails and sqlite'",
    ),
    Mutant(
        "a consent that is used up does not end",
        52,
        f"{ACCESS}/consents.py",
        "if row.uses == row.max_uses:",
        "if False:",
        "tests/access/test_consents.py -k 'fifty and sqlite'",
    ),
)


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_control_of_the_list_that_is_taken_away_is_missed(tree, mutant: Mutant) -> None:
    missed(tree, mutant)


def test_the_controls_of_the_list_are_where_it_says() -> None:
    standing(MUTANTS)
