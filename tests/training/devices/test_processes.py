"""Which environments are one process of several."""

import jax
import pytest

from training.devices import processes
from training.errors import Refused

SLURM = {"SLURM_JOB_ID": "1", "SLURM_NTASKS": "2"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        (SLURM, False),  # a batch script or salloc's shell: not started by srun
        (SLURM | {"SLURM_STEP_NUM_TASKS": "2"}, True),
        (SLURM | {"SLURM_STEP_NUM_TASKS": "1"}, False),
        ({"OMPI_COMM_WORLD_SIZE": "8"}, True),
        ({"TPU_WORKER_HOSTNAMES": "t0,t1"}, True),
        ({"TPU_WORKER_HOSTNAMES": "localhost"}, False),
        ({"JAX_COORDINATOR_ADDRESS": "host0:1234"}, True),
    ],
)
def test_others_are_joined_where_there_are_others(monkeypatch, environment, expected):
    joined = []
    names = "SLURM_STEP_NUM_TASKS OMPI_COMM_WORLD_SIZE TPU_WORKER_HOSTNAMES JAX_COORDINATOR_ADDRESS"
    for name in names.split():
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(jax.distributed, "initialize", lambda **options: joined.append(options))
    monkeypatch.setattr(jax.config, "update", lambda name, value: None)
    monkeypatch.setattr("sys.excepthook", None)
    processes.join()
    assert len(joined) == expected


def test_one_process_agrees_with_itself():
    assert processes.on_first(lambda: {"a": 1}) == {"a": 1}
    assert processes.gather(3) == [3]
    with pytest.raises(Refused, match="no such"):
        processes.on_first(lambda: (_ for _ in ()).throw(OSError("no such folder")))


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"JAX_COORDINATOR_ADDRESS": "host0"}, "ADDRESS must be HOST:PORT, got 'host0'"),
        ({"JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": "0"}, "needs JAX_COORDINATOR_ADDRESS="),
        ({"JAX_NUM_PROCESSES": "two"}, "JAX_NUM_PROCESSES must be a whole number of at least 1"),
        ({"JAX_NUM_PROCESSES": "0"}, "JAX_NUM_PROCESSES must be a whole number of at least 1"),
        (
            {
                "JAX_COORDINATOR_ADDRESS": "h:1",
                "JAX_NUM_PROCESSES": "2",
                "JAX_PROCESS_ID": "2",
            },
            "JAX_PROCESS_ID must be below JAX_NUM_PROCESSES=2, got 2",
        ),
    ],
)
def test_half_of_an_environment_is_refused(environment, message):
    with pytest.raises(ValueError, match=message):
        processes.check_environment(environment)


def test_others_that_nobody_finds_get_one_line(monkeypatch):
    """As under SLURM_STEP_NUM_TASKS=2 alone: JAX knows no coordinator."""

    def initialize(**options):
        raise ValueError("coordinator_address should be defined.")

    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "2")
    monkeypatch.setattr(jax.distributed, "initialize", initialize)
    monkeypatch.setattr(jax.config, "update", lambda name, value: None)
    with pytest.raises(ValueError, match=r"one of many processes by SLURM_STEP_NUM_TASKS=2, but"):
        processes.join()
