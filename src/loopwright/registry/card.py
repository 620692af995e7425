"""Model cards: what the records and the bundle say about a version, for people and for machines.

Sections follow Mitchell and others, "Model Cards for Model Reporting" (2019), as far as the records hold the facts;
what nobody recorded is left out rather than invented.
"""

import re
from typing import Any

import msgspec

from loopwright.core.clock import iso
from loopwright.core.codec import canonical
from loopwright.core.hashing import Digest
from loopwright.core.schema import Column
from loopwright.core.verdict import Verdict
from loopwright.registry.alias import aliases
from loopwright.registry.bundle import Manifest, read_manifest
from loopwright.registry.judgement import Judgement, judgements
from loopwright.registry.version import ModelVersion
from loopwright.store.blobs import Blobs
from loopwright.store.ledger import Ledger

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~-])")


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A version, its manifest, the names that point at it and its newest judgement.

    `declared` is what it says of itself by path, for a bundle that is declared and not trained.
    """

    version: ModelVersion
    manifest: Manifest
    aliases: tuple[str, ...] = ()
    judgement: Judgement | None = None
    declared: tuple[tuple[str, str], ...] = ()


def model_card(ledger: Ledger, blobs: Blobs, version: ModelVersion, *, namespace: str = "default") -> Card:
    """Gather the card of a version. Raises BlobMissingError where its bundle is gone."""
    judged = judgements(ledger, name=version.name, candidate=version.digest, namespace=namespace, limit=1)
    pointing = [
        alias for alias, to in aliases(ledger, version.name, namespace=namespace).items() if to == version.digest
    ]
    return Card(
        version=version,
        manifest=read_manifest(blobs, version.digest),
        aliases=tuple(sorted(pointing)),
        judgement=judged[0] if judged else None,
    )


def card_markdown(card: Card) -> str:
    """The card as Markdown; every value is escaped, so that no name can bring markup or HTML along."""
    version = card.version
    lines = [f"# {_text(version.name)}, version {version.number}", "", *_facts(card)]
    if card.declared:
        lines += ["", "## Declared", "", *_table(("what", "value"), list(card.declared))]
    else:
        lines += ["", "## Request", "", *_columns(card.manifest.signature.request)]
        lines += ["", "## Features", "", *_columns(card.manifest.signature.features)]
    if version.provenance.metrics:
        rows = [(name, _number(value)) for name, value in sorted(version.provenance.metrics.items())]
        lines += [
            "",
            f"## Quality on the {'cases' if card.declared else 'holdout'}",
            "",
            *_table(("metric", "value"), rows),
        ]
    lines += ["", "## Judgement", "", *_judged(card.judgement)]
    lines += ["", "## Made from", "", *_made_from(card)]
    return "\n".join(lines) + "\n"


def _facts(card: Card) -> list[str]:
    signature = card.manifest.signature
    facts = [("digest", card.version.digest), ("task", signature.task), ("label", signature.label)]
    if signature.classes:
        facts.append(("classes", ", ".join(map(str, signature.classes))))
    if card.aliases:
        facts.append(("aliases", ", ".join(card.aliases)))
    facts.append(("registered", iso(card.version.at)))
    return [f"- **{name}**: {_text(value)}" for name, value in facts]


def _columns(columns: tuple[Column, ...]) -> list[str]:
    rows = [(column.name, column.kind, "yes" if column.nullable else "no", _limits(column)) for column in columns]
    return _table(("column", "kind", "may be null", "values"), rows)


def _limits(column: Column) -> str:
    if column.categories is not None:
        shown = ", ".join(column.categories[:12])
        return shown + (f" and {len(column.categories) - 12} more" if len(column.categories) > 12 else "")
    low = "" if column.minimum is None else f"{'>' if column.exclusive_minimum else '>='} {column.minimum:g}"
    high = "" if column.maximum is None else f"{'<' if column.exclusive_maximum else '<='} {column.maximum:g}"
    return " and ".join(part for part in (low, high) if part)


def _judged(judgement: Judgement | None) -> list[str]:
    if judgement is None:
        return ["No gate has judged this version."]
    against = f", against {judgement.champion[:12]}" if judgement.champion else ", without a champion"
    rows = [(v.check, str(v.outcome), _number(v.value), _interval(v), v.reason) for v in judgement.verdicts]
    head = f"Outcome: **{_text(judgement.outcome)}**{against} ({iso(judgement.at)})."
    return [head, "", *_table(("check", "outcome", "value", "interval", "reason"), rows)]


def _made_from(card: Card) -> list[str]:
    origin = card.version.provenance
    rows = [("run", origin.run), ("code", origin.code), ("environment", origin.environment)]
    rows += [(f"dataset {name}", digest) for name, digest in sorted(origin.datasets.items())]
    rows += [(f"parameter {name}", _parameter(value)) for name, value in sorted(origin.parameters.items())]
    rows += [(f"part {name}", digest) for name, digest in sorted(card.manifest.parts.items())]
    return _table(("what", "value"), [row for row in rows if row[1]])


def _parameter(value: Any) -> str:
    return canonical(value).decode()


def _interval(verdict: Verdict) -> str:
    return "" if verdict.interval is None else f"{verdict.interval[0]:.4g} to {verdict.interval[1]:.4g}"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.6g}"


def _table(head: tuple[str, ...], rows: list[Any]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return lines + ["| " + " | ".join(_text(cell) for cell in row) + " |" for row in rows]


def _text(value: Digest | str) -> str:
    flat = " ".join(str(value).split())
    escaped = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", escaped)
