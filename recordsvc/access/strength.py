"""Which PINs and passwords are too easy to guess (弱口令): by length and by rule, no classes of characters.

What is refused is what guessers try first: known words and rows of keys however often repeated, and nothing
else between them (NIST SP 800-63B-4 section 3.1.1.2: length and a blocklist, no composition rules).
"""

from typing import Final

LEAST_PASSWORD: Final = 15
MOST_PASSWORD: Final = 128
LEAST_PIN: Final = 6
MOST_PIN: Final = 12
_LEAST_REST: Final = 6
"""Characters that must remain once the known is taken out, and how many of them must differ: half of it."""
# What the published lists of broken passwords begin with, in the languages of those who sign in here; the
# long ones first, since they hold the short ones.
_WORDS: Final = (
    *("administrator", "changeme", "iloveyou", "letmein", "password", "passw0rd", "p@ssw0rd", "sunshine"),
    *("welcome", "woaini", "woaiwojia", "admin", "dragon", "master", "monkey", "shadow", "abc", "aini"),
    *("ningxia", "yinchuan", "shehuibaozhang", "shebao", "peixun", "jineng", "dangan", "recordsvc", "mima"),
    *("密码", "我爱你", "宁夏", "银川", "社保", "社会保障卡", "培训", "档案", "职业技能"),
)
_ROWS: Final = (
    "0123456789",
    "9876543210",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
)
_LEAST_RUN: Final = 3


def password_fault(password: str) -> str:
    """Return what is wrong with a password, in words; empty: nothing."""
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        return f"密码应为 {LEAST_PASSWORD}–{MOST_PASSWORD} 个字符；可以用几个词连起来"
    rest = _rest(password.lower())
    if len(rest) < _LEAST_REST or len(set(rest)) < _LEAST_REST // 2 or _repeats(rest):
        return "这个密码太容易被猜到，请换成几个不相干的词"
    return ""


def pin_fault(pin: str) -> str:
    """Return what is wrong with a PIN, in words; empty: nothing."""
    if not (pin.isascii() and pin.isdigit() and LEAST_PIN <= len(pin) <= MOST_PIN):
        return f"PIN 应为 {LEAST_PIN}–{MOST_PIN} 位数字"
    if len(set(pin)) < 3 or _repeats(pin) or len(_without_rows(pin)) < 3 or _a_day(pin):
        return "这个 PIN 太容易被猜到，请不要用生日、连号或重复的数字"
    return ""


def _rest(text: str) -> str:
    for word in sorted(_WORDS, key=len, reverse=True):
        text = text.replace(word, "")
    return _without_rows(text)


def _without_rows(text: str) -> str:
    """Take out every run of three and more that stands in a row of keys, or is one character again."""
    kept, at = [], 0
    while at < len(text):
        end = at + 1
        while end < len(text) and _in_row(text[at : end + 1]):
            end += 1
        if end - at < _LEAST_RUN:
            kept.append(text[at])
            end = at + 1
        at = end
    return "".join(kept)


def _in_row(run: str) -> bool:
    return len(set(run)) == 1 or any(run in row for row in _ROWS)


def _repeats(text: str) -> bool:
    """Tell whether the text is one part of it again and again."""
    return bool(text) and text in (text + text)[1:-1]


def _a_day(pin: str) -> bool:
    """Tell whether a PIN may be somebody's birthday: YYMMDD or YYYYMMDD."""
    if len(pin) not in (6, 8) or (len(pin) == 8 and pin[:2] not in ("19", "20")):
        return False
    return 1 <= int(pin[-4:-2]) <= 12 and 1 <= int(pin[-2:]) <= 31
