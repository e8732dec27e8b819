"""Resizing of maps: bilinear with aligned corners, and pixels doubled."""

import jax.numpy as jnp
import numpy as np
import pytest

from models.layers.resize import double, interpolate, interpolation, resize_aligned


def test_a_ramp_stays_a_ramp_and_corners_keep_their_places():
    ramp = jnp.linspace(0, 64, 65)[None, :, None, None] * jnp.ones((1, 1, 65, 1))
    small = ramp[:, ::8, ::8]
    np.testing.assert_allclose(resize_aligned(small, (65, 65)), ramp, atol=1e-4)
    large = resize_aligned(ramp, (513, 513))
    np.testing.assert_allclose(large[0, :, 0, 0], np.linspace(0, 64, 513), atol=1e-4)
    assert large[0, 0, 0, 0] == 0 and large[0, -1, -1, 0] == 64


@pytest.mark.parametrize("shape", [((3, 5), (7, 4)), ((6, 2), (2, 6)), ((1, 4), (3, 1))])
def test_it_is_numpys_interpolation_of_rows_and_columns(shape):
    (height, width), new = shape
    x = np.random.default_rng(0).normal(size=(2, height, width, 3)).astype(np.float32)

    def along(array, axis, size):
        places = np.linspace(0, array.shape[axis] - 1, size)
        line = lambda values: np.interp(places, np.arange(len(values)), values)  # noqa: E731
        return np.apply_along_axis(line, axis, array)

    expected = along(along(x, 1, new[0]), 2, new[1])
    np.testing.assert_allclose(resize_aligned(jnp.asarray(x), new), expected, atol=1e-5)


def test_of_its_own_size_it_is_the_array():
    x = jnp.ones((1, 4, 4, 2), jnp.bfloat16)
    assert resize_aligned(x, (4, 4)) is x
    assert resize_aligned(x, (7, 7)).dtype == jnp.bfloat16


def test_beyond_the_ends_the_end_continues():
    matrix = interpolation(5, 3, 1.0, -1.0)
    np.testing.assert_allclose(matrix @ jnp.array([1.0, 2.0, 4.0]), [1, 1, 2, 4, 4])
    x = jnp.arange(3.0)[None, :, None, None]
    assert interpolate(x, matrix, jnp.eye(1)).shape == (1, 5, 1, 1)


@pytest.mark.parametrize("shape", [(4, 6), (3, 5)])
def test_doubled_pixels_stand_twice_each_way(shape):
    x = jnp.arange(12.0).reshape(1, 2, 3, 2)
    doubled = double(x, shape)
    assert doubled.shape == (1, *shape, 2)
    for row in range(shape[0]):
        for column in range(shape[1]):
            np.testing.assert_array_equal(doubled[0, row, column], x[0, row // 2, column // 2])
