"""BentoML with adaptive batching, one worker; started by `bentoml serve`, the model's folder in MODEL_FOLDER."""

import os
from pathlib import Path

import bentoml
import lightgbm
import numpy as np


@bentoml.service(workers=1, traffic={"timeout": 30})
class Scores:
    def __init__(self) -> None:
        self.booster = lightgbm.Booster(model_file=Path(os.environ["MODEL_FOLDER"]) / "model.txt")

    @bentoml.api(batchable=True, max_batch_size=64, max_latency_ms=50)
    def predict(self, rows: np.ndarray) -> np.ndarray:
        return self.booster.predict(np.asarray(rows, dtype=np.float64), num_threads=1)
