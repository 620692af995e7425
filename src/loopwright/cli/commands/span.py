"""`loopwright span search | show`: what happened inside calls, as spans that this home made or was sent."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.traces import trace_view, traces
from loopwright.app.workspace import Workspace, find_project, open_workspace
from loopwright.cli.period import From, To, period
from loopwright.cli.render import Answer, line, table
from loopwright.cli.spread import spread
from loopwright.core.clock import iso, parse_duration
from loopwright.errors import UsageError
from loopwright.llm.tracing.page import took
from loopwright.llm.tracing.search import TraceSummary
from loopwright.llm.tracing.span_query import SpanQuery
from loopwright.llm.tracing.tree import Branch

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
Project = Annotated[Path, typer.Option(help="The project's folder.")]
Home = Annotated[str | None, typer.Option(help="Another home of the project.")]
_BAR = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one span of a trace must be."""

    name: Annotated[str, typer.Option(help="Part of a span's name.")] = ""
    service: Annotated[str, typer.Option(help="service.name of the program.")] = ""
    session: Annotated[str, typer.Option(help="The conversation.")] = ""
    operation: Annotated[str, typer.Option(help="chat, embeddings, execute_tool, retrieval, invoke_agent.")] = ""
    model: Annotated[str, typer.Option(help="The model.")] = ""
    tool: Annotated[str, typer.Option(help="The tool.")] = ""
    status: Annotated[str, typer.Option(help="error or ok.")] = ""
    longer_than: Annotated[str, typer.Option(help="Spans that took longer, as 2s.")] = "0s"
    costlier_than: Annotated[float, typer.Option(help="Spans that cost more, in US dollars.")] = 0.0


@app.callback()
def _noun() -> None:
    """Spans: what happened inside calls of applications, and inside programs that send their traces here."""


@app.command("search", epilog="Example: loopwright span search --operation chat --longer-than 2s --status error")
@spread(Asked)
def search(
    text: Annotated[str, typer.Argument(help="Part of the attributes' text.")] = "",
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Traces, newest first.")] = 50,
    from_: From = None,
    to: To = None,
    project: Project = Path(),
    home: Home = None,
    options: Asked,
) -> Answer:
    """List traces with a span that is all of what is asked for."""
    since, until = period(from_, to)
    query = SpanQuery(
        since=since, until=until, text=text, limit=limit, name=options.name, service=options.service,
        session=options.session, operation=options.operation, model=options.model, tool=options.tool,
        status=options.status, longer_than_us=_micros(options.longer_than), costlier_than_usd=options.costlier_than,
    )  # fmt: skip
    found = traces(_workspace(project, home), query)
    return Answer(data=found, show=lambda: _show_list(found))


@app.command("show", epilog="Example: loopwright span show 4bf92f3577b3 --html trace.html")
def show(
    trace: Annotated[str, typer.Argument(help="The trace's id, the beginning of it, or a request's id.")],
    *,
    html: Annotated[Path | None, typer.Option(help="Write the waterfall as a page.")] = None,
    project: Project = Path(),
    home: Home = None,
) -> Answer:
    """Show a trace as a waterfall."""
    found = trace_view(_workspace(project, home), trace)
    if html is not None:
        html.write_text(found.page(), encoding="utf-8")
    return Answer(data=found, show=lambda: _show(found.spans, html))


def _show_list(found: tuple[TraceSummary, ...]) -> None:
    if not found:
        line("no trace")
        return
    rows = [
        (
            one.trace_id[:12], iso(one.at), one.name, took(one.duration_us), one.spans, one.errors or "",
            ", ".join(one.models), one.input_tokens + one.output_tokens or "",
            "" if one.cost_usd is None else f"{one.cost_usd:.4f}", one.session,
        )
        for one in found
    ]  # fmt: skip
    table(["trace", "began", "name", "took", "spans", "errors", "models", "tokens", "USD", "session"], rows)


def _show(branches: tuple[Branch, ...], html: Path | None) -> None:
    whole = max(1, *(branch.after_us + branch.span.duration_us for branch in branches))
    for branch in branches:
        span = branch.span
        begin = min(_BAR - 1, round(_BAR * branch.after_us / whole))
        length = max(1, min(_BAR - begin, round(_BAR * span.duration_us / whole)))
        bar = (" " * begin + "█" * length).ljust(_BAR)
        mark = "  failed" if span.status == "error" else ""
        line(f"{bar} {took(span.duration_us):>9}  {'  ' * branch.depth}{span.name}{mark}")
    if html is not None:
        line(f"wrote {html}")


def _micros(text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--longer-than {text} is no duration", why=str(error), fix="Write 500ms or 2s.") from error


def _workspace(project: Path, home: str | None) -> Workspace:
    return open_workspace(find_project(project.resolve()), explicit={"home": home})
