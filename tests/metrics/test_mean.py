"""Means over examples, merged exactly; metrics that are rows."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metrics import Mean, MetricSet


def test_merged_in_any_order_it_is_the_mean_over_all():
    parts = [Mean(2.5, 4), Mean(1.5, 1), Mean(0.0, 0)]
    for order in (parts, parts[::-1]):
        total = order[0]
        for part in order[1:]:
            total = total.merge(part)
        assert total.values() == {"mean": 0.8}
    assert Mean().update(2.5, 4).update(1.5, 1).values() == {"mean": 0.8}


def test_of_nothing_there_is_no_value():
    assert math.isnan(Mean().values()["mean"])


def test_sums_beyond_float32_and_int32_are_exact():
    large = Mean(np.float32(2**24), np.int32(2**31 - 1))
    total = large.merge(Mean(np.float32(1), np.int32(1)))
    assert float(total.total) == 2**24 + 1 and int(total.count) == 2**31


@dataclasses.dataclass(frozen=True)
class Largest:
    """A metric that is no sum: it keeps a row of each example."""

    rows: np.ndarray

    def merge(self, other):
        return Largest(np.concatenate([self.rows, other.rows]))

    def values(self):
        return {"largest": float(self.rows.max())}


jax.tree_util.register_dataclass(Largest, data_fields=["rows"], meta_fields=[])


def test_a_set_gives_every_value_its_name():
    def measure(values):
        return MetricSet({"loss": Mean(values.sum(), values.size), "rows": Largest(values)})

    first, second = (jax.device_get(jax.jit(measure)(jnp.array(v))) for v in ([1.0, 2.0], [6.0]))
    assert first.merge(second).values() == {"loss": pytest.approx(3.0), "largest": 6.0}


def test_stacked_metrics_of_many_runs_come_apart():
    stacked = jax.vmap(lambda x: MetricSet({"loss": Mean(x.sum(), x.size)}))(jnp.eye(2) * 4)
    each = [jax.tree.map(lambda leaf, i=i: leaf[i], jax.device_get(stacked)) for i in range(2)]
    assert [metric.values() for metric in each] == [{"loss": 2.0}, {"loss": 2.0}]
