"""The figures that servers give Prometheus: each family declared once."""

from typing import Literal

import msgspec

SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_RECORDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
_ARM = ("endpoint", "model", "version", "arm")
_ENDPOINT = ("endpoint",)
_WORKER = ("worker",)
_GPU = ("gpu",)


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """One family.

    Attributes:
        name: Its name; a counter's series end in `_total`.
        kind: What it is. Counters and histograms are those of all workers of the home, added up; a gauge is one
            process's.
        help: What it counts.
        labels: Its labels' names.
        bounds: A histogram's upper bounds, inclusive.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


REQUESTS = Family(name="loopwright_requests", kind="counter", help="Requests answered by an arm.", labels=_ARM)
LATENCY = Family(
    name="loopwright_request_seconds", kind="histogram", help="Seconds from receipt to answer.", labels=_ARM,
    bounds=SECONDS,
)  # fmt: skip
FAILURES = Family(
    name="loopwright_failures", kind="counter",
    help="Requests that an arm failed or the door refused, by cause: an error's code, crash, hang, timeout.",
    labels=(*_ARM, "cause"),
)  # fmt: skip
SHADOW_DROPPED = Family(
    name="loopwright_shadow_dropped",
    kind="counter",
    help="Copies of requests that a shadow was not given.",
    labels=_ARM,
)
BATCHES = Family(
    name="loopwright_batch_records", kind="histogram", help="Records in one call of a model.", labels=_ENDPOINT,
    bounds=_RECORDS,
)  # fmt: skip
QUEUED = Family(
    name="loopwright_queue_seconds", kind="histogram", help="Seconds that requests waited for their batch to begin.",
    labels=_ENDPOINT, bounds=SECONDS,
)  # fmt: skip
FEATURES = Family(
    name="loopwright_feature_read_seconds", kind="histogram", help="Seconds to read the features of one batch.",
    labels=_ENDPOINT, bounds=SECONDS,
)  # fmt: skip
RECEIVED = Family(
    name="loopwright_received_bytes", kind="counter", help="Bytes of bodies that were asked with.", labels=_ENDPOINT
)
SENT = Family(
    name="loopwright_sent_bytes", kind="counter", help="Bytes of bodies that were answered with.", labels=_ENDPOINT
)
LOG_DROPPED = Family(
    name="loopwright_request_log_dropped_rows", kind="counter",
    help="Rows of answered requests that a full disk kept out of the log.",
)  # fmt: skip
LLM_TOKENS = Family(
    name="loopwright_llm_tokens", kind="counter",
    help="Tokens that upstreams counted, by type: input, output, cache_read, cache_write.",
    labels=("endpoint", "provider", "model", "type"),
)  # fmt: skip
LLM_COST = Family(
    name="loopwright_llm_cost_usd", kind="counter", help="What calls cost in US dollars, where the price is known.",
    labels=("endpoint", "provider", "model"),
)  # fmt: skip
LLM_CACHED = Family(
    name="loopwright_llm_cache_hits", kind="counter", help="Calls that were answered from the cache.",
    labels=("endpoint", "how"),
)  # fmt: skip
LLM_LOOKED_UP = Family(
    name="loopwright_llm_cache_lookups", kind="counter", help="What became of look-ups in the cache of answers.",
    labels=("outcome",),
)  # fmt: skip
LLM_FOUND = Family(
    name="loopwright_llm_guard_findings", kind="counter", help="What guards found, by guard, kind and action.",
    labels=("endpoint", "where", "guard", "kind", "action"),
)  # fmt: skip
LLM_FIRST = Family(
    name="loopwright_llm_first_token_seconds", kind="histogram", help="Seconds to the first piece of a stream.",
    labels=("endpoint",), bounds=SECONDS,
)  # fmt: skip
IN_FLIGHT = Family(
    name="loopwright_requests_in_flight", kind="gauge", help="Requests under way in a worker.", labels=_WORKER
)
CPU = Family(
    name="loopwright_worker_cpu_seconds", kind="counter", help="CPU seconds, user and system, of a worker's process.",
    labels=_WORKER,
)  # fmt: skip
MEMORY = Family(
    name="loopwright_worker_resident_memory_bytes", kind="gauge", help="Resident memory of a worker's process.",
    labels=_WORKER,
)  # fmt: skip
OPEN_FILES = Family(
    name="loopwright_worker_open_fds", kind="gauge", help="Open file descriptors of a worker's process.", labels=_WORKER
)
STARTED = Family(
    name="loopwright_worker_start_time_seconds", kind="gauge",
    help="When a worker's process began, in seconds since 1970.", labels=_WORKER,
)  # fmt: skip
GPU_MEMORY = Family(
    name="loopwright_gpu_memory_used_bytes", kind="gauge", help="Memory in use on a GPU of this machine.", labels=_GPU
)
GPU_BUSY = Family(
    name="loopwright_gpu_utilization_ratio", kind="gauge",
    help="Share of the last sample period in which a GPU was busy.", labels=_GPU,
)  # fmt: skip

FAMILIES: tuple[Family, ...] = (
    REQUESTS, LATENCY, FAILURES, SHADOW_DROPPED, BATCHES, QUEUED, FEATURES, RECEIVED, SENT, LOG_DROPPED, LLM_TOKENS,
    LLM_COST, LLM_CACHED, LLM_LOOKED_UP, LLM_FOUND, LLM_FIRST, IN_FLIGHT, CPU, MEMORY, OPEN_FILES, STARTED, GPU_MEMORY,
    GPU_BUSY,
)  # fmt: skip
