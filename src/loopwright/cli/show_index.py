"""What `loopwright index` prints for a person."""

from collections.abc import Sequence

from loopwright.app.indexes.building import IndexBuild
from loopwright.app.indexes.difference import Difference
from loopwright.app.indexes.evaluating import Compared, IndexEvaluation
from loopwright.app.indexes.overview import IndexDetails, IndexOverview
from loopwright.cli.render import line, table
from loopwright.core.clock import iso
from loopwright.llm.retrieval.quality import Quality
from loopwright.llm.retriever import Passage

_MOST_SKIPPED = 10
_MOST_TEXT = 240
_MOST_DOCUMENTS = 20


def show_builds(made: Sequence[IndexBuild]) -> None:
    """What builds did."""
    if not made:
        line("the loop file declares no index")
    for one in made:
        changes = one.changes
        said = f"{len(changes.added)} added, {len(changes.changed)} changed, {len(changes.removed)} removed"
        line(
            f"{one.name}: version {one.number} ({one.version[:12]}), {one.documents:,} documents, {one.chunks:,} chunks"
        )
        line(f"  documents: {said}, {changes.unchanged:,} unchanged; {one.embedded:,} chunks embedded")
        for skipped in one.skipped[:_MOST_SKIPPED]:
            line(f"  left out: {skipped.name}: {skipped.why}")
        if len(one.skipped) > _MOST_SKIPPED:
            line(f"  left out: {len(one.skipped) - _MOST_SKIPPED:,} more (--json names them)")
        if one.note:
            line(f"  note: {one.note}")


def show_indexes(found: Sequence[IndexOverview]) -> None:
    """A row for each version."""
    rows = [
        (
            index.name, version.number, version.digest[:12], version.documents, version.chunks, version.embedder,
            iso(version.at)[:19], _aliases(index, version.number),
        )
        for index in found
        for version in index.versions
    ]  # fmt: skip
    columns = ["index", "version", "digest", "documents", "chunks", "embedder", "built", ""]
    table(columns, rows, right=["version", "documents", "chunks"])


def show_index(found: IndexDetails) -> None:
    """One version."""
    version = found.version
    line(f"{version.name}: version {version.number}, {version.digest}")
    line(f"  {version.documents:,} documents, {version.chunks:,} chunks, built {iso(version.at)[:19]}")
    for name, value in found.making.items():
        said = ", ".join(f"{key} {one}" for key, one in value.items() if one) if isinstance(value, dict) else value
        line(f"  {name}: {said or 'nothing'}")
    megabytes = sum(found.bytes_by_part.values()) / 1e6
    line(f"  {megabytes:,.1f} MB; {'some' if found.restricted else 'no'} documents have access lists")
    rows = [(row.name, row.chunks, row.digest[:12]) for row in found.documents[:_MOST_DOCUMENTS]]
    table(["document", "chunks", "digest"], rows, right=["chunks"])
    if len(found.documents) > _MOST_DOCUMENTS:
        line(f"and {len(found.documents) - _MOST_DOCUMENTS:,} more (--json names them)")


def show_passages(found: Sequence[Passage]) -> None:
    """Passages, best first."""
    if not found:
        line("nothing was found")
    for rank, passage in enumerate(found, start=1):
        section = passage.metadata.get("section", "")
        line(f"{rank}. {passage.document}{f' ({section})' if section else ''}  {passage.score:.4f}  {passage.id}")
        if suspicious := passage.metadata.get("suspicious"):
            line(f"   suspicious: {', '.join(suspicious)}")
        text = " ".join(passage.text.split())
        line(f"   {text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + '…'}")


def show_difference(found: Difference) -> None:
    """What is different between two versions."""
    line(f"{found.before.name}: from version {found.before.number} to version {found.after.number}")
    for name, (before, after) in found.making.items():
        line(f"  {name}: {before} → {after}")
    documents = found.documents
    for sign, names in (("+", documents.added), ("~", documents.changed), ("-", documents.removed)):
        for name in names:
            line(f"  {sign} {name}")
    line(f"  {documents.unchanged:,} documents are unchanged")


def show_evaluation(found: IndexEvaluation) -> None:
    """Figures of a version, beside another's where one was compared."""
    beside = "" if found.compared is None else f", beside version {found.compared.number}"
    line(f"{found.version.name}: version {found.version.number}{beside}, {found.questions:,} questions")
    columns = ["measure", "value", "95 %"] + ([] if found.compared is None else ["other", "gain", "95 % of the gain"])
    table(columns, [_measure(one) for one in found.measures], right=columns[1:])
    for question in found.missed:
        line(f"  nothing relevant found: {question}")


def _measure(one: Compared) -> tuple[object, ...]:
    shown: tuple[object, ...] = (one.quality.measure, f"{one.quality.value:.4f}", _range(one.quality, ""))
    if one.other is None or one.gain is None:
        return shown
    return (*shown, f"{one.other.value:.4f}", f"{one.gain.value:+.4f}", _range(one.gain, "+"))


def _range(found: Quality, sign: str) -> str:
    if found.low is None or found.high is None:
        return ""
    return f"{found.low:{sign}.4f} to {found.high:{sign}.4f}"


def _aliases(index: IndexOverview, number: int) -> str:
    said = {"champion": index.champion, "latest": index.latest}
    return ", ".join(alias for alias, at in said.items() if at == number)
