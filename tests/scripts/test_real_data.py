"""The configs for large data sets, on real images where they are prepared."""

import pytest

from data import open_source
from runfiles import read_metrics
from tests import tiny


def prepared(name):
    """Skips where a data set is not in TFDS_DATA_DIR."""
    try:
        open_source(name, "train")
    except FileNotFoundError as error:
        pytest.skip(str(error))


def train(name, variant, workdir, *overrides):
    config = f"--config={tiny.ROOT}/configs/{name}.py:{variant}"
    fields = [f"--config.{field}" for field in overrides]
    tiny.run("train.py", config, f"--workdir={workdir}", *fields)
    return read_metrics(workdir)


@pytest.mark.slow
@pytest.mark.data
def test_cifar10_loss_falls(tmp_path):
    prepared("cifar10")
    lines = train(
        "cifar10", "dropblock", tmp_path,
        "steps=60", "model.width=8", "batch_size=64", "learning_rate.base=0.4", "log_every=10",
        "precision=float32", "data.eval_split=test[:200]",
    )  # fmt: skip
    losses = [line["train/loss"] for line in lines if "train/loss" in line]
    assert losses[-1] < losses[0] - 0.1


@pytest.mark.slow
@pytest.mark.data
def test_imagenet_resnet50_trains_and_evaluates(tmp_path):
    """The paper's network and drop sites, on small crops: three steps and all 100 images."""
    prepared("imagenet2012")
    lines = train(
        "imagenet_resnet50", "dropblock", tmp_path,
        "steps=3", "batch_size=8", "data.image_size=64", "log_every=1", "model.width=16",
    )  # fmt: skip
    assert [line["step"] for line in lines if "train/loss" in line] == [1, 2, 3]
    last = lines[-1]
    for metric in ("accuracy", "top5_accuracy"):
        # Whole images out of 100: none twice, none left out.
        assert last[f"eval/{metric}"] * 100 == pytest.approx(round(last[f"eval/{metric}"] * 100))
    assert 0 < lines[2]["train/dropped"]["3"] < lines[2]["train/dropped"]["4"]
