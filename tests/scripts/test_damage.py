"""What disks, numbers and second runs may do to a run. Nothing is lost or starts from zero."""

import contextlib
import os
import shutil
import subprocess

import pytest

from runfiles import read_metrics
from tests import tiny
from training.workdir.checksums import damage
from training.workdir.metrics_file import MetricsFile


def steps(workdir):
    """Of the whole checkpoints."""
    folders = [path for path in (workdir / "checkpoints").iterdir() if path.name.isdigit()]
    return sorted(int(folder.name) for folder in folders if damage(folder) is None)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run and its fingerprint."""
    workdir = tmp_path_factory.mktemp("finished")
    tiny.call("train.py", *tiny.arguments(workdir))
    return workdir, tiny.fingerprint(workdir)


def largest_file(folder):
    return max((path for path in folder.rglob("*") if path.is_file()), key=os.path.getsize)


def truncate(folder):
    path = largest_file(folder)
    os.truncate(path, path.stat().st_size // 2)


def flip_a_byte(folder):
    path = largest_file(folder)
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)


def delete_half(folder):
    for path in sorted(path for path in folder.rglob("*") if path.is_file())[::2]:
        path.unlink()


def drop_sums(folder):
    (folder / "SHA256SUMS").unlink()


@pytest.mark.slow
@pytest.mark.parametrize("harm", [truncate, flip_a_byte, delete_half, drop_sums])
def test_a_damaged_checkpoint_is_passed_over(tmp_path, finished, harm):
    source, fingerprint = finished
    workdir = tmp_path / "run"
    shutil.copytree(source, workdir)
    before = steps(workdir)[-2]
    harm(workdir / "checkpoints" / "6")
    # eval.py says so and takes the one before; it moves nothing.
    out, err = tiny.call("eval.py", f"--workdir={workdir}")
    assert "the checkpoint of step 6 is damaged" in err and f'"step": {before}' in out
    _, err = tiny.call("train.py", *tiny.arguments(workdir))
    assert "the checkpoint of step 6 is damaged" in err
    assert f"resuming from step {before}" in err
    assert (workdir / "damaged" / "6").is_dir()
    assert tiny.fingerprint(workdir) == fingerprint


def test_nothing_starts_from_zero_when_all_are_damaged(tmp_path, finished):
    workdir = tmp_path / "run"
    shutil.copytree(finished[0], workdir)
    for step in steps(workdir):
        flip_a_byte(workdir / "checkpoints" / str(step))
    before = sorted(workdir.rglob("*"))
    _, err = tiny.call("train.py", *tiny.arguments(workdir), code=2)
    last = err.strip().splitlines()[-1]
    assert last.startswith("error: every checkpoint in ") and "step 6: state/" in last
    assert sorted(workdir.rglob("*")) == before


def test_checksums_are_read_by_the_usual_program(finished):
    folder = finished[0] / "checkpoints" / "6"
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=folder, check=True)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte, which ``resize`` makes larger."""

    def mount(*options):
        return subprocess.run(["mount", *options, str(tmp_path)], capture_output=True).returncode

    if mount("-t", "tmpfs", "-o", "size=1m", "tmpfs"):
        pytest.skip("mounting a file system is not allowed here")
    try:
        yield tmp_path, lambda size: mount("-o", f"remount,size={size}")
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


@pytest.mark.slow
def test_disk_full_in_a_save(small_disk, finished):
    """A write fails: one line, no checkpoint harmed; with room the run is resumed."""
    workdir, resize = small_disk
    arguments = tiny.arguments(workdir, checkpoint_every=1)
    _, err = tiny.run("train.py", *arguments, code=1)
    last = err.strip().splitlines()[-1]
    # Whichever meets the end of the disk first.
    assert last.startswith(
        ("error: a checkpoint could not be saved (", "error: the metrics could not be written (")
    ), err
    assert "No space left on device" in last or "RESOURCE_EXHAUSTED" in last
    done = steps(workdir)
    assert done and f"the last good checkpoint is step {done[-1]} (" in last
    resize("100m")
    _, err = tiny.call("train.py", *arguments)
    assert f"resuming from step {done[-1]}" in err
    assert tiny.fingerprint(workdir) == finished[1]


def test_disk_full_in_the_metrics(small_disk):
    """The write itself says so, each time it is tried; the lines before it stay."""
    workdir, _ = small_disk
    metrics = MetricsFile(workdir, 0)
    metrics.write(1, {"train/loss": 1.0})
    with contextlib.suppress(OSError):
        (workdir / "other").write_bytes(bytes(2 << 20))
    step = 1
    with pytest.raises(OSError, match="No space left on device"):
        for step in range(2, 1000):
            metrics.write(step, {"train/loss": 1.0})
    for _ in range(100):
        with pytest.raises(OSError, match="No space left on device"):
            metrics.write(1000, {"train/loss": 1.0})
    with pytest.raises(OSError, match="No space left on device"):
        metrics.close()
    whole = [line["step"] for line in read_metrics(workdir)]
    assert whole[: step - 1] == list(range(1, step))


@pytest.mark.slow
def test_a_loss_that_is_not_finite_stops_the_run(tmp_path):
    arguments = tiny.arguments(
        tmp_path, "baseline", steps=50, checkpoint_every=1, learning_rate__base=1e30
    )
    for _ in range(2):  # the same again: nothing was overwritten
        _, err = tiny.call("train.py", *arguments, code=1)
        last = err.strip().splitlines()[-1]
        assert (
            last.startswith("error: the ") and " not finite after step " in last
        ) or "loss is" in last
        good = steps(tmp_path)[-1]
        assert f"the last good checkpoint is step {good} (" in last
    assert all(line.get("train/loss", 0) < 1e30 for line in read_metrics(tmp_path))


@pytest.mark.slow
def test_a_second_run_on_a_workdir_is_refused(tmp_path):
    arguments = tiny.arguments(tmp_path, steps=2000, eval_every=2000, checkpoint_every=2000)
    first = tiny.start("train.py", *arguments)
    tiny.wait_for_step(tmp_path, 1, first)
    _, err = tiny.run("train.py", *arguments, code=2)
    assert err.startswith(f"error: --workdir={tmp_path} is in use by another run (process ")
    assert len(err.splitlines()) == 1
    first.kill()
    first.communicate()
    # A killed run holds nothing.
    second = tiny.start("train.py", *arguments)
    tiny.wait_until(lambda: read_metrics(tmp_path) == [], second)
    second.kill()
    second.communicate()
