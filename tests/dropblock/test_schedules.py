"""keep_prob over steps and groups."""

import jax
import pytest

from dropblock import constant_keep_prob, group_keep_prob, linear_keep_prob


def test_linear_from_one_to_target_then_constant():
    schedule = linear_keep_prob(0.8, 100)
    assert [float(schedule(step)) for step in (0, 50, 100, 500)] == pytest.approx(
        [1, 0.9, 0.8, 0.8]
    )
    assert float(jax.jit(schedule)(25)) == pytest.approx(0.95)


def test_constant():
    assert float(constant_keep_prob(0.8)(7)) == pytest.approx(0.8)


def test_groups_drop_a_quarter_each_further_from_the_end():
    values = [group_keep_prob(0.9, group) for group in (1, 2, 3, 4)]
    assert values == pytest.approx([1 - 0.1 / 64, 1 - 0.1 / 16, 0.975, 0.9])
    assert group_keep_prob(0.9, 2, num_groups=2) == pytest.approx(0.9)


def test_refuses():
    with pytest.raises(ValueError, match=r"keep_prob must be in \[0, 1\]"):
        linear_keep_prob(1.5, 10)
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        linear_keep_prob(0.9, 0)
    with pytest.raises(ValueError, match="keep_prob"):
        constant_keep_prob(-1)
    with pytest.raises(ValueError, match=r"group must be in 1..4, got 5"):
        group_keep_prob(0.9, 5)
