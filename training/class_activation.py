"""Class activation maps: which parts of an image speak for its class (Figure 6)."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from training.run import Run
from training.state import TrainState, merge

FILE = "class_activation.npz"


def save_class_activation(run: Run, state: TrainState, workdir: Path, count: int) -> Path:
    """Writes ``class_activation.npz`` of the first ``count`` evaluation images; returns its path.

    Arrays: ``image`` uint8 (count, height, width, channels), ``label`` and ``prediction`` int32
    (count,), ``class_names`` of all classes, ``activation`` float32 (count, rows, columns): the
    last feature maps, weighted by the head's weights of the image's class.

    Source: Zhou et al. 2016, "Learning deep features for discriminative localization".
    """
    batch = next(iter(run.task.eval_batches(0, 1)))
    image, label = batch["image"][:count], batch["label"][:count]

    @jax.jit
    def activate(state: TrainState) -> tuple[jax.Array, jax.Array]:
        model = merge(run.graphdef, state.eval_params, state.batch_stats)
        last = model.features(run.task.normalise(image))[-1].astype(jnp.float32)
        logits = model.head(last.mean(axis=(1, 2)))
        weights = model.head.kernel[...][:, label].T
        return jnp.argmax(logits, -1), jnp.einsum("nhwc,nc->nhw", last, weights)

    prediction, activation = jax.device_get(activate(state))
    path = workdir / FILE
    np.savez(
        path, image=image, label=label, prediction=prediction.astype(np.int32),
        class_names=np.array(run.task.class_names), activation=activation,
    )  # fmt: skip
    return path
