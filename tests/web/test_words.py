"""Every member of every published type has a Chinese label, every fixed value a Chinese word."""

from collections.abc import Iterator
from typing import Any

import pytest

from recordsvc import published
from recordsvc.access.grants import Role
from recordsvc.archive import acts, headings
from recordsvc.ground.two_person import Proposal
from recordsvc.web import desk_dispute_routes, proposal_words, words, worker_routes
from recordsvc.web.public_routes import ROLES
from tests.web.region import example

TYPES = sorted(
    name.removeprefix("records/").partition(".")[0]
    for name in published.schema_files()
    if name.startswith("records/")
)


def members(node: Any) -> Iterator[tuple[str, Any]]:
    found = words._resolve(node)
    for name, inner in found.get("properties", {}).items():
        resolved = words._resolve(inner)
        yield name, resolved
        yield from members(resolved)
        yield from members(resolved.get("items", {}))


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


@pytest.mark.parametrize("record_type", TYPES)
def test_every_member_has_a_chinese_label(record_type: str) -> None:
    assert [
        name
        for name, node in members(words._body(record_type, 1))
        if not is_chinese(words._label(name, node))
    ] == []


@pytest.mark.parametrize("record_type", TYPES)
def test_every_fixed_value_has_a_chinese_word(record_type: str) -> None:
    bare = [
        (name, value)
        for name, node in members(words._body(record_type, 1))
        for value in node.get("enum", ())
        if not is_chinese(words._scalar(name, node, value))
    ]

    assert bare == []


@pytest.mark.parametrize("record_type", TYPES)
def test_nothing_of_an_example_is_left_out(record_type: str) -> None:
    body = example(record_type)

    assert [line.label for line in words.lines(record_type, 1, body)] != []
    assert len(words.lines(record_type, 1, body)) == len(body)


@pytest.mark.parametrize("record_type", [name for name in TYPES if acts.ACTS.get(name, acts.ISSUE).kind == 1])
def test_every_record_a_worker_sees_has_a_title_and_a_day(record_type: str) -> None:
    body = example(record_type)

    assert headings.title(record_type, body)
    assert headings.event_day(body) or record_type == "worker-statement"


def test_a_member_no_schema_knows_is_shown_as_it_is() -> None:
    assert words.lines("of-the-future", 1, {"thing": "x"}) == (words.Line("thing", "x"),)
    assert words.type_title("of-the-future") == "of-the-future"


def test_what_changed_is_told_old_and_new() -> None:
    before = {"started_on": "2024-05-10", "score": "80", "class": {"code": "A"}}
    after = {"started_on": "2024-05-11", "class": {"code": "A", "name": "甲班"}}

    assert words.changed("training-completion", 1, before, after) == (
        ("开班日期", "2024年5月10日", "2024年5月11日"),
        ("结业成绩", "80", ""),
        ("班级 · 班级名称", "", "甲班"),
    )


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "0 分"), (45, "45 分"), (60, "1 小时"), (2_715, "45 小时 15 分")]
)
def test_minutes_are_written_as_hours(minutes: int, text: str) -> None:
    assert words.duration(minutes) == text


def test_an_instant_is_beijing_time() -> None:
    assert words.instant(1_704_038_400_000) == "2024年1月1日 00:00"


def test_a_number_shows_its_end_only() -> None:
    assert words.masked("640104199002150063") == "尾号 0063"
    assert words.masked("12345") == "••••"


def test_every_role_has_a_word() -> None:
    assert set(ROLES) == set(Role)


def test_evidence_from_elsewhere_names_country_and_province() -> None:
    body = {"origin": {"country": "CHN", "issued_by": "某中心", "province": "35"}}
    (origin,) = words.lines("foreign-evidence", 1, body)
    assert [(one.label, one.value) for one in origin.inner] == [
        ("国家或地区", "中国"),
        ("省份", "福建"),
        ("出具单位", "某中心"),
    ]
    assert words._scalar("country", {}, "KAZ") == "KAZ"


def test_a_trust_level_is_proposed_in_words() -> None:
    proof = {"by": "窗口", "method": "全国联网查询", "on": "2026-11-28"}
    payload = {"text": "与原件一致", "trust": "query-confirmed", "verification": proof}
    made = Proposal(b"\0" * 16, "evidence.trust", "r", payload, "", "a", 0, 1, "open", None, None, None, "")
    assert [(one.label, one.value) for one in proposal_words.told(made, str).facts] == [
        ("说明", "与原件一致"),
        ("可信程度", "全国联网查询一致"),
        ("核验", "怎样核实 全国联网查询；核实日期 2026年11月28日；谁核实 窗口"),
    ]


@pytest.mark.parametrize(
    ("pointer", "value", "said"),
    [
        ("/training_type", "entrepreneur", "培训类型（现为 创业培训（马兰花），写作 entrepreneur）"),
        ("/attended/practice_minutes", 810, "实际学时 · 实操（现为 13 小时 30 分，写作 810）"),
        ("/score", "89", "结业成绩（现为 89）"),
    ],
)
def test_what_may_be_corrected_stands_in_words_beside_how_it_is_written(
    pointer: str, value: Any, said: str
) -> None:
    record = {"type": "training-completion", "version": 1}
    assert desk_dispute_routes._choice(record, pointer, value) == said


def test_who_stated_a_record_is_told_in_words() -> None:
    case = {"case": "session-1", "id": "x"}
    assert worker_routes._stater({}) == ""
    assert worker_routes._stater({**case, "role": "worker"}) == "本人"
    assert worker_routes._stater({**case, "role": "window"}) == "本人（由窗口代办），案卷 session-1"
    assert worker_routes._stater({**case, "role": "reviewer"}) == "复核人，案卷 session-1"
    assert worker_routes._stater({**case, "role": "official"}) == "工作人员，案卷 session-1"
