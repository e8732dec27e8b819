"""JAX and docs/train.sbatch under a real Slurm."""

import json
import shutil

import pytest

from runfiles import read_metrics
from tests import tiny
from tests.tiny import ROOT

HERE = ROOT / "tests" / "slurm"


def wait_for_text(path, text, count):
    """Waits until a file holds a text so many times."""

    def seen():
        return path.read_text() if path.exists() else "no output"

    tiny.wait_until(lambda: seen().count(text) >= count, seen=seen)


@pytest.mark.slow
def test_jax_finds_its_processes(slurm, tmp_path):
    slurm.srun("--ntasks=2", "python", HERE / "global_sum.py", tmp_path)
    both = {"processes": 2, "devices": 4, "local_devices": 2, "sum": 120.0}
    for process in (0, 1):
        seen = json.loads((tmp_path / f"{process}.json").read_text())
        assert seen == {"process": process} | both


@pytest.mark.slow
def test_a_requeued_run_resumes(slurm, tmp_path):
    """The real train.py in two processes, by docs/train.sbatch."""
    output = tmp_path / "output"
    # Long enough that a slow machine has not finished before Slurm's signal comes.
    long = {"steps": 64, "eval_every": 64, "checkpoint_every": 64}
    job = slurm.sbatch(
        *(ROOT / "docs" / "train.sbatch", *tiny.arguments(tmp_path / "run", **long)),
        options=("--ntasks=2", f"--chdir={ROOT}", f"--output={output}"),
    )
    wait_for_text(tmp_path / "run" / "metrics.jsonl", '{"step": 5,', 1)
    slurm.requeue(job)
    slurm.wait(job, "COMPLETED")
    text = output.read_text()
    assert "stopped at step " in text and "resuming from step " in text
    assert read_metrics(tmp_path / "run")[-1]["step"] == 64


def test_sigterm_and_a_second_start(slurm, tmp_path):
    script = tmp_path / "script"
    script.write_text(
        "#!/bin/bash\n"
        "trap 'echo got SIGTERM; exit 143' TERM\n"
        'echo "restarts ${SLURM_RESTART_COUNT:-0}"\n'
        "sleep 30 & wait\n"
    )
    options = ("--requeue", "--open-mode=append", f"--chdir={tmp_path}")
    job = slurm.sbatch(script, options=options)
    output = tmp_path / f"slurm-{job}.out"
    wait_for_text(output, "restarts 0", 1)
    slurm.requeue(job)
    wait_for_text(output, "restarts 1", 1)
    assert "got SIGTERM" in output.read_text()
    slurm.cancel(job)
    slurm.wait(job, "CANCELLED")


class Job:
    """docs/train.sbatch in two tasks, with a stand-in for train.py."""

    def __init__(self, slurm, folder, *options):
        shutil.copy(HERE / "stand_in.py", folder / "train.py")
        self.slurm = slurm
        self.job = slurm.sbatch(
            ROOT / "docs" / "train.sbatch",
            f"--workdir={folder}",
            options=("--ntasks=2", f"--chdir={folder}", *options),
        )
        self.output = folder / f"slurm-{self.job}.out"
        wait_for_text(self.output, "started", 2)

    def ends_complete(self):
        """The second start, by the same command, resumed and ended well."""
        self.slurm.wait(self.job, "COMPLETED")
        text = self.output.read_text()
        assert text.count("saved") == text.count("complete") == 2
        assert self.slurm.show(self.job, "Restarts") == "1"


def test_a_requeued_job_saves_and_resumes(slurm, tmp_path):
    job = Job(slurm, tmp_path)
    slurm.requeue(job.job)
    job.ends_complete()


@pytest.mark.slow
def test_near_its_time_limit_a_job_requeues_itself(slurm, tmp_path):
    # Slurm looks every half minute whose time is up; 45 s early is as soon as it looks.
    job = Job(slurm, tmp_path, "--time=1", "--signal=TERM@45")
    wait_for_text(job.output, "saved", 2)
    slurm.start_again(job.job)
    job.ends_complete()


def test_a_cancelled_job_saves_and_stays_cancelled(slurm, tmp_path):
    job = Job(slurm, tmp_path)
    slurm.cancel(job.job)
    wait_for_text(job.output, "saved", 2)
    slurm.wait(job.job, "CANCELLED")
    assert slurm.show(job.job, "Restarts") == "0"


def test_a_failure_is_the_jobs_own(slurm, tmp_path):
    (tmp_path / "train.py").write_text("raise SystemExit(2)")
    job = slurm.sbatch(ROOT / "docs" / "train.sbatch", options=(f"--chdir={tmp_path}",))
    slurm.wait(job, "FAILED")
    assert slurm.show(job, "ExitCode") == "2:0"
    assert slurm.show(job, "Restarts") == "0"
