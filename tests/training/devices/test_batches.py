"""Batches on the devices, one ahead."""

import itertools
import signal
import time

import jax
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from training.devices import STOP, DeviceBatches, batch_spec, send
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


def test_a_stop_is_marked_in_every_row_and_the_spec_tells_of_it():
    mesh = Mesh(jax.devices()[:2], ("data",))
    stop = StopRequest()
    for asked in (False, True):
        stop.signal = signal.SIGTERM if asked else None
        batch = send(mesh, {"image": np.zeros((4, 2), np.uint8)}, stop)
        assert (np.asarray(batch[STOP]) == asked).all()
    spec = batch_spec(mesh, {"image": jax.ShapeDtypeStruct((4, 2), np.uint8)})
    assert spec.keys() == batch.keys()
    for name, array in batch.items():
        assert (array.shape, array.dtype) == (spec[name].shape, spec[name].dtype)
        assert array.sharding == spec[name].sharding
