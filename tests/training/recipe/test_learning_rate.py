"""Schedules and lengths from config values."""

import pytest

from configs import cifar10, digits, imagenet_amoebanet, imagenet_resnet50
from tests import tiny
from training.recipe.learning_rate import learning_rate, warmup_steps
from training.recipe.length import total_steps
from training.run import build_run

IMAGENET = 1_281_167


def test_steps_win_over_epochs():
    config = digits.get_config()
    config.steps, config.epochs = 7, 3.0
    assert total_steps(config, 640) == 7
    config.steps = None
    assert total_steps(config, 640) == 30


def test_imagenet_learning_rate_is_the_papers():
    """0.1 per 256 images, 5 warm-up epochs, times 0.1 at epochs 100, 200 and 265 of 300."""
    config = imagenet_resnet50.get_config()
    rate = learning_rate(config, IMAGENET, config.learning_rate.base)
    epoch = IMAGENET / 1024
    assert total_steps(config, IMAGENET) == round(300 * epoch)
    values = {e: float(rate(round(e * epoch) + 1)) for e in (5, 99.9, 100, 199.9, 200, 264.9, 265)}
    assert values == pytest.approx(
        {5: 0.4, 99.9: 0.4, 100: 0.04, 199.9: 0.04, 200: 0.004, 264.9: 0.004, 265: 0.0004}
    )
    assert float(rate(0)) == 0
    assert float(rate(round(2.5 * epoch))) == pytest.approx(0.2, rel=1e-3)


def test_amoebanet_learning_rate_is_the_papers():
    """0.015 * 0.97^(epoch / 2.4) from step 0, 3 warm-up epochs, not below 1e-4 of it."""
    config = imagenet_amoebanet.get_config()
    config.epochs = 1000.0
    rate = learning_rate(config, IMAGENET, config.learning_rate.base)
    epoch = IMAGENET / 2048
    assert float(rate(round(1.5 * epoch))) == pytest.approx(0.0075, rel=1e-3)
    for e in (3.1, 50, 340):
        step = round(e * epoch)
        assert float(rate(step)) == pytest.approx(0.015 * 0.97 ** (step / epoch / 2.4), rel=1e-4)
    assert float(rate(round(900 * epoch))) == pytest.approx(1.5e-6)


def test_times_in_steps():
    config = imagenet_resnet50.get_config()
    config.learning_rate.warmup_steps = 10
    config.learning_rate.drop_steps = (20,)
    rate = learning_rate(config, IMAGENET, config.learning_rate.base)
    assert [float(rate(s)) for s in (5, 10, 19, 21)] == pytest.approx([0.2, 0.4, 0.4, 0.04])


@pytest.mark.parametrize(
    "drops", [{"drop_steps": (20, 20, 30)}, {"drop_epochs": (100.0, 101.0, 150.0)}]
)
def test_drops_that_fall_on_one_step_multiply(drops):
    """In epochs: of 5 images, at a batch of 25, steps 20, 20.2 and 30."""
    config = imagenet_resnet50.get_config()
    config.batch_size = 25
    config.learning_rate.warmup_epochs = 0.0
    config.learning_rate.update(drops)
    rate = learning_rate(config, 5, 25.6)
    values = [float(rate(step)) for step in (19, 21, 29, 31)]
    assert values == pytest.approx([2.5, 0.025, 0.025, 0.0025])


def test_cosine_ends_at_zero_and_short_runs_warm_up_at_most_half():
    config = cifar10.get_config()
    config.steps = 20
    rate = learning_rate(config, 50_000, config.learning_rate.base)
    assert float(rate(10)) == pytest.approx(0.1)
    assert float(rate(20)) == pytest.approx(0, abs=1e-8)
    assert warmup_steps(config, 50_000) == (10, round(5 * 50_000 / 128))


def test_a_warm_up_that_does_not_fit_is_said():
    config = tiny.config("baseline", learning_rate__warmup_steps=4)
    assert build_run(config).notices == [
        "warm-up: 3 steps, half of the run, not the 4 of the config"
    ]
    assert build_run(tiny.config("baseline", learning_rate__warmup_steps=3)).notices == []
