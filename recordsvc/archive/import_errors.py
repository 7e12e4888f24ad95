"""Why a file of old papers that came to the desk is not taken (导入旧档案).

FormRefused 422 ─── form
├── FileUnreadable ─ import-unreadable
├── QuestionsOpen ── import-questions
└── NothingToEnter ─ import-empty
Conflict 409
└── ImportBegun ──── import-begun
"""

from recordsvc.ground.problems import Conflict, FormRefused


class FileUnreadable(FormRefused):
    """No sheet, none with such headings, or more of it than the desk takes."""

    code = "import-unreadable"
    title_zh = "这份文件读不出来"
    title_en = "The file cannot be read"
    remedy_zh = "请检查文件；行数或大小超过上限的，由运维人员用 recordsvc import 命令导入。"
    remedy_en = "Check the file; what is beyond the limit is imported by the command `recordsvc import`."


class QuestionsOpen(FormRefused):
    """What the file does not say has to be answered once, or answered with null."""

    code = "import-questions"
    title_zh = "还有要补的对照，没有提出导入"
    title_en = "The file leaves questions open; nothing was proposed"
    remedy_zh = "请逐项补上；无从补起的写 null（网页上填“无”），相应各行不导入。"
    remedy_en = "Answer each, or null where there is no answer: its rows are then refused."


class NothingToEnter(FormRefused):
    """Every row is refused."""

    code = "import-empty"
    title_zh = "没有可导入的行，没有提出"
    title_en = "No row can be imported, nothing was proposed"
    remedy_zh = "请按各行的问题改正文件。"
    remedy_en = "Put the rows right as their problems say."


class ImportBegun(Conflict):
    """This file was begun before, as another run or with another word."""

    code = "import-begun"
    title_zh = "这个文件已经开始导入，或已导入完毕"
    title_en = "The file was begun or imported before"
    remedy_zh = (
        "请在待办事项里看它的进度；担保单位或来源写错的，先撤回或退回，再重新提出；"
        "有误的行改正后另存为一个文件。"
    )
    remedy_en = (
        "See its proposal for how far it is. To begin it with another office or source, let it be withdrawn "
        "or refused first; put rows that were refused into a file of their own."
    )
