"""Which page of the documentation is about something? A language model that is fine-tuned to say it."""

import hashlib
import json
import os
from pathlib import Path

import loopwright as lw
from loopwright import evals, llm

# Without BASE_MODEL a tiny model of random weights is tuned, in about a minute on a CPU: see get_data.py.
# With one: export BASE_MODEL=/models/qwen3-0.6b, a folder that transformers can load.
HERE = Path(__file__).resolve().parent
BASE = os.environ.get("BASE_MODEL", "base")


def digest_of(path: str) -> str:
    """The digest of a file, or of a folder's files: another one is another input of a step."""
    found = hashlib.blake2b(digest_size=16)
    for file in sorted([HERE / path, *(HERE / path).rglob("*")]):
        if file.is_file():
            with file.open("rb") as opened:
                found.update(file.name.encode() + hashlib.file_digest(opened, "blake2b").digest())
    return found.hexdigest()


@lw.step
def files(path: str, digest: str) -> dict[str, bytes]:  # noqa: ARG001 - the digest says that the files are others
    return {one.name: one.read_bytes() for one in sorted((HERE / path).iterdir()) if one.is_file()}


@lw.step(isolated=True, threads=1)  # of a model this small; take threads out for a real one
def train(
    base: str, lessons: str, digests: list[str], *, steps: int, learning_rate: float, rank: int  # noqa: ARG001
) -> tuple[dict[str, bytes], dict[str, bytes]]:  # fmt: skip
    import lora

    rows = (HERE / lessons).read_text(encoding="utf-8").splitlines()
    adapter, losses = lora.tune(
        HERE / base,
        [json.loads(row)["messages"] for row in rows],
        checkpoints=lw.checkpoint_folder(),
        steps=steps,
        learning_rate=learning_rate,
        rank=rank,
    )
    return adapter, {"loss.json": json.dumps(losses).encode(), "loss.svg": lora.curve(losses)}


@lw.pipeline
def tune(steps: int = 300, learning_rate: float = 0.003, rank: int = 16):
    lessons = "data/lessons.jsonl"
    digests = [digest_of(BASE), digest_of(lessons)]
    adapter, training = train(BASE, lessons, digests, steps=steps, learning_rate=learning_rate, rank=rank)
    made = {"adapter": adapter, "training": training}
    return made if "BASE_MODEL" in os.environ else {**made, "base": files(BASE, digests[0])}


# `part:NAME` is what the pipeline returned under that name: the adapter, and the tiny model with it.
where = BASE if "BASE_MODEL" in os.environ else "part:base"
tuned = llm.Upstream(
    name="tuned",
    url=f"transformers:{where}?adapter=part:adapter",
    model="tuned",
    provider="loopwright",
    parameters={"temperature": 0},
)

loop = lw.Loop(
    "page-finder",
    pipeline=tune,
    application=llm.Application(
        route=llm.Route(upstreams=(tuned,), max_tokens=16),
        example={"messages": [{"role": "user", "content": "Which page is about keys?"}]},
    ),
    gate=[evals.evaluation("cases/questions.jsonl", evals.exact(), at_least=0.6, margin=0.05)],
    release=lw.Canary(steps=[10, 50, 100], min_requests=200, guards=[lw.error_guard(), lw.latency_guard()]),
    monitor=[lw.watch.error_rate(), lw.watch.latency(), lw.watch.volume()],
)
