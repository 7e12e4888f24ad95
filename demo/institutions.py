"""The institutions of the demo region: schools, colleges, assessment and government bodies.

All names are made up and say 示例; every unified social credit code passes both of its check characters.
"""

import dataclasses
import datetime as dt

from demo.numbers import uscc


@dataclasses.dataclass(frozen=True, slots=True)
class Institution:
    """One institution (机构), in force from `from_on`; on `until_on` it is closed.

    `kind` is a code of the table issuer_kinds; `teaches` holds keys of programmes or of trades (at
    all levels); `site` is the six digits of an assessment site in certificate numbers.
    """

    key: str
    name: str
    uscc: str
    kind: str
    area: str
    from_on: dt.date
    until_on: dt.date | None = None
    teaches: tuple[str, ...] = ()
    site: str | None = None
    issues: bool = True

    def in_force(self, first: dt.date, last: dt.date) -> bool:
        """Say whether it was in force on every day of the span."""
        return self.from_on <= first and (self.until_on is None or last < self.until_on)

    def offers(self, programme_key: str) -> bool:
        """Say whether it teaches that programme."""
        return any(programme_key == word or programme_key.rpartition("-")[0] == word for word in self.teaches)


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


REGION = Institution(
    key="region",
    name="宁夏回族自治区人力资源和社会保障厅（示例）",
    uscc=uscc("11", "640000", "MBDEM001"),
    kind="region",
    area="640000",
    from_on=_day("2000-01-01"),
    issues=False,
)
"""The bureau itself: what no issuer signs is signed by its own key, which the service holds."""

SERVICE = Institution(
    "service",
    "自治区就业与创业服务局（示例）",
    uscc("12", "640000", "MBDEM002"),
    "bureau",
    "640000",
    _day("2003-07-01"),
)
GUIDANCE = Institution(
    "guidance",
    "自治区职业技能鉴定指导中心（示例）",
    uscc("12", "640000", "MBDEM003"),
    "qualification-authority",
    "640000",
    _day("1999-03-01"),
    site="100001",
)
SAFETY = Institution(
    "safety",
    "自治区安全生产考试中心（示例）",
    uscc("12", "640000", "MBDEM004"),
    "safety-authority",
    "640000",
    _day("2018-11-01"),
)
ASSESSMENT = Institution(
    "assessment",
    "塞上技能人才评价协会（示例）",
    uscc("51", "640000", "MJDEM005"),
    "assessment-organisation",
    "640000",
    _day("2019-11-01"),
    site="012234",
)
ENTERPRISE = Institution(
    "enterprise",
    "宁东煤化工有限公司职工培训中心（示例）",
    uscc("91", "640181", "MADEM006"),
    "employer",
    "640181",
    _day("2012-05-08"),
    teaches=("electrician", "fitter", "welder", "chlorination", "heights", "apprentice-electrician"),
    site="103243",
)
COLLEGE = Institution(
    "college",
    "贺兰山职业技术学院（示例）",
    uscc("12", "640100", "MBDEM007"),
    "training-institution",
    "640100",
    _day("2001-09-01"),
    teaches=(
        "welder",
        "electrician",
        "fitter",
        "turner",
        "mechanic",
        "crane",
        "seller",
        "prep",
        "veterans",
        "digital",
    ),
)
COUNTY = Institution(
    "county",
    "六盘山技工学校（示例）",
    uscc("12", "640400", "MBDEM008"),
    "training-institution",
    "640400",
    _day("2006-09-01"),
    teaches=(
        "welder",
        "electrician",
        "cook",
        "baker",
        "mechanic",
        "carer",
        "excavator",
        "loader",
        "veterans",
        "prep",
    ),
)
SAFETY_SCHOOL = Institution(
    "safety-school",
    "宁东安全技能培训学校（示例）",
    uscc("52", "640181", "MJDEM009"),
    "training-institution",
    "640181",
    _day("2014-06-12"),
    teaches=("hot-work", "low-voltage", "heights", "chlorination", "safety-review"),
)
CARE = Institution(
    "care",
    "银川金凤康养职业培训学校（示例）",
    uscc("52", "640106", "MJDEM010"),
    "training-institution",
    "640106",
    _day("2017-04-20"),
    teaches=("carer", "nanny", "housekeeper", "baker", "snacks", "startup", "digital"),
)
CLOSED = Institution(
    "closed",
    "石嘴山新航职业培训学校（示例）",
    uscc("52", "640200", "MJDEM011"),
    "training-institution",
    "640200",
    _day("2015-03-02"),
    until_on=_day("2022-07-01"),
    teaches=("housekeeper", "cook", "welder", "crane", "startup", "embroidery", "snacks"),
)
SOUTH = Institution(
    "south",
    "同心清水河职业培训有限公司（示例）",
    uscc("91", "640324", "MADEM012"),
    "training-institution",
    "640324",
    _day("2016-08-15"),
    teaches=(
        "cook",
        "housekeeper",
        "embroidery",
        "snacks",
        "excavator",
        "loader",
        "sheep",
        "startup",
        "seller",
    ),
)
GOJI = Institution(
    "goji",
    "中宁县红果村股份经济合作社（示例）",
    uscc("N2", "640521", "MADEM013"),
    "training-institution",
    "640521",
    _day("2016-01-18"),
    teaches=("grower", "gardener", "goji-pruning", "goji-drying", "sheep"),
)

INSTITUTIONS = (
    REGION,
    SERVICE,
    GUIDANCE,
    SAFETY,
    ASSESSMENT,
    ENTERPRISE,
    COLLEGE,
    COUNTY,
    SAFETY_SCHOOL,
    CARE,
    CLOSED,
    SOUTH,
    GOJI,
)
