"""What a record means after everything that was entered behind it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordsvc.archive import status
from recordsvc.archive.acts import ACTS
from recordsvc.archive.amend import CorrectionUnfit, corrected_body
from recordsvc.archive.formats import Kind
from recordsvc.archive.status import Confirmation, Entry, Life, Oddity, derive

CENTRE, OTHER, REGION = "91640100MA00000001", "91640100MA00000002", "11640000000000000X"


class Chain:
    """Builds a chain; every step returns its seq."""

    def __init__(self):
        self.entries = []

    def add(self, kind, target=None, body=None, *, name=None, issuer=CENTRE, suspect=False):
        seq = len(self.entries)
        record = None if body is None else {"type": name, "issuer": issuer, "body": body, "id": f"id-{seq}"}
        self.entries.append(Entry(seq, kind, target, 1000 + seq, record, suspect))
        return seq

    def issue(self, body=None, **more):
        return self.add(
            Kind.ISSUE, None, {"a": 1, "b": {"c": [1, 2]}} if body is None else body, name="award", **more
        )

    def correct(self, target, **more):
        change = {name: more.pop(name) for name in ("fields", "whole") if name in more}
        return self.add(Kind.CORRECT, target, {"reason": "笔误", **change}, name="correction", **more)

    def revoke(self, target, **more):
        return self.add(Kind.REVOKE, target, {"reason": "entered-in-error"}, name="revocation", **more)

    def restore(self, target, **more):
        return self.add(Kind.RESTORE, target, {"reason": "again"}, name="restoration", **more)

    def erase(self, target=None):
        return self.add(Kind.ERASE, target, {"scope": "record"}, name="erasure", issuer=REGION)

    def confirm(self, target):
        return self.add(Kind.NOTE, target, {"channel": "page"}, name="confirmation", issuer=REGION)

    def contest(self, target):
        return self.add(Kind.NOTE, target, {"channel": "page"}, name="contest", issuer=REGION)

    def state(self, rule=lambda record, ms: True):
        return derive(self.entries, REGION, rule)

    def only(self):
        state = self.state()
        assert not state.oddities
        return state.records[0]


@pytest.fixture
def chain():
    return Chain()


def test_a_record_alone_is_active_and_unconfirmed(chain):
    chain.issue()
    one = chain.only()
    assert (one.life, one.confirmation, one.corrected, one.body["a"]) == (
        Life.ACTIVE,
        Confirmation.UNCONFIRMED,
        False,
        1,
    )


def test_the_rule_decides_who_needs_confirmation(chain):
    chain.issue()
    said = [
        chain.state(rule).records[0].confirmation
        for rule in (lambda r, ms: ms > 1000, lambda r, ms: None, None)
    ]
    assert said == [Confirmation.NOT_NEEDED, Confirmation.UNKNOWN, Confirmation.UNKNOWN]


def test_corrections_apply_in_order_and_leave_the_record_as_it_was(chain):
    first = chain.issue()
    chain.correct(first, fields={"/body/a": 2, "/body/b/c/1": 9})
    chain.correct(first, fields={"/body/a": 3})
    one = chain.only()
    assert one.body == {"a": 3, "b": {"c": [1, 9]}}
    assert one.record["body"] == {"a": 1, "b": {"c": [1, 2]}}
    assert [entry.seq for entry in one.corrections] == [1, 2]


def test_a_correction_of_a_correction_lands_on_the_record(chain):
    second = chain.correct(chain.issue(), fields={"/body/a": 2})
    chain.correct(second, fields={"/body/a": 3})
    assert chain.only().body["a"] == 3


def test_whole_replaces_everything(chain):
    first = chain.issue()
    chain.correct(first, fields={"/body/a": 2})
    chain.correct(first, whole={"z": 1})
    assert chain.only().body == {"z": 1}


def test_revoking_a_correction_takes_it_back_and_restoring_returns_it(chain):
    second = chain.correct(chain.issue(), fields={"/body/a": 2})
    chain.revoke(second)
    assert (chain.only().body["a"], chain.only().life, chain.only().corrected) == (1, Life.ACTIVE, False)
    chain.restore(second)
    assert (chain.only().body["a"], chain.only().corrected) == (2, True)


def test_revoke_restore_revoke(chain):
    first = chain.issue()
    revocation = chain.revoke(first)
    assert (chain.only().life, chain.only().revocation.seq) == (Life.REVOKED, revocation)
    chain.restore(first)
    assert (chain.only().life, chain.only().revocation) == (Life.ACTIVE, None)
    again = chain.revoke(first)
    assert (chain.only().life, chain.only().revocation.seq) == (Life.REVOKED, again)
    assert len(chain.only().history) == 3


def test_the_first_of_two_revocations_counts(chain):
    first = chain.issue()
    chain.revoke(first)
    chain.revoke(first)
    assert chain.only().revocation.seq == 1


def test_a_correction_of_a_revoked_record_shows_after_its_restoration(chain):
    first = chain.issue()
    chain.revoke(first)
    chain.correct(first, fields={"/body/a": 2})
    chain.restore(first)
    assert (chain.only().life, chain.only().body["a"]) == (Life.ACTIVE, 2)


def test_a_restoration_names_the_record_and_not_the_revocation(chain):
    revocation = chain.revoke(chain.issue())
    chain.restore(revocation)
    state = chain.state()
    assert (state.records[0].life, state.oddities) == (Life.REVOKED, ((2, Oddity.TARGET_UNFIT),))


def test_nothing_to_restore(chain):
    chain.restore(chain.issue())
    assert chain.state().oddities == ((1, Oddity.NOTHING_TO_RESTORE),)


def test_confirm_contest_confirm(chain):
    first = chain.issue()
    for step, expected in (
        (chain.confirm, Confirmation.CONFIRMED),
        (chain.contest, Confirmation.CONTESTED),
        (chain.confirm, Confirmation.CONFIRMED),
    ):
        seq = step(first)
        assert (chain.only().confirmation, chain.only().said.seq) == (expected, seq)


def test_a_correction_behind_the_confirmation_is_told(chain):
    first = chain.issue()
    chain.confirm(first)
    assert not chain.only().corrected_since_said
    chain.correct(first, fields={"/body/a": 2})
    assert chain.only().corrected_since_said


def test_what_was_confirmed_is_asked_for_again_after_a_correction(chain):
    first = chain.issue()
    chain.confirm(first)
    correction = chain.correct(first, fields={"/body/a": 2})
    rules = (lambda r, ms: True, lambda r, ms: False, None)
    assert [chain.state(rule).records[0].confirmation for rule in rules] == [
        Confirmation.UNCONFIRMED,
        Confirmation.NOT_NEEDED,
        Confirmation.UNKNOWN,
    ]
    chain.revoke(correction)
    assert (chain.only().confirmation, chain.only().corrected_since_said) == (Confirmation.CONFIRMED, False)
    chain.restore(correction)
    chain.confirm(first)
    chain.revoke(correction)
    assert (chain.only().confirmation, chain.only().corrected_since_said) == (Confirmation.UNCONFIRMED, True)


def test_a_contest_stands_through_a_correction(chain):
    first = chain.issue()
    chain.contest(first)
    chain.correct(first, fields={"/body/a": 2})
    assert (chain.only().confirmation, chain.only().corrected_since_said) == (Confirmation.CONTESTED, True)


@pytest.mark.parametrize("name", ["confirmation", "contest", "dispute-outcome", "release"])
def test_an_issuer_makes_no_notes(chain, name):
    chain.add(Kind.NOTE, chain.issue(), {}, name=name)
    state = chain.state()
    assert (state.records[0].confirmation, state.oddities) == (
        Confirmation.UNCONFIRMED,
        ((1, Oddity.FOREIGN),),
    )


@pytest.mark.parametrize(
    ("revoker", "restorer", "life"),
    [
        (REGION, CENTRE, Life.REVOKED),
        (REGION, REGION, Life.ACTIVE),
        (CENTRE, REGION, Life.ACTIVE),
        (CENTRE, CENTRE, Life.ACTIVE),
    ],
)
def test_who_restores_what(chain, revoker, restorer, life):
    first = chain.issue()
    chain.revoke(first, issuer=revoker)
    chain.restore(first, issuer=restorer)
    state = chain.state()
    assert state.records[0].life is life
    assert state.oddities == (() if life is Life.ACTIVE else ((2, Oddity.FOREIGN),))
    assert set(state.revocations) == (set() if life is Life.ACTIVE else {first})


def test_other_notes_do_not_confirm(chain):
    chain.add(Kind.NOTE, chain.issue(), {}, name="release", issuer=REGION)
    assert chain.only().confirmation is Confirmation.UNCONFIRMED


def test_a_note_nobody_may_read_leaves_the_confirmation_unknown(chain):
    first = chain.issue()
    chain.confirm(first)
    chain.add(Kind.NOTE, first)
    assert chain.only().confirmation is Confirmation.UNKNOWN
    chain.confirm(first)
    assert chain.only().confirmation is Confirmation.CONFIRMED


def test_an_undisclosed_revocation_revokes(chain):
    first = chain.issue()
    chain.add(Kind.REVOKE, first)
    assert (chain.only().life, chain.only().revocation.record) == (Life.REVOKED, None)


def test_an_undisclosed_correction_leaves_the_body_unknown_until_a_whole_one(chain):
    first = chain.issue()
    chain.add(Kind.CORRECT, first)
    chain.correct(first, fields={"/body/a": 2})
    assert (chain.only().body, chain.only().corrected) == (None, True)
    chain.correct(first, whole={"z": 1})
    assert chain.only().body == {"z": 1}


def test_an_erased_record_is_gone_and_stays_gone(chain):
    first = chain.issue()
    chain.erase(first)
    chain.correct(first, whole={"z": 1})
    one = chain.only()
    assert (one.life, one.body, one.record, one.erasure.seq) == (Life.ERASED, None, None, 1)


def test_an_erased_correction_leaves_the_body_unknown(chain):
    second = chain.correct(chain.issue(), fields={"/body/a": 2})
    chain.erase(second)
    assert (chain.only().life, chain.only().body) == (Life.ACTIVE, None)


def test_an_erased_revocation_still_revokes(chain):
    second = chain.revoke(chain.issue())
    chain.erase(second)
    assert chain.only().life is Life.REVOKED


def test_erasing_the_worker_erases_what_stands_before_only(chain):
    chain.correct(chain.issue(), fields={"/body/a": 2})
    chain.erase()
    chain.issue()
    lives = [one.life for one in chain.state().records]
    assert lives == [Life.ERASED, Life.ACTIVE]
    assert [entry.seq for entry in chain.state().records[0].history] == [1, 2]


def test_others_may_not_act_on_a_record_but_the_region_may(chain):
    first = chain.issue()
    chain.revoke(first, issuer=OTHER)
    chain.correct(first, issuer=OTHER, whole={})
    assert chain.state().oddities == ((1, Oddity.FOREIGN), (2, Oddity.FOREIGN))
    assert (chain.state().records[0].life, chain.state().records[0].corrected) == (Life.ACTIVE, False)
    chain.revoke(first, issuer=REGION)
    assert chain.state().records[0].life is Life.REVOKED


def test_suspicion_until_replaced_as_a_whole(chain):
    first = chain.issue(suspect=True)
    assert chain.only().needs_reconfirmation
    chain.correct(first, fields={"/body/a": 2})
    assert chain.only().needs_reconfirmation
    chain.correct(first, whole={"z": 1})
    assert not chain.only().needs_reconfirmation


@pytest.mark.parametrize("act", ["correct", "revoke"])
def test_a_suspect_act_makes_its_target_suspect(chain, act):
    more = {"whole": {}} if act == "correct" else {}
    target = chain.issue()
    seq = getattr(chain, act)(target, suspect=True, **more)
    assert chain.only().needs_reconfirmation
    if act == "correct":
        chain.revoke(seq)
    else:
        chain.restore(target)
    assert not chain.only().needs_reconfirmation


@pytest.mark.parametrize("target", [None, 1, 7, 4_000_000_000])
def test_targets_that_are_not_there(chain, target):
    chain.issue()
    chain.revoke(target)
    assert chain.state().oddities == ((1, Oddity.TARGET_MISSING),)


def test_targets_of_an_issue_and_of_the_wrong_kind(chain):
    first = chain.issue()
    chain.add(Kind.ISSUE, first)
    note = chain.confirm(first)
    chain.revoke(note)
    assert chain.state().oddities == ((1, Oddity.TARGET_UNFIT), (3, Oddity.TARGET_UNFIT))


def test_a_correction_that_fits_nowhere_is_listed_and_skipped(chain):
    first = chain.issue()
    chain.correct(first, fields={"/body/x/y": 2})
    state = chain.state()
    assert (state.records[0].body["a"], state.oddities) == (1, ((1, Oddity.CORRECTION_UNFIT),))


def test_the_same_seq_twice(chain):
    chain.issue()
    chain.entries.append(chain.entries[0])
    assert chain.state().oddities == ((0, Oddity.TWICE),)


BODY = {"a": 1, "b": {"c": [1, {"d": 2}]}, "x~/y": 0}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"/body/a": None}, {"b": {"c": [1, {"d": 2}]}, "x~/y": 0}),
        ({"/body/n": 1}, {**BODY, "n": 1}),
        ({"/body/b/c/1/d": 3}, {**BODY, "b": {"c": [1, {"d": 3}]}}),
        ({"/body/b/c/0": {"e": 1}}, {**BODY, "b": {"c": [{"e": 1}, {"d": 2}]}}),
        ({"/body/x~0~1y": 5}, {**BODY, "x~/y": 5}),
        ({"/body/b": {}, "/body/b/n": 1}, {**BODY, "b": {"n": 1}}),
    ],
)
def test_fields_that_fit(fields, expected):
    before = repr(BODY)
    assert corrected_body(BODY, {"fields": fields}) == expected
    assert repr(BODY) == before


@pytest.mark.parametrize(
    "pointer",
    [
        "",
        "/",
        "/body",
        "/worker/number",
        "/body/n/m",
        "/body/a/b",
        "/body/b/c/2",
        "/body/b/c/-",
        "/body/b/c/01",
        "/body/b/c/x",
        "/body/b/c/²",
    ],
)
def test_fields_that_do_not_fit(pointer):
    with pytest.raises(CorrectionUnfit):
        corrected_body(BODY, {"fields": {pointer: 1}})


@pytest.mark.parametrize("pointer", ["/body/gone", "/body/b/c/0"])
def test_what_cannot_be_removed(pointer):
    with pytest.raises(CorrectionUnfit):
        corrected_body(BODY, {"fields": {pointer: None}})


bodies = st.fixed_dictionaries(
    {"reason": st.text(max_size=3)},
    optional={
        "whole": st.dictionaries(st.text("ab", max_size=2), st.integers(), max_size=2),
        "fields": st.just({"/body/a": 1}),
    },
)
entries = st.builds(
    Entry,
    seq=st.integers(0, 12),
    kind=st.sampled_from(Kind),
    target=st.none() | st.integers(0, 14),
    ms=st.integers(0, 99),
    record=st.none()
    | st.builds(
        lambda issuer, name, body: {"issuer": issuer, "type": name, "body": body},
        st.sampled_from([CENTRE, OTHER, REGION]),
        st.sampled_from(["award", *ACTS]),
        bodies,
    ),
    suspect=st.booleans(),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(entries, max_size=14), st.randoms())
def test_any_entries_in_any_order_give_a_state(found, random):
    unique = list({entry.seq: entry for entry in found}.values())
    state = derive(unique, REGION, lambda record, ms: True)
    assert [one.seq for one in state.records] == sorted(one.seq for one in unique if one.kind is Kind.ISSUE)
    random.shuffle(unique)
    assert derive(unique, REGION, lambda record, ms: True) == state
    derive(found, None)


@settings(max_examples=400, deadline=None)
@given(st.lists(entries, max_size=14))
def test_a_record_that_nothing_names_needs_no_trace(found):
    """The short way of the many says what the long way of the few would say of them."""

    def rule(record, ms):
        return record["issuer"] == OTHER and ms > 50

    short = derive(found, REGION, rule)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(status, "_untouched_by_all", lambda entries: {})
        assert derive(found, REGION, rule) == short


def test_the_register_of_types_says_the_same():
    types = pytest.importorskip("recordsvc.archive.types")
    for (name, _), one in types.TYPES.items():
        act = ACTS.get(name)
        expected = (one.kind.value, one.target, one.signers == {types.Signer.REGION})
        assert expected == ((act.kind.value, act.member, act.region) if act else (1, None, False)), name
