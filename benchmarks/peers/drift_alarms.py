"""How often a drift tool speaks on simulated windows. Run by `drift_simulation.py` in the tool's own environment.

`python peers/drift_alarms.py evidently|nannyml|alibi REFERENCE_ROWS CELLS`, CELLS a JSON list of
`[scenario, rows, windows]`. Prints a JSON list: the share of windows in which any column alarmed, and in which the
tool's verdict on the whole table did (null where it has none).
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from drift_worlds import LEVELS, names, rows_of

warnings.filterwarnings("ignore")


def frame(rng, rows, scenario="none"):
    """The table as a user has it: levels as words, missing values as NaN."""
    numbers, codes = rows_of(rng, rows, scenario)
    of_number, of_category = names()
    table = pd.DataFrame(numbers, columns=of_number)
    for i, name in enumerate(of_category):
        table[name] = np.asarray(list(LEVELS), dtype=object)[codes[:, i]]
    return table


def evidently(reference):
    """`DataDriftPreset` with its defaults: a method by column type and size, half of the columns for the table."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    numbers, categories = names()
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=categories)
    base = Dataset.from_pandas(reference, data_definition=definition)

    def judge(window):
        current = Dataset.from_pandas(window, data_definition=definition)
        found = Report([DataDriftPreset()]).run(current, base).dict()["metrics"]
        count = found[0]["value"]
        return count["count"] > 0, count["share"] >= 0.5

    return judge


def nannyml(reference):
    """`UnivariateDriftCalculator` with its defaults, one chunk a window."""
    from nannyml import UnivariateDriftCalculator

    def judge(window):
        size = len(window)
        if size not in fitted:
            columns = list(reference.columns)
            fitted[size] = UnivariateDriftCalculator(column_names=columns, chunk_size=size).fit(reference)
        found = fitted[size].calculate(window).filter(period="analysis").to_df(multilevel=True)
        alerts = [column for column in found.columns if column[-1] == "alert"]
        return bool(found[alerts].to_numpy().any()), None

    fitted = {}
    return judge


def alibi(reference):
    """`TabularDrift` with its defaults: KS and chi-square, Bonferroni at 0.05. It knows no missing values: the mean."""
    from alibi_detect.cd import TabularDrift

    numbers, categories = names()
    means = reference[numbers].mean()

    def values(table):
        codes = table[categories].apply(lambda column: column.map(LEVELS.index))
        return np.column_stack((table[numbers].fillna(means), codes)).astype(float)

    levels = {len(numbers) + i: len(LEVELS) for i in range(len(categories))}
    detector = TabularDrift(values(reference), p_val=0.05, categories_per_feature=levels)

    def judge(window):
        return bool(detector.predict(values(window))["data"]["is_drift"]), None

    return judge


TOOLS = {"evidently": evidently, "nannyml": nannyml, "alibi": alibi}


def main():
    """Judge every cell; a line of JSON at the end."""
    tool, reference_rows, cells = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    judge = TOOLS[tool](frame(np.random.default_rng(0), reference_rows))
    answers = []
    for scenario, rows, windows in cells:
        found = [judge(frame(np.random.default_rng([rows, i]), rows, scenario)) for i in range(windows)]
        whole = None if found[0][1] is None else float(np.mean([each for _, each in found]))
        answers.append([float(np.mean([each for each, _ in found])), whole])
        print(tool, scenario, rows, answers[-1], file=sys.stderr, flush=True)
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
