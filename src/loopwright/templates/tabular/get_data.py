"""Write the breast cancer data set that ships with scikit-learn as this project's data."""

from pathlib import Path

import polars as pl
from sklearn.datasets import load_breast_cancer


def main() -> None:
    raw = load_breast_cancer()
    names = [name.replace(" ", "_") for name in raw.feature_names]
    table = pl.DataFrame(raw.data, schema=names).with_columns(malignant=pl.Series(raw.target == 0))
    Path("data").mkdir(exist_ok=True)
    table.with_row_index("sample").write_csv("data/samples.csv")


if __name__ == "__main__":
    main()
