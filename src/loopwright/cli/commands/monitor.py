"""`loopwright monitor report | compare | preview | replay | rules | dashboard`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.monitor.report import MonitorReport, monitor_report
from loopwright.cli.monitor_compare import compare_files
from loopwright.cli.monitor_preview import preview
from loopwright.cli.monitor_replay import replay_past
from loopwright.cli.period import From, To, period
from loopwright.cli.project import opened
from loopwright.cli.render import Answer, json_text, line
from loopwright.export.grafana import grafana_dashboard
from loopwright.export.monitor_report import monitor_page
from loopwright.export.prometheus_rules import prometheus_rules, prometheus_tests
from loopwright.export.report import render

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)

Project = Annotated[Path, typer.Option(help="The project's folder.")]
File = Annotated[str, typer.Option(help="The loop file, relative to the project.")]
Home = Annotated[str | None, typer.Option(help="Another home of the project.")]
Endpoint = Annotated[str | None, typer.Option(help="Whose; the loop's own where left out.")]
PAGE = Path("monitor.html")


@app.callback()
def _noun() -> None:
    """Watching what serves: reports, alarms tried before they are switched on, rules and dashboards of other tools."""


@app.command("report", epilog="Example: loopwright monitor report --from 2026-01-01 --out monitor.html")
def report(
    *,
    endpoint: Endpoint = None,
    from_: From = None,
    to: To = None,
    out: Annotated[Path | None, typer.Option(help="The page to write; monitor.html where left out.")] = None,
    project: Project = Path(),
    file: File = "loop.py",
    home: Home = None,
) -> Answer:
    """Write one self-contained page: rules, incidents, columns, quality. With --json the same as JSON."""
    since, until = period(from_, to)
    workspace, loaded = opened(project, file, home=home)
    name = endpoint or loaded.loop.name
    rules = loaded.loop.monitor if name == loaded.loop.name else ()
    found = monitor_report(workspace, name, since=since, until=until, rules=rules)
    if out is not None:
        _write(found, out)
    return Answer(data=found, show=lambda: _say(found, out))


app.command("compare", epilog="Example: loopwright monitor compare january.parquet june.parquet --html drift.html")(
    compare_files
)


app.command("preview", epilog="Example: loopwright monitor preview --window '500 rows'")(preview)


app.command("replay", epilog="Example: loopwright monitor replay --real 2026-03-01..2026-03-09 --out replay.html")(
    replay_past
)


@app.command("rules", epilog="Example: loopwright monitor rules > rules.yml && promtool check rules rules.yml")
def rules(
    *,
    tests: Annotated[bool, typer.Option("--tests", help="Print promtool's unit tests of rules.yml instead.")] = False,
    owner: Annotated[str | None, typer.Option(help="The label `owner` of alerts that name none themselves.")] = None,
) -> Answer:
    """Print recording and alerting rules for Prometheus, with labels for Alertmanager."""
    text = prometheus_tests(owner=owner) if tests else prometheus_rules(owner=owner)
    return Answer(data={"yaml": text}, show=lambda: line(text.rstrip("\n")))


@app.command("dashboard", epilog="Example: loopwright monitor dashboard > grafana.json")
def dashboard(*, title: Annotated[str, typer.Option(help="The dashboard's title.")] = "Loopwright") -> Answer:
    """Print a dashboard that Grafana imports."""
    made = grafana_dashboard(title)
    return Answer(data=made, show=lambda: line(json_text(made)))


def _write(found: MonitorReport, path: Path) -> None:
    path.write_text(render(monitor_page(found)), encoding="utf-8")


def _say(found: MonitorReport, out: Path | None) -> None:
    """The page is what a person asks for; who asks for JSON and names no page gets none."""
    if out is None:
        _write(found, PAGE)
    line(f"Wrote {out or PAGE}")
