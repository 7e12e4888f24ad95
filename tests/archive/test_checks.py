"""Checks beyond the schema, one broken thing at a time; more broken records stand in `schemas/examples`."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordsvc import dated, published
from recordsvc.archive import types
from recordsvc.archive.checks import Context, InstitutionFacts, Severity, check
from recordsvc.archive.checks_confirmation import needs_confirmation

CENTRE = "52640104MJTEAT0250"
TODAY = "2024-06-10"
Record = dict[str, Any]
Change = Callable[[Record], object]


def example(name: str = "training-completion", file: str = "valid.json") -> Record:
    path = published.schemas_dir() / "examples" / name / file
    record: Record = json.loads(path.read_text(encoding="utf-8"))
    return record


def open_institution(record: Record, **more: Any) -> InstitutionFacts:
    return InstitutionFacts(record["issuer"], (("2015-01-01", None),), **more)


def found(record: Record, context: Context | None = None) -> set[tuple[str, str]]:
    """Codes and pointers of what is found; the record must satisfy its schema first."""
    assert types.faults(record) == []
    context = context or Context(TODAY, open_institution(record), "1990-02-15", "male")
    return {(one.code, one.pointer) for one in check(record, context)}


def changed(name: str, change: Change, file: str = "valid.json") -> Record:
    record = example(name, file)
    change(record)
    return record


def put(**members: object) -> Change:
    return lambda record: record["body"].update(members)


def hours(theory: int, practice: int, online: int = 0) -> dict[str, int]:
    return {"theory_minutes": theory, "practice_minutes": practice, "online_minutes": online}


@pytest.mark.parametrize("name", [name for name, _ in types.TYPES])
def test_a_right_record_has_nothing_to_remark(name: str) -> None:
    assert found(example(name)) == set()


SCORED = {"part": "theory", "status": "scored", "score": "70", "pass_mark": "70", "passed": True}
REMARKS = [
    ("course-too-long", "/body/ended_on", "training-completion", put(started_on="2020-01-01")),
    (
        "attended-day-outside",
        "/body/attended_on/0",
        "training-completion",
        put(attended_on=["2024-06-04"], attended=hours(45, 0)),
    ),
    ("attended-over-planned", "/body/attended", "training-completion", put(attended=hours(1080, 2565))),
    (
        "attendance-not-stated",
        "/body/attended",
        "training-completion",
        lambda one: one["body"].pop("attended"),
    ),
    ("days-without-minutes", "/body/attended", "training-completion", put(attended=hours(0, 0))),
    ("no-planned-time", "/body/planned", "training-completion", put(planned=hours(0, 0))),
    ("hours-mismatch", "/body/declared_periods", "training-completion", put(declared_periods=79)),
    (
        "period-unusual",
        "/body/minutes_per_period",
        "training-completion",
        put(minutes_per_period=40, declared_periods=90),
    ),
    ("score-against-result", "/body/score", "training-completion", put(score="59.99")),
    ("score-against-result", "/body/score", "training-completion", put(result="failed")),
    ("assessed-before-start", "/body/assessed_on", "training-completion", put(assessed_on="2024-05-09")),
    (
        "signed-before-end",
        "/issued_on",
        "training-completion",
        lambda one: one.update(issued_on="2024-06-02"),
    ),
    ("dated-in-future", "/issued_on", "training-completion", lambda one: one.update(issued_on="2024-06-11")),
    (
        "too-many-minutes-a-day",
        "/body/attended/online_minutes",
        "training-completion",
        put(attended=hours(0, 1, 24000), planned=hours(0, 1, 24000), declared_periods=0),
    ),
    ("code-unlisted", "/body/training_type", "training-completion", put(training_type="moon-walk")),
    ("code-unlisted", "/body/training_type", "training-completion", put(training_type="work-as-train")),
    ("code-unknown", "/body/certificate_kind", "training-completion", put(certificate_kind="diploma")),
    (
        "occupation-unlisted",
        "/body/occupation/code",
        "training-completion",
        put(occupation={"edition": "2022", "code": "6-99-99-99", "name": "焊工"}),
    ),
    (
        "occupation-name",
        "/body/occupation/name",
        "training-completion",
        put(occupation={"edition": "2022", "code": "6-18-02-04", "name": "电工"}),
    ),
    ("grantor-not-issuer", "/body/organiser/uscc", "award", lambda one: one.update(issuer=CENTRE)),
    ("grantor-not-issuer", "/body/granted_by/uscc", "honour", lambda one: one.update(issuer=CENTRE)),
    ("permit-term", "/body/valid_to", "safety-permit", put(valid_to="2030-06-04")),
    (
        "permit-review-missing",
        "/body/review_due_on",
        "safety-permit",
        lambda one: one["body"].pop("review_due_on"),
    ),
    ("permit-review-overdue", "/body/review_due_on", "safety-permit", put(review_due_on="2024-06-09")),
    ("permit-expired", "/body/valid_to", "safety-permit", put(valid_to="2024-06-09")),
    ("pass-mark-unusual", "/body/parts/0/pass_mark", "assessment-result", put(parts=[SCORED])),
    (
        "kept-score-unsourced",
        "/body/parts/0/kept_from",
        "assessment-result",
        put(parts=[{"part": "theory", "status": "exempt"}]),
    ),
    ("result-parts", "/body/result", "assessment-result", put(result="failed")),
    ("result-parts", "/body/result", "assessment-result", put(result="absent")),
    ("result-parts", "/body/result", "assessment-result", put(result="incomplete")),
    (
        "origin-own-province",
        "/body/origin/province",
        "foreign-evidence",
        lambda one: one["body"]["origin"].update(province="64"),
    ),
    ("code-unlisted", "/body/group", "group-membership", put(group="astronaut")),
    ("code-unlisted", "/body/held_for/0", "release", put(held_for=["odd"])),
]


def test_what_was_planned_fits_into_the_course_where_nobody_says_what_was_attended() -> None:
    def change(one: dict[str, Any]) -> None:
        del one["body"]["attended"]
        one["body"] |= {"started_on": one["body"]["ended_on"], "attended_on": []}

    told = {("attendance-not-stated", "/body/attended"), ("too-many-minutes-a-day", "/body/planned")}
    assert found(changed("training-completion", change)) == told


@pytest.mark.parametrize(("code", "pointer", "name", "change"), REMARKS)
def test_one_broken_thing_is_one_finding(code: str, pointer: str, name: str, change: Change) -> None:
    assert found(changed(name, change)) == {(code, pointer)}


def test_an_edition_from_the_future_is_remarked() -> None:
    record = changed(
        "training-completion",
        lambda one: one["body"].update(
            started_on="2021-05-01",
            ended_on="2021-05-20",
            assessed_on="2021-05-20",
            attended_on=["2021-05-03"],
            attended=hours(45, 0),
        ),
    )

    context = Context("2021-06-01", open_institution(record))
    record["issued_on"] = "2021-05-20"
    assert found(record, context) == {("occupation-edition", "/body/occupation/edition")}


def test_a_special_grade_number_has_a_letter_nobody_published() -> None:
    record = example("level-certificate", "valid-special-grade.json")

    assert found(record) == {("certificate-letter", "/body/certificate/number")}


def test_a_letter_with_an_ordinary_level_contradicts_it() -> None:
    record = changed("level-certificate", put(level="1"), "valid-special-grade.json")

    assert found(record) == {("certificate-level", "/body/certificate/number")}


def test_an_old_shanghai_number_is_not_judged() -> None:
    record = changed(
        "qualification-certificate", lambda one: one["body"]["certificate"].update(number="0001234567890123")
    )

    assert found(record) == {("certificate-old-shanghai", "/body/certificate/number")}


def test_the_region_may_vouch_for_a_number_of_another_province() -> None:
    record = example("level-certificate")
    record["body"]["certificate"]["number"] = "S000061000012244000123"
    record["worker"] = {"worker_id": "0190a000-0000-7000-8000-00000000a001"}
    record["actor"] = {"id": "clerk-017", "role": "clerk", "case": "AN-1"}

    assert found(record, Context(TODAY)) == set()


def test_that_a_signature_was_verified_is_nobodys_word() -> None:
    """Also of the region, with a verification beside it: that level is this service's own finding."""
    record = example("foreign-evidence")
    assert "trust-by-word" not in {code for code, _ in found(record)}
    record["body"] |= {"trust": "issuer-signed"}
    record["body"].setdefault("verification", {"method": "看过", "by": "岗位", "on": TODAY})
    assert ("trust-by-word", "/body/trust") in found(record)


@pytest.mark.parametrize(
    ("trust", "code"), [("query-confirmed", "trust-too-high"), ("original-seen", "trust-unverified")]
)
def test_an_issuer_cannot_claim_more_trust_than_it_can_give(trust: str, code: str) -> None:
    record = example("foreign-evidence")
    del record["actor"], record["body"]["verification"]
    record["worker"] = example()["worker"]
    record["body"]["trust"] = trust

    assert code in {code for code, _ in found(record)}


class TestInstitution:
    """In force when it taught and when it reported; first and last day count."""

    @pytest.mark.parametrize(
        ("periods", "expected"),
        [
            ((("2024-05-10", None),), set()),
            ((("2024-05-11", None),), {("institution-not-in-force", "/body/started_on")}),
            ((("2015-01-01", "2024-06-10"),), set()),
            ((("2015-01-01", "2024-06-09"),), {("institution-closed", "/issuer")}),
            ((("2015-01-01", "2024-06-02"),), {("institution-not-in-force", "/body/started_on")}),
            (
                (("2015-01-01", "2024-05-20"), ("2024-05-22", None)),
                {("institution-not-in-force", "/body/started_on")},
            ),
            ((), {("institution-not-in-force", "/body/started_on")}),
        ],
    )
    def test_edges_of_its_periods(
        self, periods: tuple[tuple[str, str | None], ...], expected: set[tuple[str, str]]
    ) -> None:
        assert found(example(), Context(TODAY, InstitutionFacts(CENTRE, periods))) == expected

    def test_one_the_register_does_not_know_holds_the_record(self) -> None:
        assert found(example(), Context(TODAY)) == {("institution-unknown", "/issuer")}

    @pytest.mark.parametrize(
        ("programmes", "expected"),
        [
            ({"2022:4-10-01-06": "5"}, set()),
            ({"2022:4-10-01-06": "apprentice"}, {("programme-level", "/body/level")}),
            ({"2022:6-18-02-04": "1"}, {("programme-not-filed", "/body/occupation")}),
            ({"2022:4-10-01-06": "1"}, set()),
        ],
    )
    def test_its_filed_scope_is_compared_by_rank(
        self, programmes: dict[str, str], expected: set[tuple[str, str]]
    ) -> None:
        record = example()

        assert found(record, Context(TODAY, open_institution(record, programmes=programmes))) == expected


class TestLateness:
    """逾期: the dated limit of the type, counted from the end to the day of receipt."""

    @pytest.mark.parametrize(("received_on", "late"), [("2024-11-30", False), ("2024-12-01", True)])
    def test_the_last_day_within_the_limit(self, received_on: str, late: bool) -> None:
        record = example()

        codes = found(record, Context(received_on, open_institution(record)))

        assert codes == ({("late", "/body/ended_on")} if late else set())

    def test_a_late_record_is_held_and_not_refused(self) -> None:
        record = example()

        (finding,) = check(record, Context("2025-06-10", open_institution(record)))

        assert finding.severity is Severity.HOLD
        assert "180" in finding.zh

    def test_a_type_without_a_limit_in_force_fails_closed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def expired(table: str, code: str, day: str) -> dated.Row:
            raise dated.NoRuleInForce(table, code, day)

        monkeypatch.setattr(dated, "rule", expired)

        with pytest.raises(dated.NoRuleInForce):
            found(example())


def test_severities_and_words_of_every_finding_are_given() -> None:
    for row in dated.table("findings").rows:
        assert row["severity"] in set(Severity)
        assert row["remedy_zh"]
        assert row["remedy_en"]


def test_every_finding_code_is_tested_somewhere() -> None:
    here = {code for code, *_ in REMARKS}
    elsewhere = {
        row["code"]
        for index in (published.schemas_dir() / "examples").glob("*/index.json")
        for row in json.loads(index.read_text(encoding="utf-8"))["examples"]
        if row.get("found_by") == "checks"
    }
    single = {
        "late",
        "institution-unknown",
        "institution-not-in-force",
        "institution-closed",
        "programme-not-filed",
        "programme-level",
        "too-young",
        "young",
        "too-old",
        "past-retirement",
        "occupation-edition",
        "certificate-letter",
        "certificate-old-form",
        "certificate-old-shanghai",
        "trust-too-high",
        "trust-by-word",
        "card-replaced",
        "card-lost",
        "card-frozen",
        "card-void",
        "twin",
    }

    assert {row["code"] for row in dated.table("findings").rows} == here | elsewhere | single


def test_a_finding_never_repeats_what_stands_in_the_record() -> None:
    record = changed("training-completion", put(training_type="canary-code"))

    assert "canary" not in repr(check(record, Context(TODAY)))


DAYS = st.dates().map(lambda day: day.isoformat()).filter(lambda day: day >= "1900")


@given(
    start=DAYS,
    end=DAYS,
    received=DAYS,
    born=st.none() | DAYS,
    attended=st.lists(DAYS, max_size=6),
    minutes=st.tuples(*[st.integers(0, 600000)] * 3),
)
def test_any_dates_and_minutes_give_findings_and_never_a_crash(
    start: str, end: str, received: str, born: str | None, attended: list[str], minutes: tuple[int, int, int]
) -> None:
    record = changed(
        "training-completion",
        put(started_on=start, ended_on=end, attended_on=attended, attended=hours(*minutes)),
    )

    findings = check(record, Context(received, open_institution(record), born, "female"))

    impossible = end < start or end > received or sum(minutes[:2]) > len(attended) * 24 * 60
    assert not impossible or any(one.severity is Severity.REJECT for one in findings)


@pytest.mark.parametrize(
    ("name", "issuer_kind", "needed"),
    [
        ("training-completion", "training-institution", True),
        ("level-certificate", "assessment-organisation", False),
        ("level-certificate", "training-institution", True),
        ("foreign-evidence", "region", False),
        ("worker-statement", "region", False),
        ("revocation", "training-institution", False),
    ],
)
def test_what_counts_without_confirmation_is_a_dated_rule(name: str, issuer_kind: str, needed: bool) -> None:
    assert needs_confirmation(name, 1, issuer_kind, TODAY) is needed


def test_exemptions_name_published_types_and_kinds_of_issuer() -> None:
    for row in dated.table("confirmation_exemptions").rows:
        assert (row["type"], 1) in types.TYPES
        assert row["issuer_kind"] in dated.on("issuer_kinds", TODAY)
        assert row["code"] == f"{row['type']}/{row['issuer_kind']}"
