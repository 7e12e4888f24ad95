"""Why a comparison of a signed slip is not taken (签字单复核).

Problem
├── SlipChecked 409 ── slip-checked
└── SlipUnopened 409 ─ slip-unopened
"""

from recordsvc.ground.problems import Conflict


class SlipChecked(Conflict):
    """Somebody compared it before."""

    code = "slip-checked"
    title_zh = "这份签字单已经核对过"
    title_en = "The slip was compared before"
    remedy_zh = "请刷新列表查看。"
    remedy_en = "Read the list again."


class SlipUnopened(Conflict):
    """Nobody says what they found in a paper that they have not opened."""

    code = "slip-unopened"
    title_zh = "您还没有打开这份签字单"
    title_en = "You have not opened the slip"
    remedy_zh = "请先调取材料，与证件上的签名核对，再填写结果。"
    remedy_en = "Open the paper, compare the signature, then say what you found."
