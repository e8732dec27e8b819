"""train.py --dry_run: what it says, and that it leaves no trace."""

import logging
import os
import re

import jax
import numpy as np
import pytest

import dropblock
from regularizers.dropblock import DropBlock
from runfiles import RunRecord, write_record
from tests import tiny
from training.config import plain
from training.run import build_run
from training.workdir import Checkpoints


def said(*extra, workdir=None, variant="dropblock", **changes):
    """What it prints: label -> its lines, and the notes; "" goes on with the label before."""
    out, err = tiny.call(
        "train.py", *tiny.arguments(workdir, variant, **changes), "--dry_run", *extra
    )
    assert err == ""
    lines, notes, label = {}, [], None
    for line in out.splitlines():
        if line.startswith("note: "):
            notes.append(line.removeprefix("note: "))
        else:
            assert not notes, "notes come last"
            label = line[:16].strip() or label
            lines.setdefault(label, []).append(line[16:])
    return lines, notes


def test_a_run_of_the_digits():
    lines, notes = said(learning_rate__warmup_epochs=0.0, batch_size=120, steps=12, eval_every=5)
    assert lines["devices"] == ["2 x cpu"]
    assert lines["mesh"] == ["data 2, fsdp 1"]
    assert lines["data"] == ["digits, 10 classes"]
    assert lines["train"] == ["train, 1,437 examples"]
    assert lines["evaluate"] == ["test, 360 examples: 3 batches"]
    assert lines["batch"] == ["120 examples, 60 a device"]
    assert lines["length"] == ["12 steps, 1.002 epochs of 11.97 steps"]
    assert lines["evaluation"] == ["every 5 steps and at the end, 3 in all"]
    assert lines["checkpoint"] == ["every 2 steps, 6 in all"]
    assert lines["step"] == ["0          3          6          8          11"]
    assert lines["dropblock"] == ["1          0.975      0.95       0.9333     0.9083"]
    assert lines["learning_rate"][0].startswith("0.1875     0.16")
    assert lines["workdir"] == ["none given: --workdir=DIR"]
    # Blocks of 3 on maps of 8x8 are 2x2 and 1x1 where the network ends.
    assert notes == [
        "a block of 3 is larger than a map of 2x2: it is clipped to 2x2",
        "a block of 3 is larger than a map of 1x1: it is clipped to 1x1",
    ]
    (first, *_) = lines["group 3"]
    assert re.fullmatch(
        r"2x2x16 +block 2x2, gamma 0.025, 2.50% dropped, 3 sites: "
        r"group3_block1/skip to group3_block1/conv2",
        first,
    ), first


def test_what_it_says_of_the_network_is_what_is_built():
    lines, _ = said()
    run = build_run(tiny.config())
    count = sum(leaf.size for leaf in jax.tree.leaves(run.shapes.params))
    state = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(run.shapes))
    assert lines["network"][0] == f"resnet, {count:,} parameters"
    assert lines["memory"][0] == f"{state / 1024:.4g} KiB a device for the state"
    frozen = sum(leaf.size for leaf in jax.tree.leaves(run.shapes.params["stem"]))
    lines, _ = said(model__frozen="('stem',)")
    assert lines["network"][0].endswith(f"parameters, {frozen} of them frozen")


@pytest.mark.parametrize("gamma", ["paper", "exact"])
@pytest.mark.parametrize(("size", "block"), [((8, 8), 3), ((7, 5), 4), ((6,), 2), ((3, 3), 9)])
def test_the_expected_share_is_exact(gamma, size, block):
    """Against every mask of blocks there is: a unit is kept if no block that reaches it starts."""
    regularizer = DropBlock(block_size=block, gamma=gamma)
    expected = regularizer.expect((4, *size, 5), 0.8)
    assert f"gamma {float(dropblock.exact_gamma(0.8, size, block)):.3g}" in expected.words or (
        gamma == "paper"
    )
    value = float(expected.words.split()[-1])
    sides = [min(block, side) for side in size]
    kept = np.ones(size)
    for start in np.ndindex(*[side - own + 1 for side, own in zip(size, sides)]):
        kept[tuple(slice(at, at + own) for at, own in zip(start, sides))] *= 1 - value
    assert expected.dropped == pytest.approx(1 - kept.mean(), rel=0.01)
    if gamma == "exact":
        assert expected.dropped == pytest.approx(0.2, rel=1e-5)


def test_every_task_and_regulariser_is_looked_at(tmp_path):
    """Of data sets that are not here: what is published of them is enough, and the note helps."""
    for config, sites, missing in (
        ("imagenet_amoebanet.py:dropblock", ("dropblock", "drop_path", "dropout"), "imagenet2012"),
        ("voc_segmentation.py:dropblock", ("dropblock",), "voc2012_segmentation"),
        ("coco_retinanet.py:dropblock", ("dropblock",), "coco"),
    ):
        out, _ = tiny.call(
            "train.py",
            f"--config={tiny.ROOT}/configs/{config}",
            *(f"--config.data.data_dir={tmp_path}", "--dry_run", *SMALLER.get(config, ())),
        )
        for name in sites:
            assert re.search(rf"^  {name} +(1|0\.5) ", out, re.M), (name, out)
        assert f"note: data set '{missing}" in out
        assert f"`python -m data.prepare {missing} --from=DIR --data_dir={tmp_path}`" in out


SMALLER = {
    "imagenet_amoebanet.py:dropblock": (
        *("--config.model.num_cells=1", "--config.model.num_filters=16"),
        *("--config.data.image_size=64", "--config.data.train_split=train[:10%]"),
    ),
    "voc_segmentation.py:dropblock": ("--config.model.depth=10",),
    "coco_retinanet.py:dropblock": ("--config.model.depth=10", "--config.model.head_convs=1"),
}


def test_nothing_is_written_or_compiled(tmp_path, monkeypatch, caplog):
    """But for numbers of the schedules; a set that is made on first use is not made either."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(jax.stages.Lowered, "compile", lambda *a, **k: pytest.fail("compiled"))
    monkeypatch.setattr("data.source.write_set", lambda *a: pytest.fail("written"))
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        lines, notes = said(workdir=tmp_path / "runs" / "a")
    assert os.listdir(tmp_path) == []
    assert lines["workdir"] == [f"{tmp_path}/runs/a: starts from step 0"]
    assert notes[0] == "data set 'digits' is written when it is used first"
    for record in caplog.records:
        if record.getMessage().startswith("Compiling"):
            assert not re.search(r"\[\d", record.getMessage()), record.getMessage()


#: What is changed -> all that is said of it.
ODD = [
    (
        {"epochs": 3, "steps": 5, "eval_every": 7, "checkpoint_every": 7, "log_every": 7}
        | {"learning_rate.warmup_steps": 4, "data.eval_split": "train"}
        | {"regularizer.block_size": 1, "regularizer.branches": True},
        [
            "config.steps=5 and config.epochs=3.0 are both given: the steps count",
            "config.eval_every=7 is more than the run's 5 steps: one evaluation, at its end",
            "config.checkpoint_every=7 is more than the run's 5 steps: one checkpoint, at its end",
            "config.log_every=7 is more than the run's 5 steps: one line of metrics, at its end",
            "training ends after 80 of the 1437 examples",
            "config.data.eval_split='train' is what is trained on",
            "warm-up: 2 steps, half of the run, not the 4 of the config",
            "config.regularizer.name='dropblock' drops nothing: the network has no site for it in "
            "groups 3, 4",
        ],
    ),
    (
        {"batch_size": 1438, "learning_rate.warmup_epochs": 0.0, "learning_rate.base": 0.0}
        | {"learning_rate.drop_epochs": (1.0,), "regularizer.keep_prob": 1.0}
        | {"regularizer.block_size": 1},
        [
            "config.batch_size=1438 is more than the 1437 training examples: a batch has some of "
            "them twice",
            "config.batch_size=1438 is more than the 360 examples of evaluation: its one batch is "
            "never filled",
            "config.learning_rate.base=0: nothing is learned",
            "config.learning_rate.drop_epochs=(1.0,) means nothing with "
            "config.learning_rate.schedule='cosine'",
            "config.regularizer.name='dropblock' drops nothing: its keep_prob is 1",
        ],
    ),
    (
        {"batch_size": 360, "learning_rate.warmup_epochs": 0.0}
        | {"learning_rate.schedule": "piecewise", "learning_rate.drop_steps": (3, 6)}
        | {"regularizer.name": "none", "drop_path_keep_prob": 0.5},
        ["config.learning_rate.drop_steps has 6, when the run is over"],
    ),
]


@pytest.mark.parametrize(("changes", "notes"), ODD)
def test_what_is_odd(changes, notes):
    _, found = said(**{name.replace(".", "__"): one for name, one in changes.items()})
    assert found == notes


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A workdir with a checkpoint after step 4."""
    workdir = tmp_path_factory.mktemp("stopped")
    run = build_run(tiny.config())
    state = jax.tree.map(
        lambda leaf: jax.device_put(np.full(leaf.shape, 4, leaf.dtype), leaf.sharding),
        run.abstract_state(),
    )
    write_record(workdir, RunRecord(plain(run.config)))
    with Checkpoints(workdir, {}) as checkpoints:
        checkpoints.save(state, next_example=64)
    return workdir


def tree(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_where_it_would_go_on(stopped, tmp_path):
    before = tree(stopped)
    lines, notes = said(workdir=stopped)
    assert lines["workdir"] == [f"{stopped}: resumes from step 4"]
    assert not any("damaged" in note for note in notes)
    assert tree(stopped) == before
    line = tiny.refused("train.py", *tiny.arguments(stopped, seed=3), "--dry_run")
    assert "holds a run of another config: config.seed is 0 there and 3 here" in line


def test_where_it_would_start_from(stopped, tmp_path):
    lines, _ = said(init_from=stopped)
    assert lines["init_from"] == [f"starting from the network of {stopped}, step 4"]
    line = tiny.refused(
        "train.py", *tiny.arguments(None, init_from=stopped, model__width=8), "--dry_run"
    )
    assert "conv1.conv.kernel is (3, 3, 4, 4) there and (3, 3, 8, 8) here" in line


def test_what_cannot_run_is_one_line():
    for changes, message in (
        ({"batch_size": 33}, "multiple of the mesh's 2 devices, got 33"),
        ({"data__name": "no_such", "data__data_dir": "/nowhere"}, "python -m data.prepare KIND"),
    ):
        assert message in tiny.refused("train.py", *tiny.arguments(None, **changes), "--dry_run")
