"""Values that cannot be: one line that names the field, before any work starts."""

import math

import pytest

from configs import digits
from tests import tiny
from training.config import change, check_config
from training.config.check import numbers


def test_the_configs_pass():
    for variant in digits.VARIANTS:
        if variant != "autoaugment":  # it needs colours
            check_config(tiny.config(variant) if "amoeba" not in variant else complete(variant))


def complete(variant):
    return change(digits.get_config(variant), {})


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("regularizer.keep_prob", 0.0, "keep_prob must be in (0, 1], got 0.0"),
        ("regularizer.keep_prob", 1.2, "keep_prob must be in (0, 1], got 1.2"),
        ("regularizer.keep_prob", math.nan, "keep_prob must be in (0, 1], got nan"),
        ("regularizer.block_size", 0, "block_size must be at least 1, got 0"),
        ("regularizer.groups", (3, 5), "groups from 1 to 4, got 5"),
        ("regularizer.groups", (3, 3), "none twice"),
        ("regularizer.groups", (), "at least one group"),
        ("regularizer.schedule", "cosine", "linear, constant, got 'cosine'"),
        ("task.label_smoothing", 1.0, "label_smoothing must be in [0, 1), got 1.0"),
        ("task.aux_weight", 0.4, "aux_weight must be 0 without config.model.aux_head, got 0.4"),
        ("precision", "float16", "allowed: float32, bfloat16"),
        ("steps", 0, "config.steps must be at least 1, got 0"),
        ("steps", None, "config.steps and config.epochs are both None"),
        ("epochs", 0.0, "config.epochs must be above 0, got 0.0"),
        ("epochs", math.inf, "config.epochs must be above 0 and finite, got inf"),
        ("batch_size", 0, "config.batch_size must be at least 1, got 0"),
        ("eval_every", -1, "config.eval_every must be at least 1, got -1"),
        ("checkpoint_every", 0, "config.checkpoint_every must be at least 1, got 0"),
        ("log_every", 0, "config.log_every must be at least 1, got 0"),
        ("seed", -1, "config.seed must be in"),
        ("learning_rate.base", -0.1, "config.learning_rate.base must be at least 0, got -0.1"),
        ("learning_rate.base", math.nan, "config.learning_rate.base must be at least 0, got nan"),
        ("learning_rate.schedule", "cosin", "did you mean 'cosine'?"),
        ("learning_rate.decay_epochs", 0.0, "decay_epochs must be above 0, got 0.0"),
        ("learning_rate.warmup_steps", -1, "warmup_steps must be at least 0, got -1"),
        ("learning_rate.drop_steps", (5, -1), "drop_steps must be at least 0, got -1"),
        ("optimizer.weight_decay", -1.0, "weight_decay must be at least 0, got -1.0"),
        ("optimizer.weight_decay_kind", "l1", "allowed: l2, decoupled"),
        ("optimizer.momentum", 1.5, "config.optimizer.momentum must be in [0, 1), got 1.5"),
        ("optimizer.clip_norm", -1.0, "clip_norm must be at least 0, got -1.0"),
        ("optimizer.ema_decay", 1.0, "ema_decay must be in [0, 1), got 1.0"),
        ("dropout_keep_prob", 0.0, "dropout_keep_prob must be in (0, 1], got 0.0"),
        ("drop_path_keep_prob", 0.0, "drop_path_keep_prob must be in (0, 1], got 0.0"),
    ],
)
def test_one_line(field, value, message):
    config = tiny.config()
    with config.unlocked():
        change(config, {field: value})
    with pytest.raises(ValueError) as caught:
        check_config(config)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_that_drop_the_same_branches():
    with pytest.raises(ValueError, match=r"drops the same branches as config\.drop_path_keep_prob"):
        check_config(tiny.config("drop_path", drop_path_keep_prob=0.7))


def test_decoupled_needs_an_optimizer_that_decays():
    with pytest.raises(ValueError, match=r"such as adamw, lamb or lars, got .*'sgd'"):
        check_config(tiny.config(optimizer__weight_decay_kind="decoupled"))


def test_numbers_of_a_flag():
    assert numbers("--n", ["1", "0.5"], float, 0, 1) == [1.0, 0.5]
    for texts, kind, message in (
        (["nan"], float, r"--n must be in \[0, 1\], got nan"),
        (["0.5", "1.5"], float, r"--n must be in \[0, 1\], got 1\.5"),
        (["x"], float, "--n must be numbers of type float, got 'x'"),
        (["1.5"], int, "--n must be numbers of type int, got '1.5'"),
    ):
        with pytest.raises(ValueError, match=message):
            numbers("--n", texts, kind, 0, 1)
    with pytest.raises(ValueError, match="--n must be at least 1, got 0"):
        numbers("--n", ["0"], int, 1)
