"""Batches on the devices, one ahead."""

import itertools
import time

import jax
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from training.devices.batches import DeviceBatches
from training.stop import StopRequest


def test_order_placement_and_one_ahead():
    fetched = []

    def loader():
        for number in itertools.count():
            fetched.append(number)
            time.sleep(0.01)
            yield {"image": np.full((4, 2), number, np.uint8)}

    mesh = Mesh(jax.devices()[:2], ("data",))
    batches = DeviceBatches(loader(), mesh, StopRequest())
    for number, batch in enumerate(itertools.islice(batches, 3)):
        assert (np.asarray(batch["image"]) == number).all()
        assert batch["image"].sharding.spec == PartitionSpec(("data",))
        assert not np.asarray(batch["stop"]).any()
        assert fetched[-1] == number + 1
    assert batches.waited >= 0.04
    batches.waited = 0.0
    next(batches)
    assert batches.waited >= 0.01
