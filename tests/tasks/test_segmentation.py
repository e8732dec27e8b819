"""Where the segmentation task takes a network's logits to be."""

import jax.numpy as jnp
import numpy as np
import pytest

from tasks.segmentation import Segmentation


class Ramp:
    """Logits that are the row of their own pixel: 0, 8, 16, ..."""

    def __call__(self, x, *, train, drop):
        rows = 8.0 * jnp.arange(-(-x.shape[1] // 8))[None, :, None, None]
        return jnp.broadcast_to(rows, (x.shape[0], rows.shape[1], -(-x.shape[2] // 8), 1))


@pytest.mark.parametrize("height", [17, 34, 51])
def test_logits_are_taken_at_the_centre_of_every_label_pixel(height, monkeypatch):
    """Each example by its own sizes; what lies beyond the last logit is the last one."""
    task = object.__new__(Segmentation)
    monkeypatch.setattr(task, "normalise", lambda images: images, raising=False)
    task._label_size = (51, 51)
    batch = {
        "image": jnp.zeros((2, 17, 17, 3)),
        "sizes": jnp.array([[17, 17, height, 17], [9, 17, 51, 17]], jnp.int32),
    }
    logits = np.asarray(task.logits_at_labels(Ramp(), batch))[..., 0]
    for example, (here, there) in enumerate(((17, height), (9, 51))):
        places = (np.arange(there) + 0.5) * here / there - 0.5
        expected = np.clip(places, 0, 16)
        np.testing.assert_allclose(logits[example, :there, 0], expected, atol=1e-4)
