"""LitServe with batching, one worker."""

import sys
from pathlib import Path
from typing import Any

import lightgbm
import litserve
import numpy as np


class Scores(litserve.LitAPI):
    def setup(self, device: str) -> None:  # noqa: ARG002 - the form that LitServe calls
        self.booster = lightgbm.Booster(model_file=Path(sys.argv[2]) / "model.txt")

    def decode_request(self, request: dict[str, Any]) -> np.ndarray:
        return np.fromiter(request.values(), dtype=np.float64, count=20)

    def batch(self, inputs: list[np.ndarray]) -> np.ndarray:
        return np.vstack(inputs)

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.booster.predict(x, num_threads=1)

    def unbatch(self, output: np.ndarray) -> list[float]:
        return output.tolist()

    def encode_response(self, output: float) -> dict[str, float]:
        return {"score": output}


if __name__ == "__main__":
    server = litserve.LitServer(Scores(max_batch_size=64, batch_timeout=0.001), accelerator="cpu", workers_per_device=1)
    server.run(port=int(sys.argv[1]), host="127.0.0.1", log_level="warning", generate_client_file=False)
