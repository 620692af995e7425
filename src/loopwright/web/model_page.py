"""A page for people: what one model takes and answers, a form that asks it, and how programs do.

One file without anything from elsewhere, light or dark as the reader's system is. Its script may only call this server.
"""

import base64
import hashlib
import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from loopwright.core.schema import Column, Signature
from loopwright.version import VERSION
from loopwright.web.http import Response
from loopwright.web.openapi import Described

_HTML = b"text/html; charset=utf-8"
_FOLDER = Path(__file__).parent / "pages"
_KINDS = {
    "float": "number", "int": "whole number", "bool": "true or false", "string": "text", "category": "category",
    "datetime": "time",
}  # fmt: skip
_MOST_LEVELS = 30


@cache
def _asset(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


@cache
def _policy() -> bytes:
    """What a browser may do on the page: this script, this style, this server."""
    digest = {name: hashlib.sha256(_asset(name).encode()).digest() for name in ("model.css", "model.js")}
    known = {name: f"'sha256-{base64.b64encode(value).decode()}'" for name, value in digest.items()}
    return (
        f"default-src 'none'; script-src {known['model.js']}; style-src {known['model.css']}; "
        "img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ).encode()


def page(title: str, header: str, main: str, *, script: bool = False) -> Response:
    """A whole page of HTML parts."""
    scripts = f"<script>{_asset('model.js')}</script>" if script else ""
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{_asset('model.css')}</style></head><body>"
        f"<header>{header}</header><main>{main}</main>"
        f"<footer>Loopwright {escape(VERSION)} · written from the contract of the version that answers now</footer>"
        f"{scripts}</body></html>"
    )
    headers = (
        (b"content-security-policy", _policy()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cache-control", b"no-store"),
    )
    return Response(body=html.encode("utf-8", "replace"), content_type=_HTML, headers=headers)


def model_page(endpoint: Described, address: str) -> Response:
    """The page of one endpoint.

    Args:
        endpoint: What to describe.
        address: The server's own address, as the reader called it.
    """
    name, signature = escape(endpoint.name), endpoint.signature
    header = (
        f'<h1>{name}</h1><p class="lead">{escape(_lead(signature))}</p><ul class="meta">'
        f"<li>champion <code>{escape(endpoint.version[:12])}</code></li>"
        '<li><a href="/docs">All endpoints</a></li><li><a href="/openapi.json">OpenAPI</a></li>'
        f'<li><a href="/predict/{name}">The contract as JSON</a></li></ul>'
    )
    parts = [_form(endpoint), _inputs(signature), _outputs(signature), _programs(endpoint, address)]
    return page(f"{endpoint.name} · Loopwright", header, "".join(parts), script=True)


def index_page(endpoints: list[Described], unready: list[str]) -> Response:
    """The page that lists the endpoints."""
    rows = "".join(
        f'<tr><th scope="row"><a href="/docs/{escape(one.name)}">{escape(one.name)}</a></th>'
        f"<td>{escape(_lead(one.signature))}</td><td><code>{escape(one.version[:12])}</code></td></tr>"
        for one in endpoints
    )
    rows += "".join(f'<tr><th scope="row">{escape(name)}</th><td>Not ready yet</td><td></td></tr>' for name in unready)
    table = (
        '<section><div class="scroll"><table><thead><tr><th scope="col">Endpoint</th><th scope="col">Predicts</th>'
        f'<th scope="col">Champion</th></tr></thead><tbody>{rows}</tbody></table></div></section>'
    )
    header = (
        '<h1>Endpoints</h1><p class="lead">What this server predicts.</p><ul class="meta">'
        '<li><a href="/openapi.json">OpenAPI</a></li></ul>'
    )
    return page("Endpoints · Loopwright", header, table)


def _lead(signature: Signature) -> str:
    if signature.task == "regression":
        return f"Predicts {signature.label}, a number."
    classes = ", ".join(_said(label) for label in signature.classes[:12]) + (
        ", …" if len(signature.classes) > 12 else ""
    )
    return f"Predicts {signature.label}: one of {classes}."


def _said(label: Any) -> str:
    """A class as JSON says it."""
    return label if isinstance(label, str) else json.dumps(label)


def _form(endpoint: Described) -> str:
    fields = "".join(
        _field(number, column, endpoint.example.get(column.name), strict=endpoint.strict)
        for number, column in enumerate(endpoint.signature.request)
    )
    classes = escape(json.dumps(endpoint.signature.classes))
    return (
        '<section><h2>Try it</h2><p class="note">This asks the model that answers now; the request is logged.</p>'
        f'<div class="try"><form id="try" action="/predict/{escape(endpoint.name)}" method="post" '
        f'data-classes="{classes}" novalidate><fieldset><legend class="note">One record</legend>'
        f'<div class="fields">{fields}</div></fieldset><div class="acts"><button class="act">Ask</button>'
        '<button type="reset">Reset</button><label class="check"><input type="checkbox" id="explain">'
        'Explain the answer</label></div></form><div><div id="answer" class="answer" role="status" aria-live="polite">'
        '<h3>Prediction</h3><p class="under">Nothing has been asked yet.</p></div>'
        '<div id="wire" hidden><details><summary>What was sent</summary><pre id="sent" tabindex="0"></pre></details>'
        '<details><summary>What came back</summary><pre id="raw" tabindex="0"></pre></details></div></div></div>'
        "</section>"
    )


def _field(number: int, column: Column, value: Any, *, strict: bool) -> str:
    id = f"f{number}"
    named = f'id="{id}" name="{escape(column.name)}" data-kind="{column.kind}" aria-describedby="{id}-hint"'
    text = "" if value is None else json.dumps(value) if isinstance(value, bool) else str(value)
    if column.kind == "bool":
        control = _select(named, ["true", "false"], text, empty=column.nullable)
    elif column.closed and column.categories and strict:
        control = _select(named, list(column.categories), text, empty=column.nullable)
    else:
        mode = {"float": ' inputmode="decimal"', "int": ' inputmode="numeric"'}.get(column.kind, "")
        control = f'<input {named} value="{escape(text)}" autocomplete="off" spellcheck="false"{mode}>'
        if column.categories:
            levels = "".join(f'<option value="{escape(level)}">' for level in column.categories[:200])
            control = control.replace("<input ", f'<input list="{id}-levels" ')
            control += f'<datalist id="{id}-levels">{levels}</datalist>'
    hint = ", ".join(part for part in (_KINDS[column.kind], _allowed(column), _null(column)) if part)
    return (
        f'<div class="field"><label for="{id}">{escape(column.name)}</label>{control}'
        f'<span class="hint" id="{id}-hint">{escape(hint)}</span></div>'
    )


def _select(named: str, levels: list[str], chosen: str, *, empty: bool) -> str:
    options = ['<option value="">(none)</option>'] if empty else []
    options += [
        f'<option value="{escape(level)}"{" selected" if level == chosen else ""}>{escape(level)}</option>'
        for level in levels
    ]
    return f"<select {named}>{''.join(options)}</select>"


def _allowed(column: Column) -> str:
    parts = []
    if column.minimum is not None:
        parts.append(f"{'>' if column.exclusive_minimum else '≥'} {column.minimum:g}")
    if column.maximum is not None:
        parts.append(f"{'<' if column.exclusive_maximum else '≤'} {column.maximum:g}")
    return " and ".join(parts)


def _null(column: Column) -> str:
    return "may be left out" if column.nullable else ""


def _levels(column: Column) -> str:
    if not column.categories:
        return _allowed(column)
    more = f" and {len(column.categories) - _MOST_LEVELS} more" if len(column.categories) > _MOST_LEVELS else ""
    end = "" if column.closed else "; any other is taken as unknown"
    return ", ".join(column.categories[:_MOST_LEVELS]) + more + end


def _inputs(signature: Signature) -> str:
    rows = "".join(
        f'<tr><th scope="row"><code>{escape(column.name)}</code></th><td>{_KINDS[column.kind]}</td>'
        f"<td>{escape(_levels(column))}</td><td>{'yes' if column.nullable else 'no'}</td>"
        f"<td>{escape(_part(signature, column))}</td></tr>"
        for column in signature.request
    )
    joined = [c.name for c in signature.features if c.name not in {column.name for column in signature.request}]
    more = (
        f'<p class="note">{len(joined)} more features are joined by the server: {escape(", ".join(joined))}.</p>'
        if joined
        else ""
    )
    return (
        '<section><h2>What it takes</h2><p class="note">Anything else is refused with the field and the rule that it '
        f'breaks.</p><div class="scroll"><table><thead><tr><th scope="col">Field</th><th scope="col">Type</th>'
        '<th scope="col">Allowed</th><th scope="col">May be null</th><th scope="col">Part</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{more}</section>"
    )


def _part(signature: Signature, column: Column) -> str:
    parts = []
    if column.name == signature.key:
        parts.append("key of the thing predicted")
    if column.name in signature.entities:
        parts.append("entity that features are joined by")
    if column.name == signature.event_time:
        parts.append("event time")
    return ", ".join(parts)


def _outputs(signature: Signature) -> str:
    said = [("prediction", _lead(signature).removeprefix("Predicts ").removesuffix("."))]
    if signature.task == "multiclass":
        said.append(("probabilities", "one for each class, in the order " + ", ".join(map(_said, signature.classes))))
    elif signature.task == "binary":
        said.append(("score", f"probability of {_said(signature.classes[1])}"))
    said += [
        ("request_id", "feedback about this prediction names it"),
        ("version", "digest of the version that answered"),
        ("arm", "champion, or the arm of a release"),
    ]
    rows = "".join(f'<tr><th scope="row"><code>{name}</code></th><td>{escape(about)}</td></tr>' for name, about in said)
    return f'<section><h2>What it answers</h2><div class="scroll"><table><tbody>{rows}</tbody></table></div></section>'


def _programs(endpoint: Described, address: str) -> str:
    record = json.dumps(endpoint.example, ensure_ascii=False)
    quoted = record.replace("'", "'\\''")
    columns = {name: [value] for name, value in endpoint.example.items()}
    name = endpoint.name
    tail = "-H 'content-type: application/json' \\\n  -d"
    inputs = json.dumps({"inputs": columns}, ensure_ascii=False).replace("'", "'\\''")
    shown = {
        "One record": f"curl {address}/predict/{name} {tail} '{quoted}'",
        "Why was it answered so?": f"curl '{address}/predict/{name}?explain=true' {tail} '{quoted}'",
        "MLflow": f"curl '{address}/invocations?endpoint={name}' {tail} '{inputs}'",
        "Open Inference Protocol v2": f"curl {address}/v2/models/{name}",
    }
    blocks = "".join(
        f'<h3>{escape(title)}</h3><pre tabindex="0"><code>{escape(text)}</code></pre>' for title, text in shown.items()
    )
    return f"<section><h2>From a program</h2>{blocks}</section>"
