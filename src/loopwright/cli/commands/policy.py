"""`loopwright policy replay`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.loop_file import load_loop
from loopwright.app.policies.asked import Asked, ask
from loopwright.app.policies.policy import DEFAULTS
from loopwright.app.policies.replay import PolicyReplay, PolicyResult
from loopwright.app.workspace import find_project, open_workspace
from loopwright.cli.render import Answer, line, progress, table
from loopwright.cli.spread import spread
from loopwright.export.policy_report import policy_report
from loopwright.export.report import render

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
_POLICY = "never, daily, weekly, monthly, every:45d, rows:20000, drift, performance, or loop; give it once for each."


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is played, apart from where."""

    policy: Annotated[list[str] | None, typer.Option(help=_POLICY)] = None
    first: Annotated[str | None, typer.Option("--from", help="First day played, as 2013-04-01.")] = None
    last: Annotated[str | None, typer.Option("--to", help="Last day played.")] = None
    scenario: Annotated[str | None, typer.Option(help="Take the rows that this scenario plays as landed.")] = None
    label_delay: Annotated[str, typer.Option(help="How long after a row its label is known.")] = "1d"
    metric: Annotated[str | None, typer.Option(help="What quality is measured by.")] = None
    price: Annotated[float, typer.Option(min=0.0, help="What one training costs.")] = 0.0

    def asked(self) -> Asked:
        """The policies and the past that are asked for."""
        return Asked(
            policies=tuple(self.policy or DEFAULTS),
            first=self.first,
            last=self.last,
            scenario=self.scenario,
            label_delay=self.label_delay,
            metric=self.metric,
            price=self.price,
        )


@app.callback()
def _noun() -> None:
    """When to retrain: policies tried on the past before they are trusted with the future."""


@app.command(name="replay")
@spread(Options)
def replay(
    *,
    out: Annotated[Path | None, typer.Option(help="Write a page with the picture.")] = None,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    file: Annotated[str, typer.Option(help="The loop file, relative to the project.")] = "loop.py",
    options: Options,
) -> Answer:
    """Say how often each policy would have retrained on the past, what it would have cost and gained."""
    folder = find_project(project.resolve())
    loaded = load_loop((folder / file).resolve(), folder)
    asked = options.asked()
    with progress() as bars:
        found = ask(folder, loaded, asked, home=lambda: open_workspace(folder), start=bars.start)
    if out is not None:
        out.write_text(render(policy_report(found)), encoding="utf-8")
    return Answer(data=found, show=lambda: _show(found, out))


def _show(found: PolicyReplay, out: Path | None) -> None:
    base = found.results[0].policy
    columns = ["policy", found.metric, f"gain over {base}", "95 %", "trainings", "released", "rejected", "cost"]
    table(columns, [_row(result) for result in found.results], right=columns[1:])
    line(f"{found.rows:,} labelled rows; releases take no time here; gains are paired over days, positive is better.")
    if out is not None:
        line(f"Wrote {out}")


def _row(result: PolicyResult) -> tuple[object, ...]:
    sure = "" if result.gain_low is None else f"{result.gain_low:+.4f} to {result.gain_high:+.4f}"
    return (
        result.policy,
        result.value,
        None if result.gain is None else f"{result.gain:+.4f}",
        sure,
        len(result.retrains),
        result.released,
        result.rejected,
        result.cost,
    )
