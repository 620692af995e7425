"""`loopwright monitor preview`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.monitor.preview import PreviewOfRule, preview_rule
from loopwright.cli.project import opened
from loopwright.cli.render import Answer, line, progress, table
from loopwright.monitoring.planted import ChangeKind
from loopwright.monitoring.preview import Catch, Effort, Setting

_KINDS = {"place": "σ", "share": "of rows", "missing": "of rows", "correlation": "of it lost"}  # noqa: RUF001
_STEPS = 1_000


def preview(
    *,
    window: Annotated[str | None, typer.Option(help="Try this window: 1d, 1h, '500 rows' or auto.")] = None,
    version: Annotated[str | None, typer.Option(help="NAME@ALIAS or digest; the champion where left out.")] = None,
    windows: Annotated[int, typer.Option(min=100, help="Windows without change to try, of each kind.")] = 1_000,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    file: Annotated[str, typer.Option(help="The loop file, relative to the project.")] = "loop.py",
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
) -> Answer:
    """Try the drift rule on your own data before it calls anyone: false alarms, and the least change it catches."""
    workspace, loaded = opened(project, file, home=home)
    with progress() as bars:
        advance, done = bars.start("trying", _STEPS), [0]

        def told(words: str, share: float) -> None:  # noqa: ARG001 - one bar for all windows
            advance(int(share * _STEPS) - done[0])
            done[0] = int(share * _STEPS)

        found = preview_rule(
            workspace, loaded.loop, window=window, version=version, effort=Effort(windows=windows), progress=told
        )
    return Answer(data=found, show=lambda: _show(found))


def _show(found: PreviewOfRule) -> None:
    kinds = list(dict.fromkeys(catch.kind for setting in found.preview.settings for catch in setting.catches))
    columns = ["window", "mean time", "false alarms in 1,000 windows", *kinds]
    table(columns, [_row(setting, kinds) for setting in found.preview.settings], right=columns[1:3])
    line(found.preview.advice)
    line(f"Tried on the {found.preview.rows:,} rows that {found.version[:12]} was made from. Of each kind of change")
    line("the least that half of the streams found is shown, then the windows until half of them had, and nine in ten.")


def _row(setting: Setting, kinds: Sequence[ChangeKind]) -> tuple[object, ...]:
    if setting.unknown:
        return (setting.window, f"{setting.mean_time:,}", f"unknown: {setting.unknown}", *("" for _ in kinds))
    by_kind = {catch.kind: catch for catch in setting.catches}
    rate = f"{setting.per_thousand:g} ({setting.low:.2g} to {setting.high:.2g})"
    caught = (_caught(by_kind.get(kind)) for kind in kinds)
    return (setting.window, f"{setting.mean_time:,}", rate, *caught)


def _caught(catch: Catch | None) -> str:
    if catch is None:
        return ""
    if catch.size is None:
        return "none"
    return f"{catch.size:g} {_KINDS[catch.kind]}: {catch.median_windows}, {catch.most_windows or 'more'}"
