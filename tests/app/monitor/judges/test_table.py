"""Every kind of rule that a loop file can declare has a judge."""

from importlib import import_module
from pkgutil import iter_modules

import loopwright.monitoring.rules as rules
from loopwright.app.monitor.judges.table import JUDGES
from loopwright.monitoring.rules.rule import MonitorRule


def test_every_kind_of_rule_has_a_judge():
    for found in iter_modules(rules.__path__):
        import_module(f"{rules.__name__}.{found.name}")
    declared = {kind for kind in kinds_of(MonitorRule) if kind.__module__.startswith(rules.__name__)}
    assert declared == set(JUDGES)


def kinds_of(kind):
    """Every kind of rule that is not only the base of others."""
    below = kind.__subclasses__()
    return {found for one in below for found in kinds_of(one)} if below else {kind}
