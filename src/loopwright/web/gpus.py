"""GPUs of this machine, asked through the driver's own library; none where there is no such driver."""

import ctypes
from functools import cache

from loopwright.web.metric_families import GPU_BUSY, GPU_MEMORY
from loopwright.web.metrics import Count

_LIBRARY = "libnvidia-ml.so.1"
_OK = 0
_UUID_BYTES = 96


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class _Utilization(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


def gpu_figures() -> list[Count]:
    """Memory in use and utilization of every GPU that the driver shows, by its UUID."""
    driver = _driver()
    if driver is None:
        return []
    found: list[Count] = []
    count = ctypes.c_uint()
    if driver.nvmlDeviceGetCount_v2(ctypes.byref(count)) != _OK:
        return []
    for index in range(count.value):
        device, name = ctypes.c_void_p(), ctypes.create_string_buffer(_UUID_BYTES)
        if driver.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(device)) != _OK:
            continue
        driver.nvmlDeviceGetUUID(device, name, ctypes.c_uint(_UUID_BYTES))
        labels = (name.value.decode("ascii", "replace"),)
        memory, busy = _Memory(), _Utilization()
        if driver.nvmlDeviceGetMemoryInfo(device, ctypes.byref(memory)) == _OK:
            found.append(Count(GPU_MEMORY.name, labels, float(memory.used)))
        if driver.nvmlDeviceGetUtilizationRates(device, ctypes.byref(busy)) == _OK:
            found.append(Count(GPU_BUSY.name, labels, busy.gpu / 100))
    return found


@cache
def _driver() -> ctypes.CDLL | None:
    """The driver's library, ready; looked for once a process."""
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError:
        return None
    return library if library.nvmlInit_v2() == _OK else None
