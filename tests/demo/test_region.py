import collections
import datetime as dt
import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.institutions import INSTITUTIONS
from demo.region import build
from recordsvc.archive import types

BY_CODE = {institution.uscc: institution for institution in INSTITUTIONS}
RANK = {"5": 1, "4": 2, "3": 3, "2": 4, "1": 5}


def record(draft):
    return {
        "audience": "demo", "body": draft.body, "environment": "demo", "id": draft.record_id,
        "issued_on": draft.issued_on.isoformat(), "issuer": draft.issuer.uscc, "salt": "A" * 22,
        "type": draft.type, "version": 1, "worker": draft.worker(),
    }  # fmt: skip


def everything(region):
    return [*region.drafts, *region.amendments, *region.puzzles]


def by_person(drafts, *kinds):
    grouped = collections.defaultdict(list)
    for draft in drafts:
        if draft.type in kinds:
            grouped[draft.person.number].append(draft)
    return grouped.values()


def day(text):
    return dt.date.fromisoformat(text)


def attended(draft):
    return [day(text) for text in draft.body["attended_on"]]


def assert_plausible(region):
    """Invariants that hold for every seed."""
    for draft in region.drafts:
        assert draft.issued_on < region.today
        assert draft.card is None or draft.card in draft.person.cards
        assert 16 <= draft.person.age(draft.issued_on) <= 61
    for courses in by_person(region.drafts, "training-completion", "enrolment-outcome"):
        days = [one for draft in courses for one in attended(draft)]
        assert len(set(days)) == len(days), "two classes on one day"
    for draft in region.drafts:
        if draft.type in ("training-completion", "enrolment-outcome"):
            assert_course(draft)


def assert_course(draft):
    body, days = draft.body, attended(draft)
    first, last = day(body["started_on"]), day(body["ended_on"])
    assert first <= days[0] <= days[-1] <= last <= draft.issued_on
    assert days == sorted(set(days))
    assert draft.issuer.in_force(first, last)
    planned, had = body["planned"], body["attended"]
    assert sum(had.values()) == sum(planned.values()) * len(days) // count_of_days(body)
    assert all(0 <= had[part] <= planned[part] for part in planned)
    assert sum(planned.values()) == body["declared_periods"] * body["minutes_per_period"]


def count_of_days(body):
    """Return the days of the plan: every day of a class of the demo is equally long."""
    minutes = sum(body["attended"].values()) // len(body["attended_on"])
    return sum(body["planned"].values()) // minutes


def test_the_region_has_the_promised_size(region):
    assert len(region.people) == 500
    assert 2500 <= len(region.drafts) <= 4000
    assert {draft.person.number for draft in region.drafts} == {person.number for person in region.people}
    assert {draft.issued_on.year for draft in region.drafts} == set(range(2019, 2027))


def test_every_record_satisfies_its_published_schema(region):
    for draft in everything(region):
        assert types.faults(record(draft)) == [], draft.type


def test_all_the_types_a_centre_may_sign_occur(region):
    signed = {name for name, _ in types.TYPES if types.Signer.ISSUER in types.TYPES[name, 1].signers}
    assert {draft.type for draft in everything(region)} == signed


def test_record_ids_are_unique_and_carry_the_day_of_signing(region):
    ids = [draft.record_id for draft in everything(region)]
    assert len(set(ids)) == len(ids)
    for draft in everything(region):
        ms = int(draft.record_id.replace("-", "")[:12], 16)
        assert (
            dt.datetime.fromtimestamp(ms / 1000, dt.timezone(dt.timedelta(hours=8))).date() == draft.issued_on
        )


def test_the_same_seed_and_day_make_the_same_region(region):
    again = build(region.seed, region.today)
    assert everything(again) == everything(region)


def test_a_later_day_only_adds_to_the_story(region):
    before = {draft.record_id for draft in build(region.seed, region.today - dt.timedelta(400)).drafts}
    assert len(before) < len(region.drafts)


def test_the_story_is_plausible(region):
    assert_plausible(region)


@given(seed=st.integers(0, 2**32), days=st.integers(0, 1500))
@settings(max_examples=8, deadline=None)
def test_other_seeds_and_days_tell_plausible_stories_too(seed, days):
    region = build(seed, dt.date(2025, 1, 15) + dt.timedelta(days), workers=150)
    assert_plausible(region)
    assert all(types.is_valid(record(draft)) for draft in everything(region))


def test_levels_of_one_trade_are_climbed_in_order(region):
    for certificates in by_person(region.drafts, "level-certificate", "qualification-certificate"):
        climbed = collections.defaultdict(list)
        for draft in sorted(certificates, key=lambda one: one.body["certificate"]["issued_on"]):
            climbed[draft.body["occupation"]["code"]].append(draft)
        for steps in climbed.values():
            ranks = [RANK[draft.body["level"]] for draft in steps]
            assert ranks == list(range(ranks[0], ranks[0] + len(ranks)))
            dates = [day(draft.body["certificate"]["issued_on"]) for draft in steps]
            assert all((later - earlier).days > 3 * 365 for earlier, later in itertools.pairwise(dates))


def test_certificate_numbers_are_unique_and_agree_with_level_year_and_scheme(region):
    seen = set()
    for draft in region.drafts:
        if draft.type != "level-certificate":
            continue
        body, number = draft.body, draft.body["certificate"]["number"]
        assert re.fullmatch(r"[SY]000064[0-9]{6}[0-9]{2}[1-5][0-9]{6}", number)
        assert number[13:15] == body["certificate"]["issued_on"][2:4]
        assert number[15] == body["level"]
        assert (number[0] == "Y") == (body["scheme"] == "employer")
        assert number not in seen
        seen.add(number)


def test_whoever_failed_sat_the_examination_again_before_a_certificate(region):
    results = {draft.record_id: draft for draft in region.drafts if draft.type == "assessment-result"}
    outcomes = collections.Counter(draft.body["result"] for draft in results.values())
    assert outcomes["failed"] > 40
    assert outcomes["absent"] > 3
    assert any(
        draft.body["attempt"] == "resit" and draft.body["result"] == "passed" for draft in results.values()
    )
    for draft in region.drafts:
        if draft.type == "level-certificate":
            assert results[draft.body["assessment"]].body["result"] == "passed"


def test_amendments_point_at_earlier_records_of_the_same_issuer_and_worker(region):
    known = {draft.record_id: draft for draft in region.drafts}
    revoked = set()
    for amendment in region.amendments:
        body = amendment.body
        target = known[body.get("corrects") or body.get("revokes") or body.get("restores")]
        assert (target.issuer, target.person) == (amendment.issuer, amendment.person)
        assert target.issued_on <= amendment.issued_on <= region.today
        if amendment.type == "restoration":
            assert body["restores"] in revoked
        if amendment.type == "revocation":
            revoked.add(body["revokes"])
    kinds = collections.Counter(amendment.type for amendment in region.amendments)
    assert kinds["correction"] >= 10
    assert kinds["revocation"] >= 6
    assert kinds["restoration"] == 1


def test_a_corrected_body_still_satisfies_the_schema(region):
    known = {draft.record_id: draft for draft in region.drafts}
    for amendment in region.amendments:
        if amendment.type == "correction":
            corrected = dict(known[amendment.body["corrects"]].body)
            for pointer, value in amendment.body["fields"].items():
                *path, last = pointer.split("/")[2:]
                place = corrected
                for step in path:
                    place[step] = dict(place[step])
                    place = place[step]
                assert place[last] != value
                place[last] = value
            assert types.body_faults("training-completion", 1, corrected) == []


def test_the_closed_school_signed_nothing_after_it_closed_and_left_a_class_unfinished(region):
    closed = next(institution for institution in INSTITUTIONS if institution.key == "closed")
    signed = [draft for draft in region.drafts if draft.issuer is closed]
    assert max(draft.issued_on for draft in signed) < closed.until_on
    broken_off = [draft for draft in signed if draft.body.get("outcome") == "institution-closed"]
    assert 3 <= len(broken_off) <= 8


@pytest.mark.parametrize("puzzle", range(3))
def test_a_puzzle_names_a_known_number_with_another_name_or_card(region, puzzle):
    draft = region.puzzles[puzzle]
    known = next(person for person in region.people if person.number == draft.person.number)
    assert draft.person.name != known.name or draft.card not in known.cards


def test_the_welders_archive_is_the_richest(region):
    counts = collections.Counter(draft.person.key or draft.person.number for draft in region.drafts)
    assert counts.most_common(1)[0][0] == "welder"
    assert 22 <= counts["welder"] <= 40


def test_whoever_replaced_the_card_stands_in_records_under_both(region):
    person = region.person("new-card")
    used = {draft.card for draft in region.drafts if draft.person is person}
    assert used == set(person.cards)
    assert len(used) == 2
