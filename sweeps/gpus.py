"""Which GPUs of this machine each of several processes gets, and how much of their memory."""

import math
import os
import subprocess
from collections.abc import Sequence


def gpus() -> list[str]:
    """Lists the NVIDIA GPUs that may be used, as CUDA_VISIBLE_DEVICES names them."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [name for name in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if name]
    try:
        listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True)
    except OSError:
        return []
    found = [line for line in listed.stdout.splitlines() if line.startswith("GPU ")]
    return [str(index) for index in range(len(found))]


def share(names: Sequence[str], slot: int, workers: int) -> dict[str, str]:
    """Returns the environment of the process in a slot, 0 to ``workers - 1``.

    With at least as many GPUs as workers each worker has its own ones. With fewer, some share one
    and its memory, of which JAX would otherwise take three quarters for each.
    """
    if not names:
        return {}
    own = list(names[slot::workers]) or [names[slot % len(names)]]
    environment = {"CUDA_VISIBLE_DEVICES": ",".join(own)}
    if (sharing := math.ceil(workers / len(names))) > 1:
        environment["XLA_PYTHON_CLIENT_MEM_FRACTION"] = f"{0.9 / sharing:.3f}"
    return environment
