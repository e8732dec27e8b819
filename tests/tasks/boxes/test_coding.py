"""Codes of boxes: by hand, and there and back."""

import math

import jax.numpy as jnp
import numpy as np

from tasks.boxes import decode, encode


def test_by_hand():
    anchor = jnp.array([10.0, 20, 30, 60])  # centre (20, 40), sides 20 and 40
    box = jnp.array([20.0, 20, 60, 40])  # centre (40, 30), sides 40 and 20
    code = [1, -0.25, math.log(2), math.log(0.5)]
    np.testing.assert_allclose(encode(box, anchor), code, rtol=1e-6)
    np.testing.assert_allclose(decode(jnp.array(code), anchor), box, rtol=1e-6)


def test_there_and_back():
    rng = np.random.default_rng(0)

    def boxes():
        corners = rng.uniform(-50, 700, (100, 2))
        return jnp.asarray(np.concatenate([corners, corners + rng.uniform(1, 60, (100, 2))], 1))

    anchors, there = boxes(), boxes()
    np.testing.assert_allclose(decode(encode(there, anchors), anchors), there, atol=1e-2, rtol=1e-5)


def test_sides_are_clipped_where_they_are_decoded():
    anchor = jnp.array([0.0, 0, 8, 8])
    box = np.asarray(decode(jnp.array([0.0, 0, 80, -80]), anchor))
    np.testing.assert_allclose(box, [4 - 250, 4, 4 + 250, 4], rtol=1e-5)


def test_boxes_without_area_have_finite_codes():
    anchor = jnp.array([0.0, 0, 8, 8])
    assert np.isfinite(encode(jnp.zeros(4), anchor)).all()


def test_codes_of_bfloat16_are_decoded_in_float32():
    anchor = jnp.array([512.0, 512, 515, 515])
    box = decode(jnp.zeros(4, jnp.bfloat16), anchor)
    assert box.dtype == jnp.float32
    np.testing.assert_array_equal(box, anchor)
