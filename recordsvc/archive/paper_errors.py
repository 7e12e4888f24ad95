"""Why a paper (材料) is not filed or not handed out.

Problem
├── PaperRefused 422 ─── paper-type          ├── PaperUnsafe 422 ─── paper-unsafe
├── PaperUnknown 422 ─── paper-unknown       ├── TooManyPapers 409 ─ paper-too-many
└── PaperDamaged 503 ─── paper-damaged
"""

from recordsvc.ground.problems import Conflict, Problem, Unavailable


class PaperRefused(Problem):
    """The file is none of the kinds that are kept, is damaged, or its picture is too large."""

    status = 422
    code = "paper-type"
    title_zh = "材料只收 PDF、PNG、JPEG 文件"
    title_en = "Papers are PDF, PNG or JPEG files, whole and of ordinary size"
    remedy_zh = "请用手机拍照或扫描成 PDF、PNG、JPEG 后重新上传。"
    remedy_en = "Scan or photograph it as PDF, PNG or JPEG and send it again."


class PaperUnsafe(Problem):
    """The PDF can do something by itself, carries other files, or is encrypted."""

    status = 422
    code = "paper-unsafe"
    title_zh = "该 PDF 带有脚本、自动动作、附件或密码，不能收存"
    title_en = "The PDF holds scripts, actions, attachments or a password"
    remedy_zh = "请把它打印成新的 PDF，或改传扫描件、照片。"
    remedy_en = "Print it to a new PDF, or send a scan or photograph instead."


class PaperUnknown(Problem):
    """A paper that is named is not among those of its owner."""

    status = 422
    code = "paper-unknown"
    title_zh = "没有这份材料"
    title_en = "There is no such paper of this owner"
    remedy_zh = "请先上传材料，再填写它的编号。"
    remedy_en = "File the paper first, then name its id."


class TooManyPapers(Conflict):
    """An owner has as many papers as are kept for one."""

    code = "paper-too-many"
    title_zh = "材料份数已达上限"
    title_en = "As many papers are filed as are kept for one owner"
    remedy_zh = "请联系经办窗口处理。"
    remedy_en = "Ask the service window."


class PaperDamaged(Unavailable):
    """The file of a paper is missing, was changed, or lies in another's place; it is never handed out."""

    code = "paper-damaged"
    title_zh = "材料文件缺失或已损坏，未予提供"
    title_en = "The file of this paper is missing or damaged and was not handed out"
    remedy_zh = "请联系运行单位核验（recordsvc log fsck），从备份恢复。"
    remedy_en = "Ask the operator to run `recordsvc log fsck` and restore it from a backup."
