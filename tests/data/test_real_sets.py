"""Over data sets that the user has prepared."""

import numpy as np
import pytest

import data
from tests.data.tiny import config

pytestmark = pytest.mark.data


def real(name, **changes):
    settings = config(None, name=name, **changes)
    try:
        data.describe(settings)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    return settings


def test_cifar10():
    settings = real("cifar10", image_size=32)
    about = data.describe(settings)
    assert (about.train_examples, about.eval_examples, about.num_classes) == (50_000, 10_000, 10)
    counts = np.zeros(10, int)
    with data.eval_batches(settings, batch_size=512) as batches:
        for batch in batches:
            counts += np.bincount(batch["label"][batch["mask"]], minlength=10)
    assert counts.tolist() == [1000] * 10
    with data.train_batches(settings, seed=0, batch_size=64) as batches:
        batch = next(batches)
    assert batch["mask"].all() and 60 < batch["image"].mean() < 170


def test_imagenet():
    settings = real("imagenet2012", eval_split="validation", preprocess="imagenet", image_size=224)
    about = data.describe(settings)
    assert about.num_classes == 1000 and about.class_names[0] == "n01440764"
    with data.train_batches(settings, seed=0, batch_size=64) as batches:
        batch = next(batches)
    assert batch["mask"].all() and batch["image"].shape == (64, 224, 224, 3)
    assert 60 < batch["image"].mean() < 170 and batch["image"].std() > 40
    with data.eval_batches(settings, batch_size=64) as batches:
        assert next(batches)["mask"].all()
