"""Meshes from a config's axes."""

import pytest

from training.devices import build_mesh


def test_mesh_fills_the_free_axis():
    assert dict(build_mesh({"data": -1}, 4).shape) == {"data": 2}
    assert dict(build_mesh({"data": -1, "fsdp": 2}, 4).shape) == {"data": 1, "fsdp": 2}
    for axes in ({"data": -1, "fsdp": -1}, {"data": 0}, {"data": -2}, {}):
        with pytest.raises(ValueError, match=r"config\.mesh must give"):
            build_mesh(axes, 4)
