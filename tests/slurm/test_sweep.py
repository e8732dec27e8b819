"""sweep.py --launcher=slurm on a real Slurm."""

import csv
import signal

import pytest

from runfiles import read_metrics
from tests import tiny
from tests.tiny import ROOT

GRID = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests import tiny

def get_config():
    return tiny.config(steps=24, eval_every=24, checkpoint_every=24).unlock()

def get_hyper(hyper):
    return hyper.sweep("config.regularizer.keep_prob", [0.8, 0.9])
"""


@pytest.mark.slow
def test_an_array_whose_runs_resume_after_a_requeue_and_a_lost_sweep(slurm, tmp_path):
    """Killed while its jobs run, one of them requeued: the next sweep.py finds both."""
    config = tmp_path / "grid.py"
    config.write_text(GRID)
    arguments = (
        "sweep.py",
        f"--config={config}",
        f"--workdir={tmp_path / 'sweep'}",
        "--launcher=slurm",
        "--slurm=array_parallelism=2",
    )
    first = tiny.start(*arguments, **slurm.env)
    runs = [tmp_path / "sweep" / f"keep_prob={keep_prob}" for keep_prob in (0.8, 0.9)]

    def at_work(run):
        return len(read_metrics(run)) > 4

    tiny.wait_until(lambda: all(map(at_work, runs)), first)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    jobs = [(run / "slurm_job").read_text() for run in runs]
    slurm.requeue(jobs[0])
    tiny.run(*arguments, **slurm.env)
    assert [(run / "slurm_job").read_text() for run in runs] == jobs
    assert "resuming from step" in (runs[0] / "train.log").read_text()
    assert "resuming from step" not in (runs[1] / "train.log").read_text()
    with (tmp_path / "sweep" / "sweep.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["state"] for row in rows] == ["done", "done"]
    assert all(read_metrics(run)[-1]["step"] == 24 for run in runs)
