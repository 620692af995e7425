"""The model that every server of the comparison answers with: LightGBM, 100 trees of 31 leaves over 20 numbers.

`python model.py FOLDER` writes `model.txt` (native), and with MLflow installed also `mlflow/` (an MLflow model).
"""

import sys
from pathlib import Path

import numpy as np
from lightgbm import LGBMClassifier

NAMES = [f"x{n:02d}" for n in range(20)]


def trained() -> LGBMClassifier:
    """A classifier that is deep enough to use all its leaves."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50_000, 20))
    score = x[:, 0] + x[:, 1] * x[:, 2] + np.sin(3 * x[:, 3]) + rng.normal(scale=0.5, size=50_000)
    return LGBMClassifier(n_estimators=100, num_leaves=31, n_jobs=1, verbose=-1).fit(x, score > 0)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    model = trained()
    model.booster_.save_model(folder / "model.txt")
    try:
        import mlflow.lightgbm
    except ImportError:
        return
    import pandas as pd

    example = pd.DataFrame(np.zeros((1, 20)), columns=NAMES)
    signature = mlflow.models.infer_signature(example, np.array([True]))
    mlflow.lightgbm.save_model(model, folder / "mlflow", signature=signature)


if __name__ == "__main__":
    main()
