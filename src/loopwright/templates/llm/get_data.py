"""Puts the corpus into `docs/`: the documentation of Loopwright itself, as installed. Replace it by your own."""

import shutil
from importlib.resources import files
from pathlib import Path


def corpus() -> Path:
    """Where the documentation lies: in the installed package, or beside its source."""
    package = Path(str(files("loopwright")))
    for folder in (package / "templates" / "llm" / "corpus", package.parent.parent / "docs"):
        if (folder / "releases.md").is_file():
            return folder
    raise SystemExit("the documentation of Loopwright is not installed; put documents of your own into docs/")


if __name__ == "__main__":
    target = Path("docs")
    target.mkdir(exist_ok=True)
    for page in sorted(corpus().glob("*.md")):
        if page.name not in ("benchmarks.md", "index.md"):
            shutil.copyfile(page, target / page.name)
    print(f"{len(list(target.iterdir()))} documents in {target}/")
