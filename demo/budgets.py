"""Sample budgets of the demo region (样例): amounts are made up, and are no place's real budget."""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget of a fund for a division and kind of subsidy, in yuan."""

    fund: str
    region: str
    kind: str
    yuan: int

    def line(self, year: int) -> str:
        """Return the id of its line."""
        return f"{self.fund}.{year}.{self.region}.{self.kind}"

    def asked(self, year: int) -> dict[str, Any]:
        """Return what is proposed for a year."""
        return {
            "act": "allot",
            "fund": self.fund,
            "year": year,
            "region": self.region,
            "kind": self.kind,
            "amount_fen": self.yuan * 100,
            "doc": f"样例〔{year}〕指标",
            "reason": "演示用的样例预算",
        }


BUDGETS: Final = (
    Budget("EMPLOY_SUBSIDY", "640000", "TRAIN", 6_000_000),
    Budget("EMPLOY_SUBSIDY", "640000", "EVAL", 1_200_000),
    Budget("EMPLOY_SUBSIDY", "640100", "TRAIN", 2_500_000),
    Budget("EMPLOY_SUBSIDY", "640100", "LIVING", 400_000),
    Budget("EMPLOY_SUBSIDY", "640300", "TRAIN", 1_800_000),
    Budget("EMPLOY_SUBSIDY", "640400", "TRAIN_DAY", 900_000),
    Budget("UNEMP_INS", "640000", "SKILL_UP", 3_000_000),
    Budget("SPECIAL_ACCOUNT", "640000", "APPRENTICE", 2_000_000),
    Budget("SPECIAL_ACCOUNT", "640200", "PROJECT", 750_000),
)
