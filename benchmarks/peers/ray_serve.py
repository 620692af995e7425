"""Ray Serve with batching, one replica."""

import signal
import sys
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import ray
from ray import serve


@serve.deployment(num_replicas=1, max_ongoing_requests=128, ray_actor_options={"num_cpus": 0.5})
class Scores:
    def __init__(self, folder: str) -> None:
        self.booster = lightgbm.Booster(model_file=Path(folder) / "model.txt")

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.001)
    async def score(self, rows: list[list[float]]) -> list[float]:
        return self.booster.predict(np.array(rows), num_threads=1).tolist()

    async def __call__(self, request: Any) -> dict[str, float]:
        row = await request.json()
        return {"score": await self.score(list(row.values()))}


ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1]), "access_log": False})
serve.run(Scores.bind(sys.argv[2]), route_prefix="/predict")
signal.pause()
