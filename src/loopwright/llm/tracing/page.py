"""A trace as one page without scripts: a waterfall, and what each span says below it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from loopwright.core.clock import Micros
from loopwright.core.codec import to_json
from loopwright.llm.tracing.tree import Branch
from loopwright.pictures.page_style import SHEET
from loopwright.pictures.svg import escape

_STYLE = """
.fall{display:grid;grid-template-columns:minmax(180px,38%) 1fr 84px;gap:2px 12px;font-size:13.5px;align-items:center}
.fall .of{white-space:nowrap;overflow:hidden;text-overflow:ellipsis;padding-left:calc(var(--depth)*14px)}
.fall .of small{color:var(--soft)}
.fall .way{position:relative;height:16px;background:var(--grid);border-radius:3px}
.fall .way i{position:absolute;top:0;bottom:0;min-width:2px;border-radius:3px;background:var(--s8)}
.fall .took{text-align:right;color:var(--soft);font-variant-numeric:tabular-nums}
.fall .model{background:var(--s1)!important}.fall .tool{background:var(--s2)!important}
.fall .retrieval{background:var(--s3)!important}.fall .guard{background:var(--s4)!important}
.fall .agent{background:var(--s7)!important}.fall .error{background:var(--bad)!important}
details{border-bottom:1px solid var(--rule);padding:6px 0}summary{cursor:pointer}
details table{font-size:13px;margin:6px 0}
details td:first-child{white-space:nowrap;color:var(--soft)}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;font-size:12.5px}
"""
_COLOURS: Mapping[str, str] = {
    "chat": "model",
    "text_completion": "model",
    "generate_content": "model",
    "embeddings": "model",
    "execute_tool": "tool",
    "retrieval": "retrieval",
    "guard": "guard",
    "invoke_agent": "agent",
}
_LEGEND = (("model", "model"), ("tool", "tool"), ("retrieval", "retrieval"), ("guard", "guard"), ("agent", "agent"))


def trace_page(branches: Sequence[Branch]) -> str:
    """The page of one trace.

    Args:
        branches: Its spans in their places; at least one.
    """
    first = branches[0].span
    whole = max(1, *(branch.after_us + branch.span.duration_us for branch in branches))
    at = _instant(first.at - branches[0].after_us)
    errors = sum(branch.span.status == "error" for branch in branches)
    lead = f"{len(branches)} spans, {took(whole)}, {at}" + (f", {errors} failed" if errors else "")
    legend = "".join(
        f'<li><i class="square" style="background:var(--{colour})"></i>{escape(label)}</li>'
        for (_, label), colour in zip(_LEGEND, ("s1", "s2", "s3", "s4", "s7"), strict=True)
    )
    rows = "".join(_row(branch, whole) for branch in branches)
    said = "".join(_details(branch) for branch in branches)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(first.name)}</title><style>{SHEET}{_STYLE}</style></head><body><header>"
        f'<h1>{escape(first.name)}</h1><p class="lead">{escape(lead)}</p>'
        f'<p class="note">trace {escape(first.trace_id)}</p></header><main>'
        f'<section><h2>Waterfall</h2><ul class="legend">{legend}</ul><div class="fall">{rows}</div></section>'
        f"<section><h2>Spans</h2>{said}</section></main></body></html>"
    )


def took(micros: int) -> str:
    """A duration as people read it."""
    if micros < 1000:
        return f"{micros} µs"
    return f"{micros / 1000:.1f} ms" if micros < 1_000_000 else f"{micros / 1e6:.2f} s"


def _row(branch: Branch, whole: int) -> str:
    span = branch.span
    colour = "error" if span.status == "error" else _COLOURS.get(span.text("gen_ai.operation.name"), "")
    left, width = 100 * branch.after_us / whole, 100 * span.duration_us / whole
    return (
        f'<div class="of" style="--depth:{min(branch.depth, 20)}" title="{escape(span.name)}">{escape(span.name, 120)} '
        f"<small>{escape(span.service, 60)}</small></div>"
        f'<div class="way"><i class="{colour}" style="left:{left:.3f}%;width:{min(width, 100 - left):.3f}%"></i></div>'
        f'<div class="took">{took(span.duration_us)}</div>'
    )


def _details(branch: Branch) -> str:
    span = branch.span
    rows = [("span", span.span_id), ("kind", span.kind), ("status", span.status), ("service", span.service)]
    told = "".join(f"<tr><td>{escape(name)}</td><td>{_shown(value)}</td></tr>" for name, value in rows if value)
    told += "".join(
        f"<tr><td>{escape(name)}</td><td>{_shown(value)}</td></tr>" for name, value in sorted(span.attributes.items())
    )
    told += "".join(
        f"<tr><td>{escape(str(event.get('name')))}</td><td>{_shown(event.get('attributes'))}</td></tr>"
        for event in span.events
    )
    mark = " — failed" if span.status == "error" else ""
    return (
        f"<details{' open' if span.status == 'error' else ''}><summary>{escape(span.name)}{mark}</summary>"
        f"<table>{told}</table></details>"
    )


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"<pre>{escape(value, 20_000)}</pre>" if "\n" in value else escape(value, 20_000)
    return escape(to_json(value).decode(), 20_000)


def _instant(at: Micros) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
