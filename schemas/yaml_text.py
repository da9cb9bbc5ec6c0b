"""Reads YAML as a person means it: no surprise booleans, dates or base-60 numbers, no key twice.

YAML 1.1 reads `NO` (Norway, or a flag) as false, `12:30` as 750 and `2026-04-01` as a date object. Here a plain word
is text unless it is `true`, `false`, `null` or a decimal number, as in YAML 1.2's core schema. The gateway's
configuration, mappings and the texts of agreements are read by it alike.
"""

import re
from typing import Any, Final

import yaml

__all__ = ["read_yaml"]


class _Loader(yaml.SafeLoader):
    """SafeLoader with YAML 1.2's few plain types, and duplicate keys refused."""

    yaml_implicit_resolvers: Final = {}  # type: ignore[misc]  # the base's table is replaced, on purpose

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | None):
                raise yaml.constructor.ConstructorError(None, None, "a key is a plain word", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands here twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", "-0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), list(_first))


def read_yaml(text: str) -> Any:
    """The document as plain Python values. Raises ValueError with the line that is wrong."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader with fewer types
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ValueError(f"line {line} is not YAML as it is read here: {error.problem}") from None
    except yaml.YAMLError:
        raise ValueError("it is not YAML") from None
