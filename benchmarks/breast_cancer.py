"""The five steps that the pipeline benchmarks run, as a loop file and as a plain script."""

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

{train}
def train(parts, strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=500).fit(parts["train"], parts["train_label"])

{step}
def evaluate(model, parts) -> float:
    return float(roc_auc_score(parts["test_label"], model.predict_proba(parts["test"])[:, 1]))
"""
BODY = """
{decorator}
def fit(fraction: float = 0.25, strength: float = 1.0):
    parts = scale(split(*load(), fraction))
    model = train(parts, strength)
    return {result}
"""
HEAD = "from loopwright.pipelines.pipeline import Candidate, pipeline\nfrom loopwright.pipelines.step import step\n"


def loop_text(*, isolated: bool) -> str:
    """The loop file; with `isolated`, the model is trained in a child process, as it is by default."""
    train = "@step" if isolated else "@step(isolated=False)"
    result = '{"model": model, "roc_auc": evaluate(model, parts)}'
    body = BODY.format(decorator="@pipeline", result=result)
    steps = STEPS.format(step="@step", train="@step(isolated=True)" if isolated else train)
    return HEAD + steps + body


def plain_text() -> str:
    """The same functions, called."""
    body = BODY.format(decorator="", result="model, evaluate(model, parts)")
    return STEPS.format(step="", train="") + body + "\nprint(fit()[1])\n"
