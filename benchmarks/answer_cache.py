"""What the cache of answers costs: look-ups that hit, exact and semantic, embedders, and the search among many.

    python benchmarks/answer_cache.py [--entries 100000]

MiniLM is measured where its weights are installed. Figures are medians; memory is what the process has grown by.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time, sleep

import numpy as np

from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.errors import MissingExtraError
from loopwright.llm.answer_cache import CachePolicy
from loopwright.llm.ask import Ask, Reply
from loopwright.llm.cache.doubts import doubts_about
from loopwright.llm.cache.doubts.reading import read
from loopwright.llm.cache.nearest import Nearest
from loopwright.llm.cache.store import CacheTools, LayeredCache, open_cache
from loopwright.llm.embedder import Embedder
from loopwright.llm.embedding.hashing import HashingEmbedder
from loopwright.llm.embedding.minilm import MiniLm
from loopwright.store.open_stores import create_home, open_stores

QUESTION = "What is the refund policy for annual subscriptions bought through a reseller?"
EXACT = CachePolicy(exact_s=3600)
ON = CachePolicy(semantic="on", threshold=0.8, stated_error=0.01)
PLACE = {"version": "v", "tenant": "t"}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=100_000)
    entries = parser.parse_args().entries
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = resident_mb()
        embedder = embedder_of(folder)
        print(f"embedder: {type(embedder).__name__}, {resident_mb() - before:.0f} MB more once it has run")
        for words in ("10 miles to km", QUESTION, QUESTION * 8):
            print(f"  embed {len(words):>4} characters {median_us(lambda w=words: embedder.embed([w])) / 1000:8.2f} ms")
        look_ups(folder, embedder)
        search(entries)
        one, other = read(QUESTION), read("How are refunds of yearly plans handled that a reseller sold?")
        reading, doubting = median_us(lambda: read(QUESTION)), median_us(lambda: doubts_about(one, other))
        print(f"read a question {reading:.0f} us, doubts {doubting:.0f} us")


def embedder_of(folder: Path) -> Embedder:
    try:
        embedder: Embedder = MiniLm(folder)
    except MissingExtraError as error:
        print(error.what, error.why)
        embedder = HashingEmbedder(512)
    embedder.embed([QUESTION])
    return embedder


def look_ups(folder: Path, embedder: Embedder) -> None:
    """Hits and misses as the gateway asks for them, on one event loop."""
    clock = SystemClock()
    stores = open_stores(create_home(folder / "home", ids=random_id, clock=clock), clock=clock, ids=random_id)
    tools = CacheTools(kv=lambda: stores.kv, tables=stores.tables, clock=clock, embedder=lambda: embedder)
    cache, fresh = open_cache(tools), open_cache(tools)
    kept, missing = ask(QUESTION), ask("Something else?")
    reply = Reply(body=b"x" * 2000, text="x" * 1000, finish="stop")
    cache.keep(kept, reply, policy=EXACT, **PLACE)
    for number in range(1000):
        cache.keep(ask(f"What is the state of order {number}?"), reply, policy=ON, **PLACE)
        if number % 20 == 0:
            sleep(0.02)
    cache.keep(kept, reply, policy=ON, **PLACE)
    sleep(0.5)
    asyncio.run(looked(cache, kept, missing))
    began = perf_counter()
    asyncio.run(fresh.look(kept, policy=EXACT, **PLACE))
    print(f"first exact hit of another process {(perf_counter() - began) * 1e6:.0f} us")
    cache.close()
    fresh.close()
    stores.close()


async def looked(cache: LayeredCache, kept: Ask, missing: Ask) -> None:
    asked = ask("What's the refund policy for annual subscriptions bought through resellers?")
    for name, wanted, policy in (
        ("exact hit", kept, EXACT), ("exact miss", missing, EXACT), ("semantic hit", asked, ON),
        ("semantic miss", missing, ON),
    ):  # fmt: skip
        for _ in range(100):
            await cache.look(wanted, policy=policy, **PLACE)
        taken, worked = [], process_time()
        for _ in range(500):
            began = perf_counter()
            hit = await cache.look(wanted, policy=policy, **PLACE)
            taken.append(perf_counter() - began)
        worked = (process_time() - worked) / len(taken)
        found = "hit" if hit else "no hit"
        print(f"{name:<14} {np.median(taken) * 1e6:8.1f} us, of the processor {worked * 1e6:8.1f} us   ({found})")


def search(entries: int) -> None:
    """The nearest of few by comparing each, and of many by a graph."""
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(2000, 384)).astype(np.float32)
    for count in (10_000, entries):
        vectors = centres[rng.integers(0, 2000, count)] + 0.5 * rng.normal(size=(count, 384)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        before, began = resident_mb(), perf_counter()
        nearest = Nearest(384)
        for number, vector in enumerate(vectors):
            nearest.add(number, vector)
        took, grown = perf_counter() - began, resident_mb() - before
        wanted = vectors[rng.integers(0, count, 300)] + 0.02 * rng.normal(size=(300, 384)).astype(np.float32)
        wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
        right = np.mean([nearest.find(one, 1)[0][0] == int((vectors @ one).argmax()) for one in wanted[:100]])
        us = [timed(partial(nearest.find, one, 4)) for one in wanted]
        print(
            f"nearest of {count:>7,}: {np.median(us):6.0f} us, the right one in {right:.0%}, "
            f"added in {took:.1f} s, {grown:.0f} MB"
        )


def ask(question: str) -> Ask:
    messages = [{"role": "system", "content": "You answer briefly. " * 20}, {"role": "user", "content": question}]
    return Ask(operation="chat", body={"model": "support", "messages": messages, "temperature": 0.2})


def timed(call: Callable[[], object]) -> float:
    began = perf_counter()
    call()
    return (perf_counter() - began) * 1e6


def median_us(call: Callable[[], object], times: int = 200) -> float:
    return float(np.median([timed(call) for _ in range(times)]))


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


if __name__ == "__main__":
    main()
