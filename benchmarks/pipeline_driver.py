"""What `loopwright run` does, without its command line: for the pipeline benchmarks, which import or run it.

python benchmarks/pipeline_driver.py PROJECT MODULE     the project has MODULE.py with a pipeline named `fit`
"""

import sys
from pathlib import Path

from loopwright.core.environment import variables
from loopwright.pipelines.snapshot import Watch, check_snapshot, save_snapshot


def run(project: Path, module: str) -> str:
    """Answer from the snapshot, or plan and apply."""
    home, key = project / ".loopwright", f"{module}:fit"
    if check_snapshot(home, key, facts={}, variables=variables()).holds:
        return "nothing changed (snapshot)"
    from pipeline_full_run import full_run  # the rest is imported only where it is needed

    files, graph, ran = full_run(project, module, home)
    watch = Watch(sources={file.file: file.digest for file in files}, variables=graph.variables)
    save_snapshot(home, key, watch=watch, answer={"ran": list(ran)}, variables=variables())
    return f"ran {', '.join(ran) or 'nothing'}"


if __name__ == "__main__":
    print(run(Path(sys.argv[1]).absolute(), sys.argv[2]))
