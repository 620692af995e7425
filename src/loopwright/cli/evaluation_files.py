"""Where results of evaluations are written: a page, Markdown, JUnit, and the summary of a run at GitHub."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.evaluations.journey import Done
from loopwright.core.environment import variables
from loopwright.evals.compare import Comparison
from loopwright.export.evaluation_page import evaluation_page
from loopwright.export.evaluation_texts import evaluation_junit, evaluation_markdown
from loopwright.export.report import render

_SUMMARY = "GITHUB_STEP_SUMMARY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Which files to write."""

    html: Annotated[Path | None, typer.Option(help="Write a page.")] = None
    markdown: Annotated[Path | None, typer.Option(help="Write Markdown, as for a pull request.")] = None
    junit: Annotated[Path | None, typer.Option(help="Write JUnit's XML.")] = None


def write_files(done: Sequence[Done], files: Files, *, comparison: Comparison | None = None) -> list[Path]:
    """Write what is asked for; several results go to files with a number before the suffix. Where GitHub's variable
    for it is set, Markdown is added to the summary of the run.

    Raises:
        OSError: A file cannot be written.
    """
    forms: tuple[tuple[Path | None, Callable[[Done], str]], ...] = (
        (files.html, lambda one: render(evaluation_page(one.kept, one.result, comparison))),
        (files.markdown, lambda one: evaluation_markdown(one.kept, one.result, comparison)),
        (files.junit, lambda one: evaluation_junit(one.kept, one.result)),
    )
    written = [
        _written(path, number, of=len(done), text=form(one))
        for path, form in forms
        if path is not None
        for number, one in enumerate(done, start=1)
    ]
    if summary := variables().get(_SUMMARY):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.writelines(evaluation_markdown(one.kept, one.result, comparison) + "\n" for one in done)
    return written


def _written(path: Path, number: int, *, of: int, text: str) -> Path:
    place = path if of == 1 else path.with_stem(f"{path.stem}-{number}")
    place.write_text(text, encoding="utf-8")
    return place
