"""Dated data: rows in force on a day, rules that fail closed, lists that may be incomplete."""

import datetime as dt
import json
from typing import Any

import pytest

from recordsvc import dated, published

ALL = [*dated.names("codes"), *dated.names("rules")]


def table(*rows: dict[str, Any], complete: bool = True) -> dated.Table:
    return dated.Table(
        {
            "name": "t",
            "kind": "rules",
            "title_zh": "表",
            "title_en": "t",
            "source": "s",
            "complete": complete,
            "rows": rows,
        }
    )


def row(code: str, first: str | None, last: str | None, **more: object) -> dict[str, Any]:
    return {"code": code, "valid_from": first, "valid_to": last, **more}


def test_a_row_holds_on_its_first_and_on_its_last_day() -> None:
    found = table(row("a", "2024-02-01", "2024-02-29"))

    in_force = [
        day for day in ("2024-01-31", "2024-02-01", "2024-02-29", "2024-03-01") if "a" in found.on(day)
    ]

    assert in_force == ["2024-02-01", "2024-02-29"]


def test_an_open_row_holds_from_ever_and_for_ever() -> None:
    found = table(row("a", None, None))

    assert "a" in found.on("1900-01-01")
    assert "a" in found.on(dated.OPEN_END)


def test_a_successor_replaces_a_rule_on_its_day() -> None:
    found = table(row("cap", None, "2024-12-31", value=1), row("cap", "2025-01-01", None, value=2))

    assert [found.rule("cap", day)["value"] for day in ("2024-12-31", "2025-01-01")] == [1, 2]


def test_an_expired_rule_fails_closed() -> None:
    found = table(row("cap", "2024-01-01", "2024-12-31", value=1))

    with pytest.raises(dated.NoRuleInForce):
        found.rule("cap", "2025-01-01")


def test_two_rows_of_one_code_in_force_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match="two rows 'cap' in force"):
        table(row("cap", None, "2025-01-01"), row("cap", "2025-01-01", None))


def test_an_unknown_table_is_named() -> None:
    with pytest.raises(dated.UnknownTable, match="no-such"):
        dated.table("no-such")


@pytest.mark.parametrize("name", ALL)
def test_a_published_table_is_titled_sourced_and_dated(name: str) -> None:
    found = dated.table(name)

    assert found.name == name
    assert found.title_zh
    assert found.title_en
    assert found.source
    assert found.rows
    for one in found.rows:
        for edge in (one["valid_from"], one["valid_to"]):
            assert edge is None or dt.date.fromisoformat(edge).isoformat() == edge


@pytest.mark.parametrize("name", dated.names("codes"))
def test_every_code_has_words_in_both_languages(name: str) -> None:
    for one in dated.table(name).rows:
        assert one["zh"]
        assert one["en"]


def test_the_code_lists_are_published_whole() -> None:
    codes = published.codes()

    assert set(codes) >= {"training_types", "worker_groups", "levels", "occupations", "divisions", "findings"}
    assert codes["training_types"]["complete"] is False
    assert codes["levels"]["complete"] is True
    assert json.dumps(codes, ensure_ascii=False)


def test_a_list_on_a_day_leaves_out_what_is_closed() -> None:
    closed = "work-as-train"

    assert closed in {one["code"] for one in published.code_table("training_types", "2021-06-01")["rows"]}
    assert closed not in {one["code"] for one in published.code_table("training_types", "2024-06-01")["rows"]}


def test_levels_are_compared_by_rank_because_their_codes_run_backwards() -> None:
    ranks = {one["code"]: one["rank"] for one in dated.table("levels").rows}

    assert sorted(ranks, key=lambda code: ranks[code]) == [
        "0",
        "apprentice",
        "5",
        "4",
        "3",
        "2",
        "1",
        "special",
        "chief",
    ]
