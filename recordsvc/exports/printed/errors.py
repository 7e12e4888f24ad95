"""What can go wrong with certificates on paper.

Problem
├── Unavailable
│   └── PaperUnavailable ──── paper-unavailable
├── FormRefused
│   └── ContentUnreadable ─── certificate-content
└── Conflict
    ├── GlyphMissing ──────── paper-glyph
    └── SheetTooLong ──────── paper-too-long
"""

from recordsvc.ground.problems import Conflict, FormRefused, Unavailable


class PaperUnavailable(Unavailable):
    """This machine lacks something that makes certificates on paper; everything else works."""

    code = "paper-unavailable"
    title_zh = "本系统暂时不能出具纸质证明"
    title_en = "Certificates on paper cannot be made here"
    remedy_zh = "档案和凭证包不受影响，可先下载凭证包；请管理员按 docs/install.md 安装所缺的组件。"
    remedy_en = "Archive and bundles are not affected. The administrator installs what docs/install.md names."


class GlyphMissing(Conflict):
    """No installed font draws a character of the certificate: nothing with a gap in a name leaves."""

    code = "paper-glyph"
    title_zh = "有一个字本系统的字体印不出来，未出具证明"
    title_en = "No font here draws a character of this certificate; none was made"
    remedy_zh = "请管理员按 docs/install.md 安装含有该字的字体后重试；凭证包不受影响。"
    remedy_en = "The administrator installs a font that has it (docs/install.md); bundles are not affected."


class SheetTooLong(Conflict):
    """More records than one certificate takes."""

    code = "paper-too-long"
    title_zh = "记录太多，不能印在一份证明上"
    title_en = "There are too many records for one certificate"
    remedy_zh = "请用 records 选择要印的记录，分几份出具。"
    remedy_en = "Choose records with `records`, and take several."


class ContentUnreadable(FormRefused):
    """What was given is no QR content of a certificate of this service, or was altered."""

    code = "certificate-content"
    title_zh = "这不是本系统证明上的二维码内容，或已被改动"
    title_en = "This is no QR content of a certificate of this service, or it was altered"
    remedy_zh = "请重新扫描证明上的二维码，把全部内容原样粘贴；仍不通过的，请勿采信该证明。"
    remedy_en = (
        "Scan the code again and give the whole content as it is; if it still fails, do not rely on it."
    )
