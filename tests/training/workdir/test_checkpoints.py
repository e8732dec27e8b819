"""Checkpoints where a process test cannot aim."""

import dataclasses
import time

import jax
import pytest

from tests import tiny
from training.errors import RunError
from training.run import build_run
from training.workdir import Checkpoints, checksums


@pytest.fixture(scope="module")
def run():
    return build_run(tiny.config())


@pytest.fixture(scope="module")
def state(run):
    return run.init_state()


def test_the_last_checkpoint_is_read_back(tmp_path, run, state):
    with Checkpoints(tmp_path, {}) as checkpoints:
        checkpoints.verify(state, run.abstract_state())  # nothing was saved: nothing to read
        checkpoints.save(state, next_example=0)
        checkpoints.verify(state, run.abstract_state())
        other = jax.tree.map(lambda leaf: leaf + 1, state)
        with pytest.raises(RunError, match="step 0 does not read back as written"):
            checkpoints.verify(other, run.abstract_state())
    with Checkpoints(tmp_path, {}, read_only=True) as checkpoints:
        assert checkpoints.latest() == 0
        restored, data = checkpoints.restore(0, run.abstract_state())
        assert data == {"next_example": 0}
        assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), restored, state))


def test_a_failed_background_save_is_raised_at_the_next_step(tmp_path, state, monkeypatch):
    def fail(folder):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(checksums, "write_sums", fail)
    checkpoints = Checkpoints(tmp_path, {})
    checkpoints.save(state, next_example=0)
    with pytest.raises(RunError, match=r"Input/output error\); there is no checkpoint yet"):
        for _ in range(500):
            checkpoints.check()
            time.sleep(0.02)


def test_what_a_killed_save_left_is_not_a_checkpoint(tmp_path, state):
    with Checkpoints(tmp_path, {}) as checkpoints:
        checkpoints.save(state, next_example=0)
    torn = tmp_path / "checkpoints" / "7.orbax-checkpoint-tmp"
    torn.mkdir()
    with Checkpoints(tmp_path, {}, read_only=True) as checkpoints:
        assert checkpoints.steps == [0] and torn.exists()
    with Checkpoints(tmp_path, {}) as checkpoints:
        assert checkpoints.steps == [0]
        # It is deleted in the background, and surely before the next save.
        checkpoints.save(dataclasses.replace(state, step=state.step + 1), next_example=1)
        assert not torn.exists()


@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_evaluation_reads_no_optimizer_slots(tmp_path, ema_decay):
    """Whatever optimizer is in the config now: sgd with momentum wrote the checkpoint."""
    own = build_run(tiny.config("baseline", optimizer__ema_decay=ema_decay))
    state = own.init_state()
    with Checkpoints(tmp_path, {}) as checkpoints:
        checkpoints.save(state, next_example=0)
    other = {"name": "adamw", "weight_decay_kind": "decoupled", "clip_norm": 3.0}
    like = build_run(
        tiny.config("baseline", optimizer=other | {"ema_decay": ema_decay})
    ).abstract_state()
    assert jax.tree.structure(like) != jax.tree.structure(state)
    with Checkpoints(tmp_path, {}, read_only=True) as checkpoints:
        restored = checkpoints.restore_network(0, like)
    assert restored.opt_state == ()
    for name in ("step", "params", "batch_stats", "ema"):
        parts = getattr(restored, name), getattr(state, name)
        assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), *parts))
    assert (restored.ema is None) is (ema_decay == 0)


def test_a_checkpoint_whose_sums_cannot_be_written_is_a_failed_save(tmp_path, state, monkeypatch):
    """As when Orbax gives its unfinished folders another name."""
    monkeypatch.setattr("training.workdir.checkpoints.TEMPORARY", "*.another-name")
    checkpoints = Checkpoints(tmp_path, {})
    checkpoints.save(state, next_example=0)
    with pytest.raises(RunError, match=r"does not write to \*\.another-name"):
        checkpoints.wait()


def test_a_file_where_a_checkpoint_should_be_is_said_and_moved_away(tmp_path, state):
    with Checkpoints(tmp_path, {}) as checkpoints:
        checkpoints.save(state, next_example=0)
    stray = tmp_path / "checkpoints" / "6"
    stray.write_text("not a folder")
    with Checkpoints(tmp_path, {}, read_only=True) as checkpoints:
        assert checkpoints.latest() == 0 and stray.exists()
        assert checkpoints.damaged == {6: "it is a file, not a folder"}
    with Checkpoints(tmp_path, {}) as checkpoints:
        assert checkpoints.latest() == 0
        assert (tmp_path / "damaged" / "6").is_file() and not stray.exists()
