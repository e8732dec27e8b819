"""One Slurm for all tests of the session."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.slurm.client import Slurm, outside_slurm

CLUSTER = Path(__file__).with_name("cluster.py")
PROGRAMS = ("munged", "slurmctld", "slurmd", "srun", "sbatch")


@pytest.fixture(scope="session")
def slurm():
    if not all(map(shutil.which, PROGRAMS)):
        pytest.skip("Slurm is not installed: apt-get install slurm-wlm munge")
    if os.geteuid() != 0:
        pytest.skip("only root can start the tests' Slurm")
    # In a session of its own: Ctrl-C is for pytest, which then closes the cluster's stdin.
    with subprocess.Popen(
        [sys.executable, str(CLUSTER)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=outside_slurm(), start_new_session=True,
    ) as cluster:  # fmt: skip
        conf = cluster.stdout.readline().strip()
        assert conf, "the tests' Slurm did not start"
        yield Slurm(conf)
