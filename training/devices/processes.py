"""The processes of one run: finding each other, agreeing, and leaving.

One process a host on TPUs, one a GPU under Slurm. Each trains on its part of every batch.
"""

import contextlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, NoReturn

import jax
import numpy as np
from jax.experimental import multihost_utils

from training.devices.platforms import has_tpu
from training.errors import Refused, RunError

# Seconds until the others notice that a process is gone.
HEARTBEAT_TIMEOUT = 30


def join() -> None:
    """Joins the other processes of this job, if there are any; call it before JAX is used.

    They are found by themselves on TPU slices and under Slurm (``srun``) and Open MPI
    (``mpirun``); elsewhere by JAX_COORDINATOR_ADDRESS (host:port of process 0),
    JAX_NUM_PROCESSES and JAX_PROCESS_ID.

    Raises:
      ValueError: the environment says that this is one of many processes, but not how to find the
        others, or they are not found; one line.
    """
    check_environment(os.environ)
    if not _is_one_of_many(os.environ):
        return
    # It would take SIGTERM for itself; `training.stop` agrees on a step to stop after.
    jax.config.update("jax_enable_preemption_service", False)
    count, index = (os.environ.get(name) for name in ("JAX_NUM_PROCESSES", "JAX_PROCESS_ID"))
    try:
        jax.distributed.initialize(
            num_processes=int(count) if count else None,
            process_id=int(index) if index else None,
            heartbeat_timeout_seconds=HEARTBEAT_TIMEOUT,
        )
    except (ValueError, RuntimeError, LookupError) as error:
        if has_tpu() and not _says_many(os.environ):
            return  # a TPU machine by itself
        reason = " ".join(str(error).split())[:300]
        raise ValueError(
            f"this is one of many processes by {', '.join(_says_many(os.environ))}, but JAX does "
            f"not find the others ({reason}): start them with srun or mpirun, or set "
            "JAX_COORDINATOR_ADDRESS=HOST:PORT, JAX_NUM_PROCESSES and JAX_PROCESS_ID."
        ) from error
    sys.excepthook = _end_on_error


def check_environment(environment: Mapping[str, str]) -> None:
    """Refuses values of the three variables that cannot be used.

    Raises:
      ValueError: one line that names the variable, its value and what is allowed.
    """
    address = environment.get("JAX_COORDINATOR_ADDRESS")
    if address is not None and not re.fullmatch(r".+:\d+", address):
        raise ValueError(f"JAX_COORDINATOR_ADDRESS must be HOST:PORT, got {address!r}.")
    numbers = {}
    for name, least in (("JAX_NUM_PROCESSES", 1), ("JAX_PROCESS_ID", 0)):
        text = environment.get(name)
        if not text:
            continue
        if not text.isascii() or not text.isdigit() or int(text) < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, got {text!r}.")
        numbers[name] = int(text)
    count, index = (numbers.get(name) for name in ("JAX_NUM_PROCESSES", "JAX_PROCESS_ID"))
    if count is not None and index is not None and index >= count:
        raise ValueError(f"JAX_PROCESS_ID must be below JAX_NUM_PROCESSES={count}, got {index}.")
    if count is not None and count > 1 and address is None and not _has_launcher(environment):
        raise ValueError(
            f"JAX_NUM_PROCESSES={count} needs JAX_COORDINATOR_ADDRESS=HOST:PORT beside it."
        )


@contextlib.contextmanager
def together() -> Iterator[None]:
    """Wraps work that needs all processes.

    Raises:
      RunError: another process is gone, or this one's devices failed.
    """
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if jax.process_count() == 1:
            raise
        reason = " ".join(str(error).split())[:300]
        raise RunError(
            f"process {jax.process_index()} of {jax.process_count()} lost the others "
            f"({reason}); the same command on all of them resumes from the last checkpoint."
        ) from error


def is_first() -> bool:
    """Whether this is process 0, the one that writes and prints."""
    return jax.process_index() == 0


def leave(code: int) -> NoReturn:
    """Ends this process; at once if there are others, which an ordinary exit would wait for."""
    if jax.process_count() == 1:
        sys.exit(code)
    leave_at_once(code)


def leave_at_once(code: int) -> NoReturn:
    """Ends this process without waiting for its threads, so that a failed save prints no more."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def on_first(action: Callable[[], Any]) -> Any:
    """Runs ``action`` on process 0 alone and returns its value, of JSON's kinds, on all of them.

    Raises:
      Refused: on every process, with the message of an OSError or a Refused on process 0.
    """
    result, error = None, None
    if is_first():
        try:
            result = action()
        except (OSError, Refused) as caught:
            error = str(caught)
    if jax.process_count() > 1:
        result, error = _broadcast((result, error))
    if error is not None:
        raise Refused(error)
    return result


def _broadcast(value: Any) -> Any:
    """Returns process 0's value, of JSON's kinds, on all processes."""
    text = json.dumps(value).encode()
    length = int(multihost_utils.broadcast_one_to_all(np.int32(len(text))))
    # Of the other processes' own texts, the length alone matters.
    own = np.frombuffer(text.ljust(length)[:length], np.uint8)
    return json.loads(bytes(np.asarray(multihost_utils.broadcast_one_to_all(own))))


def gather(value: int) -> list[int]:
    """Returns every process's value, by the index of the process."""
    if jax.process_count() == 1:
        return [value]
    return np.asarray(multihost_utils.process_allgather(np.int32(value))).tolist()


def _is_one_of_many(environment: Mapping[str, str]) -> bool:
    # On TPUs only the metadata server knows, which JAX asks.
    return bool(_says_many(environment)) or has_tpu()


def _says_many(environment: Mapping[str, str]) -> list[str]:
    """The variables that say so."""
    found = ["JAX_COORDINATOR_ADDRESS"] if "JAX_COORDINATOR_ADDRESS" in environment else []
    # Not SLURM_NTASKS, which sbatch and salloc set for a single process too.
    for name in ("SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE"):
        if environment.get(name, "").isdigit() and int(environment[name]) > 1:
            found.append(f"{name}={environment[name]}")
    if "," in environment.get("TPU_WORKER_HOSTNAMES", ""):
        found.append("TPU_WORKER_HOSTNAMES")
    return found


def _has_launcher(environment: Mapping[str, str]) -> bool:
    """Whether JAX finds the processes by itself."""
    return any("JAX" not in name for name in _says_many(environment)) or has_tpu()


def _end_on_error(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    sys.__excepthook__(kind, error, trace)
    print(f"error: process {jax.process_index()} ends, and the others with it", file=sys.stderr)
    leave(1)
