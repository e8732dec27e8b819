"""Jobs that are processes, with programs that are not train.py."""

import os

import pytest

from sweeps import processes
from sweeps.plan import Trial
from sweeps.processes import AGAIN, ROOT, ProcessJob, python_path, why_it_ended
from tests import tiny


def end_of(job):
    tiny.wait_until(lambda: job.poll() is not None)
    return job.poll()


def run(folder, program, **environment):
    job = ProcessJob(
        [Trial("a", folder, {}, None)], ["-S", "-c", program], folder / "log", environment
    )
    return end_of(job)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import sys; print('error: no data'); print('bye'); sys.exit(2)", "no data"),
        ("raise OSError('broken')", "OSError: broken"),
        ("import os; os.kill(os.getpid(), 9)", "killed by SIGKILL"),
        ("import os; os.kill(os.getpid(), 40)", "killed by signal 40"),
        ("import sys; sys.exit(3)", "exit code 3"),
        ("pass", "it ended without an error and before its last step"),
        ("import sys; sys.exit(143)", ""),
        ("import os; os.kill(os.getpid(), 15)", ""),
        (f"import sys; sys.exit({AGAIN})", ""),
    ],
)
def test_why_a_process_ended_is_of_its_own_output(tmp_path, program, reason):
    (tmp_path / "log").write_text("error: a mistake of the start before\n")
    assert run(tmp_path, program) == reason
    assert (tmp_path / "log").read_text().startswith("error: a mistake of the start before\n")


def test_what_a_program_prints_need_not_be_text(tmp_path):
    program = "import os, sys; os.write(1, b'error: \\xff\\n'); sys.exit(1)"
    assert run(tmp_path, program) == "\N{REPLACEMENT CHARACTER}"
    assert why_it_ended("", 1) == "exit code 1"


def test_this_code_comes_first_on_the_path_once(monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert python_path() == str(ROOT)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/a", "", str(ROOT), "/b"]))
    assert python_path().split(os.pathsep) == [str(ROOT), "/a", "/b"]


def test_a_job_finds_this_code_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "")
    assert run(tmp_path, "import runfiles; raise SystemExit(143)") == ""


def test_a_stopped_job_is_told_by_a_signal(tmp_path):
    program = "import signal, sys; signal.sigwait([signal.SIGTERM]); sys.exit(143)"
    block = f"import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [15]); {program}"
    workers = processes.Workers(2)
    trial = Trial("a", tmp_path, {}, None)
    jobs = [workers.start(ProcessJob, [trial], ["-S", "-c", block], tmp_path / "log") for _ in "ab"]
    assert [job.poll() for job in jobs] == [None, None]
    # It may be told before it has a handler.
    assert jobs[0].stop() and end_of(jobs[0]) == ""
    assert jobs[1].poll() is None
    again = workers.start(ProcessJob, [trial], ["-S", "-c", "pass"], tmp_path / "log")
    assert end_of(again) == why_it_ended("", 0) and jobs[1].stop()
    end_of(jobs[1])
