"""A served project with requests that nobody has labelled."""

from typing import Any

import numpy as np
import pytest

from loopwright.app.versions import champion_of
from loopwright.observations.request_log import RequestLog, RequestRow

COUNT = 60


class Served:
    """A project whose champion has answered requests 1000 to 1059; request i has the score i / COUNT."""

    def __init__(self, project: Any) -> None:
        self.project = project
        self.workspace = project.workspace()
        self.version = str(champion_of(self.workspace, "small"))
        self.now = self.workspace.clock.now()
        rng = np.random.default_rng(1)
        self.ask([(f"r{i}", 1_000 + i, float(rng.normal()), i / COUNT, None) for i in range(COUNT)])

    def ask(self, requests: list[tuple[str, int, float, float, str | None]]) -> None:
        """(request id, key, x, score, the request that it is a shadow's copy of)"""
        rows = [
            RequestRow(
                request_id=name,
                at=self.now - 1_000_000 + place,
                event_time=self.now - 1_000_000 + place,
                endpoint="small",
                arm="champion" if of is None else "candidate",
                version=self.version,
                key=str(key),
                inputs={"id": key, "x": x, "n": 3},
                score=score,
                output={"prediction": score >= 0.5, "score": score},
                shadow_of=of,
            )
            for place, (name, key, x, score, of) in enumerate(requests)
        ]
        RequestLog(self.workspace.stores.tables).append(rows)


@pytest.fixture
def served(replayed: Any) -> Served:
    return Served(replayed)
