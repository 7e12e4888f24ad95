"""Why an act on a whole archive is refused though its form is whole: what it rests on does not carry it.

FormRefused 422 ──────── form
├── GroundOfAnotherAct ─ ground-of-another-act
├── EvidenceNeeded ───── evidence-needed
│   └── OrderNeeded ──── order-needed
└── DeathBeforeBirth ─── death-before-birth
"""

from recordsvc.ground.problems import FormRefused


class GroundOfAnotherAct(FormRefused):
    """The ground is one of the list, but of another act: a merge's for its undoing, say."""

    code = "ground-of-another-act"
    title_zh = "所选依据是另一种办理的依据"
    title_en = "The ground belongs to another act"
    remedy_zh = "请改选本项办理的依据（代码表中 for 一栏写明用于哪一项）。"
    remedy_en = "Choose a ground of this act: `for` in the code table says which act each serves."


class EvidenceNeeded(FormRefused):
    """The act rests on a paper that is filed here, and none is named."""

    code = "evidence-needed"
    title_zh = "须有一份已收存的证明材料"
    title_en = "A paper that is filed here must prove it"
    remedy_zh = (
        "请先在本人材料中收存证明文书，再选它；关闭档案的证明是死亡医学证明、户口注销证明、"
        "宣告死亡判决书，或查询结果的打印件。"
    )
    remedy_en = (
        "File the proof among the worker's papers and name it; of a death it is a certificate, a judgment, "
        "or a printed query of a register."
    )


class OrderNeeded(EvidenceNeeded):
    """The ground is somebody's order, and no paper of it is named."""

    code = "order-needed"
    title_zh = "依有权机关决定办理的，须有决定文书"
    title_en = "Who acts on an order names the paper of it"
    remedy_zh = "请先在本人材料中收存决定文书，再选它。"
    remedy_en = "File the order among the worker's papers and name it."


class DeathBeforeBirth(FormRefused):
    """The day of death lies before the day of birth that a verified number tells."""

    code = "death-before-birth"
    title_zh = "死亡日期早于出生日期"
    title_en = "The day of death is before the day of birth"
    remedy_zh = "请核对死亡日期；证件号码有误的，先更正号码。"
    remedy_en = "Check the day of death; if the number is wrong, correct it first."
