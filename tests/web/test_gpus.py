import shutil
import subprocess

import pytest

from loopwright.web import gpus
from loopwright.web.gpus import gpu_figures
from loopwright.web.metrics import Count

DRIVER = """
#include <string.h>
typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { unsigned int gpu, memory; } busy_t;
int nvmlInit_v2(void) { return INIT; }
int nvmlDeviceGetCount_v2(unsigned int *count) { *count = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **device) { *device = (void *)(long)(index + 1); return 0; }
int nvmlDeviceGetUUID(void *device, char *uuid, unsigned int length) {
    strncpy(uuid, (long)device == 1 ? "GPU-one" : "GPU-two", length);
    return 0;
}
int nvmlDeviceGetMemoryInfo(void *device, memory_t *memory) {
    memory->total = 100; memory->free = 40; memory->used = 60ULL << 32; return 0;
}
int nvmlDeviceGetUtilizationRates(void *device, busy_t *busy) {
    if ((long)device == 2) return 3; /* not supported */
    busy->gpu = 25; busy->memory = 7; return 0;
}
"""


@pytest.fixture(autouse=True)
def looked_for_again():
    gpus._driver.cache_clear()
    yield
    gpus._driver.cache_clear()


def driver(folder, monkeypatch, *, init=0):
    """A library with the driver's functions, as its header declares them."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    source, library = folder / "driver.c", folder / "libdriver.so"
    source.write_text(DRIVER)
    subprocess.run(["cc", "-shared", "-fPIC", f"-DINIT={init}", "-o", library, source], check=True)
    monkeypatch.setattr(gpus, "_LIBRARY", str(library))


def test_a_machine_without_the_driver_has_no_figures(monkeypatch):
    monkeypatch.setattr(gpus, "_LIBRARY", "libno-such-driver.so.1")
    assert gpu_figures() == []


def test_a_driver_that_does_not_start_has_no_figures(tmp_path, monkeypatch):
    driver(tmp_path, monkeypatch, init=9)
    assert gpu_figures() == []


def test_each_gpu_says_what_its_driver_can_tell(tmp_path, monkeypatch):
    driver(tmp_path, monkeypatch)
    assert gpu_figures() == [
        Count("loopwright_gpu_memory_used_bytes", ("GPU-one",), float(60 << 32)),
        Count("loopwright_gpu_utilization_ratio", ("GPU-one",), 0.25),
        Count("loopwright_gpu_memory_used_bytes", ("GPU-two",), float(60 << 32)),
    ]
