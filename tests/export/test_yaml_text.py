"""YAML that any parser reads back the same."""

import pytest

from loopwright.export.yaml_text import yaml_text

VALUES = [
    {"a": 1, "b": [1, 2.5, True, None], "c": {"d": {}, "e": []}},
    {"groups": [{"name": "x", "rules": [{"expr": 'a{b="c"} > 0', "for": "1h"}, {"expr": 'it\'s "both"'}]}]},
    [[1, [2]], {"x": ["y: z", "- no list", "# no comment", "yes", "0777", "multi\nline", "ä €", ""]}],
    "plain",
    {"t": "a 'single' one", "u": '"', "v": 'back\\slash "x"'},
]


@pytest.mark.parametrize("value", VALUES)
def test_it_is_read_back_the_same(value: object) -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    assert yaml.safe_load(yaml_text(value)) == value


def test_promql_is_readable() -> None:
    assert yaml_text({"expr": 'up{job="x"}'}) == "expr: 'up{job=\"x\"}'\n"
