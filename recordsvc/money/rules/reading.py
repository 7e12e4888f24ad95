"""The text of a rule as plain values: a small part of YAML in which nothing means two things.

Refused: a key that comes twice, anchors and aliases (a few lines of which can fill a machine), tags, several
documents. Resolved are only `null`, `true`, `false` and whole numbers; all else is text, so that a date stays
as written and 0.7 is no number anywhere: amounts are fen, shares are percent.
"""

import re
from typing import Any, Final

import yaml

from recordsvc.money.rules.errors import Fault, RuleRefused

MAX_BYTES: Final = 64 * 1024
_DEPTH: Final = 16
_MOST_DIGITS: Final = 18


class Reader(yaml.SafeLoader):  # type: ignore[misc]
    """PyYAML's safe loader without its guesses."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - as the base declares it


Reader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"null\Z|\Z"), ["n", ""])
Reader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)\Z"), ["t", "f"])
Reader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"-?(?:0|[1-9][0-9]*)\Z"), list("-0123456789")
)


def read(text: bytes) -> dict[str, Any]:
    """Return the mapping that the text of a rule is. Raises `RuleRefused`."""
    if len(text) > MAX_BYTES:
        raise _refused("size", f"规则文本超过 {MAX_BYTES} 字节", "the text is too long")
    try:
        node = yaml.compose(text.decode(), Reader)
    except UnicodeDecodeError:
        raise _refused("encoding", "规则文本应为 UTF-8 编码", "the text is not UTF-8") from None
    except RecursionError:
        raise _refused("depth", "嵌套过深", "nested too deeply") from None
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f"第 {where.line + 1} 行" if where else ""
        raise _refused("yaml", f"不是合格的 YAML：{line}", f"not YAML: {line or 'no line'}") from None
    faults: list[Fault] = []
    found = _value(node, "", faults, set(), 0)
    if not faults and not isinstance(found, dict):
        faults.append(Fault("", "mapping", "规则应为一组键和值", "a rule is a mapping"))
    if faults:
        raise RuleRefused(faults)
    assert isinstance(found, dict)  # noqa: S101 - the line above
    return found


def _value(node: yaml.Node | None, pointer: str, faults: list[Fault], seen: set[int], depth: int) -> Any:
    if node is None:
        return None
    if depth > _DEPTH:
        faults.append(Fault(pointer, "depth", "嵌套过深", "nested too deeply"))
        return None
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, pointer, faults)
    # An alias is the very node of its anchor, met a second time.
    if id(node) in seen:
        faults.append(Fault(pointer, "alias", "不接受锚点和别名", "anchors and aliases are not taken"))
        return None
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, f"{pointer}/{n}", faults, seen, depth + 1) for n, one in enumerate(node.value)]
    found: dict[str, Any] = {}
    for key, value in node.value:
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
        here = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        if not name:
            faults.append(Fault(here, "key", "键应为文字", "a key must be text"))
        elif name in found:
            faults.append(Fault(here, "repeated", f"键 {name} 出现两次", "the key comes twice"))
        else:
            found[name] = _value(value, here, faults, seen, depth + 1)
    return found


def _scalar(node: yaml.ScalarNode, pointer: str, faults: list[Fault]) -> Any:
    kind = node.tag.rpartition(":")[2]
    text: str = node.value
    if kind == "str":
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return text == "true"
    if kind == "int" and len(text) <= _MOST_DIGITS:
        return int(text)
    faults.append(Fault(pointer, "value", "不接受这样的值", "a value of this kind or size is not taken"))
    return None


def _refused(code: str, detail: str, detail_en: str) -> RuleRefused:
    return RuleRefused([Fault("", code, detail, detail_en)])
