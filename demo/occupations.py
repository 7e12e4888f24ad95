"""What the demo region teaches: trades with levels, safety operations, single skills, short courses.

Occupation codes as in 国家职业分类大典; the local catalogue (专项职业能力) is made up for the demo.
"""

import dataclasses
import datetime as dt
import enum

EDITION_2015_FROM = dt.date(2015, 7, 29)
EDITION_2022_FROM = dt.date(2022, 9, 28)
"""From this day the demo's classes cite the 2022 edition of the occupation list, before it that of 2015."""


class Kind(enum.StrEnum):
    """Kinds of training (培训类型) in the demo."""

    EMPLOYMENT_SKILL = "employment-skill"
    ON_POST = "on-post"
    ENTREPRENEUR = "entrepreneur"
    APPRENTICE = "apprentice"
    SAFETY = "safety"
    HIGH_SKILL = "high-skill"
    LABOUR_PREP = "labour-prep"
    VETERAN = "veteran"
    ONLINE = "online"


@dataclasses.dataclass(frozen=True, slots=True)
class Trade:
    """An occupation (职业) listed since `from_on`; `sexes` weighs who takes it up, codes move."""

    key: str
    code: str
    name: str
    industry: str
    sexes: str = "mf"
    work_type: str | None = None
    from_on: dt.date = EDITION_2015_FROM
    code_1999: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Programme:
    """A course as an institution offers it.

    `days` training days of `minutes` minutes, `practice` percent of them practice (实操). `level` 0 aims at
    no level; `operation` is category and item of a special operation (特种作业); `single_skill` ends in a
    专项职业能力证书.
    """

    key: str
    title: str
    kind: Kind
    days: int
    minutes: int = 270
    practice: int = 60
    online: bool = False
    trade: Trade | None = None
    level: int = 0
    operation: tuple[str, str] | None = None
    single_skill: bool = False


TRADES = {
    trade.key: trade
    for trade in (
        Trade("welder", "6-18-02-04", "焊工", "制造", "mmmmf", "电焊工", code_1999="6-04-02-05"),
        Trade("electrician", "6-31-01-03", "电工", "制造", "mmmmf"),
        Trade("fitter", "6-20-01-01", "装配钳工", "制造", "mmmmf"),
        Trade("turner", "6-18-01-01", "车工", "制造", "mmmmf"),
        Trade("carer", "4-10-01-05", "养老护理员", "康养", "fffm"),
        Trade("nanny", "4-10-01-02", "育婴员", "托幼", "f"),
        Trade("housekeeper", "4-10-01-06", "家政服务员", "家政", "ffffm"),
        Trade("cook", "4-03-02-01", "中式烹调师", "餐饮", "mmf"),
        Trade("baker", "4-03-02-02", "中式面点师", "餐饮", "ffm"),
        Trade("mechanic", "4-12-01-01", "汽车维修工", "服务", "m"),
        Trade("crane", "6-30-05-01", "起重装卸机械操作工", "物流", "m"),
        Trade("seller", "4-01-06-02", "互联网营销师", "数字", "mff", from_on=EDITION_2022_FROM),
        Trade("grower", "5-01-02-01", "农艺工", "枸杞", "mf", "枸杞栽培"),
        Trade("gardener", "5-01-02-02", "园艺工", "葡萄酒", "mf", "酿酒葡萄栽培"),
    )
}

LEVEL_NAMES = {5: "五级/初级工", 4: "四级/中级工", 3: "三级/高级工", 2: "二级/技师", 1: "一级/高级技师"}
_LEVEL_DAYS = {5: 16, 4: 18, 3: 20, 2: 22, 1: 24}
_LEVEL_KINDS = {
    5: Kind.EMPLOYMENT_SKILL,
    4: Kind.ON_POST,
    3: Kind.ON_POST,
    2: Kind.HIGH_SKILL,
    1: Kind.HIGH_SKILL,
}


def _level_courses() -> list[Programme]:
    return [
        Programme(
            f"{trade.key}-{level}",
            f"{trade.name}（{LEVEL_NAMES[level].split('/')[0]}）",
            kind,
            _LEVEL_DAYS[level],
            trade=trade,
            level=level,
        )
        for trade in TRADES.values()
        for level, kind in _LEVEL_KINDS.items()
    ]


def _short_courses() -> list[Programme]:
    skill, safety = Kind.EMPLOYMENT_SKILL, Kind.SAFETY
    return [
        Programme(
            "hot-work",
            "熔化焊接与热切割作业安全技术",
            safety,
            12,
            operation=("焊接与热切割作业", "熔化焊接与热切割作业"),
            practice=40,
        ),
        Programme(
            "low-voltage",
            "低压电工作业安全技术",
            safety,
            12,
            operation=("电工作业", "低压电工作业"),
            practice=40,
        ),
        Programme(
            "heights",
            "高处安装、维护、拆除作业安全技术",
            safety,
            10,
            operation=("高处作业", "高处安装、维护、拆除作业"),
            practice=50,
        ),
        Programme(
            "chlorination",
            "氯化工艺作业安全技术",
            safety,
            12,
            operation=("危险化学品安全作业", "氯化工艺作业"),
            practice=40,
        ),
        Programme("safety-review", "特种作业人员复审安全培训", safety, 2, minutes=225, practice=0),
        Programme("embroidery", "宁夏刺绣制作", skill, 10, practice=80, single_skill=True),
        Programme("excavator", "挖掘机操作", skill, 12, practice=75, single_skill=True),
        Programme("loader", "装载机操作", skill, 12, practice=75, single_skill=True),
        Programme("snacks", "宁夏特色小吃制作", skill, 10, practice=80, single_skill=True),
        Programme("goji-pruning", "枸杞整形修剪", skill, 8, practice=75, single_skill=True),
        Programme("goji-drying", "枸杞采收与制干", skill, 8, practice=75, single_skill=True),
        Programme("sheep", "滩羊养殖", skill, 8, practice=70, single_skill=True),
        Programme("startup", "创办你的企业（SYB）", Kind.ENTREPRENEUR, 10, practice=30),
        Programme("digital", "通用数字技能（线上）", Kind.ONLINE, 6, minutes=180, practice=0, online=True),
        Programme("veterans", "退役军人适应性培训", Kind.VETERAN, 5, minutes=315, practice=20),
        Programme("prep", "劳动预备制基础课程", Kind.LABOUR_PREP, 40, minutes=315, practice=40),
        Programme("apprentice-electrician", "企业新型学徒制·电工", Kind.APPRENTICE, 45, practice=70),
    ]


PROGRAMMES = {programme.key: programme for programme in (*_level_courses(), *_short_courses())}


def edition(on: dt.date) -> str:
    """Return the edition of the occupation list (国家职业分类大典) in use on that day."""
    if on < EDITION_2015_FROM:
        return "1999"
    return "2022" if on >= EDITION_2022_FROM else "2015"
