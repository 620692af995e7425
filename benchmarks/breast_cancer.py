"""The five steps that the pipeline benchmarks run: as a project with a loop file, and as a plain script."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

STEPS = """
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

{step}
def load() -> tuple[np.ndarray, np.ndarray]:
    return load_breast_cancer(return_X_y=True)

{step}
def split(features, label, fraction: float):
    parts = train_test_split(features, label, test_size=fraction, random_state=0)
    return dict(zip(("train", "test", "train_label", "test_label"), parts))

{step}
def scale(parts):
    scaler = StandardScaler().fit(parts["train"])
    return parts | {{"train": scaler.transform(parts["train"]), "test": scaler.transform(parts["test"])}}

{step}
def train(parts, strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=500).fit(parts["train"], parts["train_label"])

{step}
def evaluate(model, parts) -> float:
    return float(roc_auc_score(parts["test_label"], model.predict_proba(parts["test"])[:, 1]))

{pipeline}
def fit(fraction: float = 0.25, strength: float = 1.0):
    parts = scale(split(*load(), fraction))
    model = train(parts, strength)
    return {{"model": model, "roc_auc": evaluate(model, parts)}}

{end}
"""
PLAIN = STEPS.format(step="", pipeline="", end='print(fit()["roc_auc"])')
LOOP = "import loopwright as lw\n" + STEPS.format(
    step="@lw.step", pipeline="@lw.pipeline", end='loop = lw.Loop(name="breast-cancer", pipeline=fit)'
)


class Project:
    """A project with the five steps, beside the plain script of the same."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "project"
        self._folder.mkdir()
        (self._folder / "loop.py").write_text(LOOP, encoding="utf-8")
        self._script = folder / "plain.py"
        self._script.write_text(PLAIN, encoding="utf-8")

    @property
    def run(self) -> list[str]:
        """The command line of `loopwright run`, as the installed script begins it."""
        return [sys.executable, "-m", "loopwright.cli.main", "run", "--project", str(self._folder)]

    @property
    def plain(self) -> list[str]:
        """The command line of the plain script."""
        return [sys.executable, str(self._script)]

    def forget(self) -> None:
        """Make the next run the first one."""
        shutil.rmtree(self._folder / ".loopwright", ignore_errors=True)


def taken_s(command: list[str]) -> float:
    """Seconds of a whole process, which must succeed."""
    return taken(command)[0]


def taken(command: list[str]) -> tuple[float, float]:
    """Wall and processor seconds of a whole process, which must succeed; the latter hang less on what else runs."""
    before, begun = os.times(), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    wall, after = time.perf_counter() - begun, os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def modules_of(command: list[str]) -> set[str]:
    """The top-level modules that a Python process imports."""
    traced = [command[0], "-X", "importtime", *command[1:]]
    said = subprocess.run(traced, check=True, capture_output=True, text=True).stderr
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in said.splitlines() if "|" in line}
