"""A trial of a rule in words (模拟结果): sums, clauses, claims that change most, budget by month."""

from collections.abc import Mapping
from typing import Any, Final

from recordsvc.access.entrance import actor
from recordsvc.access.grants import can
from recordsvc.ground.ports import uuid_text
from recordsvc.money.claims.services import within_reach
from recordsvc.money.claims.tables import claim_state
from recordsvc.money.claims.values import Claim, listed
from recordsvc.money.claims.views import STATES_ZH
from recordsvc.money.funds import lines as budget_lines
from recordsvc.money.rules.explaining import shown
from recordsvc.web import words
from recordsvc.web.desk_routes import name_of
from recordsvc.web.services import house

GROUPS_ZH: Final = {"region": "按区划", "level": "按等级", "group": "按人群"}
VERDICTS_ZH: Final = {
    "GRANT": "给付",
    "REFUSE": "不符合",
    "NEED_INFO": "缺信息",
    "NO_RULE_IN_FORCE": "没有适用的规则",
}


def told(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trial in words: sums, groups, clauses, the days on which a budget ends."""
    result, asked = run["result"], run["asked"]
    where = f"，区划 {asked['region']}" if asked["region"] else ""
    return {
        "asked": f"{asked['first']} 至 {asked['last']}{where}",
        "by": name_of(run["run_by"]),
        "at": words.instant(run["run_ms"]),
        "total": result["total"],
        "before_fen": result["spent_before_fen"],
        "after_fen": result["spent_after_fen"],
        "budget_fen": result["budget_fen"],
        "ends": (result["exhausted_before"], result["exhausted_after"]),
        "groups": [
            {
                "title": GROUPS_ZH[name],
                "rows": [{"name": _named(name, key), **one} for key, one in some.items()],
            }
            for name, some in result["by"].items()
        ],
        "clauses": sorted(result["clauses"].items()),
        "months": _burnt(result),
        "most_fen": max(result["spent_before_fen"], result["spent_after_fen"], 1),
        **_changed(result["named"]),
    }


def _burnt(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return month by month what was spent so far before and after, and what of the budget is left then."""
    found, before, after = [], 0, 0
    budget = result["budget_fen"]
    for month, old, new in result.get("months", ()):
        before, after = before + old, after + new
        left = None if budget is None else (budget - before, budget - after)
        found.append({"month": month, "before_fen": before, "after_fen": after, "left": left})
    return found


def _changed(named: list[Any]) -> dict[str, Any]:
    """Return the claims that lose and gain most, of the places that whoever asks may see claims of.

    Nothing of a person stands there: the claim's own page is opened for a purpose, and leaves its row.
    A run of before there were amounts tells the differences alone.
    """
    if not can(actor(), "claim.read"):
        return {"lose": [], "gain": [], "elsewhere": len(named)}
    rows = [one if isinstance(one, dict) else {"id": one[0], "amount_fen": one[1]} for one in named]
    own = claim_state.c
    with house().db.read() as conn:
        here = (own.claim_id.in_([bytes.fromhex(row["id"]) for row in rows]), *within_reach("claim.read"))
        claims = {one.claim_id.hex(): one for one in listed(conn, *here, limit=len(rows))}
    shown = [_claim(row, claims[row["id"]]) for row in rows if row["id"] in claims]
    return {
        "lose": [one for one in shown if one["amount_fen"] < 0],
        "gain": [one for one in reversed(shown) if one["amount_fen"] > 0],
        "elsewhere": len(rows) - len(shown),
    }


def _claim(row: Mapping[str, Any], one: Claim) -> dict[str, Any]:
    return {
        **row,
        "claim_id": uuid_text(one.claim_id),
        "short": one.claim_id.hex()[-6:],
        "place": budget_lines.place(one.region) if one.region else "未注明",
        "state": STATES_ZH[one.state],
        "why": "、".join(row.get("clauses", ())),
        "verdict": VERDICTS_ZH.get(row.get("verdict", ""), ""),
    }


def _named(group: str, code: str) -> str:
    if not code:
        return "未注明"
    return budget_lines.place(code) if group == "region" else shown(group, code)
