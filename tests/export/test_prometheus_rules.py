"""Rule files for Prometheus, judged by its own tool."""

import shutil
import subprocess
from pathlib import Path

import pytest

from loopwright.export.prometheus_alerts import ALERTS
from loopwright.export.prometheus_rules import RULES_FILE, prometheus_rules, prometheus_tests

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed"
)


def promtool(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, check=False)


def written(folder: Path, *, owner: str | None = None) -> str:
    rules = prometheus_rules(owner=owner)
    (folder / RULES_FILE).write_text(rules)
    (folder / "tests.yml").write_text(prometheus_tests(owner=owner))
    return rules


@needs_promtool
def test_the_rules_are_rules(tmp_path: Path) -> None:
    written(tmp_path)
    done = promtool(tmp_path, "check", "rules", "--lint=all", "--lint-fatal", RULES_FILE)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_every_alert_fires_when_it_should_and_only_then(tmp_path: Path) -> None:
    written(tmp_path, owner="team-flights")
    done = promtool(tmp_path, "test", "rules", "tests.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@needs_promtool
@pytest.mark.parametrize(
    ("broken", "noticed"),
    [("vector(1) == 0", "fires"), ('label_replace(vector(1), "endpoint", "z", "", "")', "stays quiet")],
)
def test_the_generated_tests_notice_alerts_that_never_fire_and_alerts_that_always_do(
    tmp_path: Path, broken: str, noticed: str
) -> None:
    rules = written(tmp_path)
    expected = [line for line in rules.splitlines() if any(alert.expr in line for alert in ALERTS)]
    for whole in expected:
        rules = rules.replace(whole, f"        expr: '{broken}'")
    (tmp_path / RULES_FILE).write_text(rules)
    done = promtool(tmp_path, "test", "rules", "tests.yml")
    assert done.returncode == 1
    missed = [alert.name for alert in ALERTS if f"{alert.name} {noticed}" not in done.stdout + done.stderr]
    assert missed == []


def test_an_owner_is_on_every_alert_that_has_none_of_its_own() -> None:
    rules = prometheus_rules(owner="team-flights")
    assert rules.count('owner: "team-flights"') == sum("owner" not in alert.labels for alert in ALERTS)
    assert "team-flights" not in prometheus_rules()
