"""The named workers of the demo logins, each with a career written out by hand."""

import dataclasses
import datetime as dt

from demo.career import Career, Fate, Wish
from demo.occupations import TRADES
from demo.papers import Papers
from demo.people import Person, Registry


@dataclasses.dataclass(frozen=True, slots=True)
class Role:
    """One demo login: what the tour says about it."""

    key: str
    name: str
    title: str


ROLES = (
    Role("welder", "马志强", "同心县外出务工的焊工，八年里考级、换证、获奖，档案最全"),
    Role("carer", "马秀兰", "养老护理员，一条记录有异议，一条还没确认"),
    Role("grower", "张玉梅", "中宁县枸杞种植户"),
    Role("released", "王建军", "服刑期间开始学厨，释放后考到四级的厨师"),
    Role("veteran", "李卫东", "退役军人，转行当电工"),
    Role("new-card", "白雪梅", "换过社保卡的面点师，两张卡同一份档案"),
    Role("graduate", "欧阳𬭊", "毕业年度大学生，姓名里有生僻字"),
    Role("dotted", "古丽娜孜·艾合买提", "做刺绣和直播带货，姓名里有间隔号"),
)


def _on(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _wish(programme: str, on: str, institution: str, fate: Fate = Fate.SUCCEED) -> Wish:
    return Wish(programme, _on(on), institution, fate, exact=True)


_WISHES: dict[str, tuple[Wish, ...]] = {
    "welder": (
        _wish("welder-4", "2019-03-11", "college", Fate.RESIT),
        _wish("hot-work", "2019-10-14", "safety-school"),
        _wish("digital", "2020-03-02", "college"),
        _wish("startup", "2020-07-06", "closed"),
        _wish("excavator", "2020-10-12", "south", Fate.DROP),
        _wish("electrician-5", "2021-09-06", "county"),
        _wish("safety-review", "2022-09-05", "safety-school"),
        _wish("welder-3", "2023-11-06", "college"),
        _wish("startup", "2026-08-03", "south"),
    ),
    "carer": (
        _wish("carer-5", "2020-09-07", "care"),
        _wish("nanny-5", "2021-05-10", "care"),
        _wish("startup", "2021-11-08", "closed"),
        _wish("carer-4", "2024-03-04", "care"),
        _wish("digital", "2025-06-09", "care"),
        _wish("snacks", "2026-08-10", "care"),
    ),
    "grower": (
        _wish("goji-pruning", "2019-03-04", "goji"),
        _wish("goji-drying", "2019-06-17", "goji"),
        _wish("grower-5", "2020-10-19", "goji"),
        _wish("sheep", "2021-11-15", "goji"),
        _wish("startup", "2023-03-13", "south"),
        _wish("grower-4", "2024-10-14", "goji"),
        _wish("goji-drying", "2025-06-16", "goji"),
        _wish("gardener-5", "2026-03-16", "goji"),
    ),
    "released": (
        _wish("cook-5", "2020-06-08", "county"),
        _wish("startup", "2022-03-14", "south"),
        _wish("cook-4", "2024-04-15", "south", Fate.RESIT),
        _wish("snacks", "2025-04-14", "south"),
    ),
    "veteran": (
        _wish("veterans", "2021-10-18", "county"),
        _wish("electrician-5", "2022-03-14", "county"),
        _wish("low-voltage", "2022-07-11", "safety-school"),
        _wish("safety-review", "2025-06-09", "safety-school"),
        _wish("electrician-4", "2025-09-08", "college"),
    ),
    "new-card": (
        _wish("baker-5", "2020-11-02", "care"),
        _wish("snacks", "2022-05-09", "care"),
        _wish("startup", "2023-06-05", "care"),
        _wish("baker-4", "2024-04-08", "county"),
    ),
    "graduate": (
        _wish("seller-5", "2022-10-17", "college"),
        _wish("digital", "2023-05-15", "college"),
        _wish("seller-4", "2026-03-02", "south"),
    ),
    "dotted": (
        _wish("embroidery", "2020-06-15", "closed"),
        _wish("seller-5", "2023-04-17", "south"),
        _wish("startup", "2024-05-13", "south"),
    ),
}
_PEOPLE: dict[str, tuple[str, bool, str, str, tuple[str, ...]]] = {
    # key: birth date, male, county of residence, trade, groups
    "welder": ("1988-03-14", True, "640324", "welder", ("former-poor-household", "rural-migrant")),
    "carer": ("1981-07-22", False, "640106", "carer", ("registered-unemployed", "hard-to-employ")),
    "grower": ("1979-04-09", False, "640521", "grower", ("rural-migrant",)),
    "released": ("1986-11-30", True, "640402", "cook", ("hard-to-employ",)),
    "veteran": ("1994-02-18", True, "640422", "electrician", ("veteran",)),
    "new-card": ("1990-12-05", False, "640205", "baker", ("registered-unemployed",)),
    "graduate": ("2000-01-27", True, "640104", "seller", ("graduate",)),
    "dotted": ("1995-08-16", False, "640302", "seller", ("registered-unemployed",)),
}


def careers(registry: Registry) -> list[Career]:
    """Make the named workers."""
    names = {role.key: role.name for role in ROLES}
    made = []
    for key, (born, male, area, trade, groups) in _PEOPLE.items():
        replaced_on = _on("2023-04-18") if key == "new-card" else None
        person = registry.person(
            key, _on(born), male=male, groups=groups, name=names[key], area=area, replaced_on=replaced_on
        )
        made.append(Career(person, TRADES[trade], list(_WISHES[key]), scripted=True))
    return made


def papers(careers_made: list[Career], sign: Papers) -> None:
    """Sign what the named workers hold beside their courses."""
    for career in careers_made:
        first = min(wish.from_on for wish in career.wishes)
        for code in career.person.groups:
            sign.group(career.person, code, first - dt.timedelta(200), first - dt.timedelta(18))
    by_key = {career.person.key: career.person for career in careers_made}
    _welder(by_key["welder"], sign)
    sign.group(by_key["released"], "custody", _on("2018-05-21"), _on("2020-06-01"), _on("2021-05-20"))


def _welder(person: Person, sign: Papers) -> None:
    welder = TRADES["welder"]
    sign.old_qualification(person, welder, 5, _on("2012-11-20"), _on("2019-03-18"))
    sign.foreign(person, _SHAANXI, _on("2021-08-09"))
    sign.award(person, welder, (1, "一等奖"), _on("2024-09-20"))
    sign.honour(person, welder, "自治区技术能手", _on("2024-12-16"))


_SHAANXI = {
    "awarded_on": "2018-08-03",
    "ended_on": "2018-08-01",
    "evidence_kind": "training-certificate",
    "hours": {"online_minutes": 0, "practice_minutes": 2700, "theory_minutes": 900},
    "number": "SXPX2018061000417",
    "origin": {"country": "CHN", "issued_by": "西安渭水职业培训学校（示例）", "province": "61"},
    "started_on": "2018-07-09",
    "title": "氩弧焊短期培训班",
    "trust": "original-seen",
    "verification": {"by": "自治区就业与创业服务局（示例）", "method": "核对原件", "on": "2021-08-06"},
}
