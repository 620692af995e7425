"""`loopwright monitor report | compare | preview | replay | rules | dashboard`."""

import typer

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def _noun() -> None:
    """Watching what serves: reports, alarms tried before they are switched on, rules and dashboards of other tools."""
