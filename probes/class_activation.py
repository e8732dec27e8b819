"""Class activation maps: which parts of an image speak for its class (Figure 6)."""

import io
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probes.examples import first_examples
from runfiles import CLASS_ACTIVATION, replace
from training.devices import processes
from training.run import Run
from training.state import TrainState, merge, to_host


def why_not(run: Run) -> str | None:
    """Tells why a run has no such maps; None if it has them."""
    if not {"image", "label"} <= run.task.batch_shapes(train=False).keys():
        return "its task has no images with one label each"
    if not hasattr(getattr(run.task, "network", None), "features"):
        return "its network has no maps with a linear layer after them"
    return None


def save(run: Run, state: TrainState, workdir: Path, count: int) -> Path:
    """Writes ``class_activation.npz`` of the first ``count`` evaluation images; returns its path.

    Images that do not decode are passed over. Of several processes, process 0 writes.

    Arrays: ``image`` uint8 (count, height, width, channels), ``label`` and ``prediction`` int32
    (count,), ``class_names`` of all classes, ``activation`` float32 (count, rows, columns): the
    last feature maps, weighted by the head's weights of the image's class.

    Source: Zhou et al. 2016, "Learning deep features for discriminative localization".
    """

    task: Any = run.task  # one that `why_not` has nothing against
    path, local = workdir / CLASS_ACTIVATION, to_host(state)
    if not processes.is_first():
        return path

    @jax.jit
    def activate(state: TrainState, image: jax.Array, label: jax.Array) -> tuple[jax.Array, ...]:
        model: Any = merge(run.graphdef, state.eval_params, state.batch_stats)
        last = model.features(task.normalise(image))[-1].astype(jnp.float32)
        logits = model.head(last.mean(axis=(1, 2)))
        weights = model.head.kernel[...][:, label].T
        return jnp.argmax(logits, -1), jnp.einsum("nhwc,nc->nhw", last, weights)

    parts: dict[str, list[np.ndarray]] = {}
    for batch, rows in first_examples(task, count):
        prediction, activation = jax.device_get(activate(local, batch["image"], batch["label"]))
        arrays = {
            "image": batch["image"],
            "label": batch["label"],
            "prediction": prediction.astype(np.int32),
            "activation": activation,
        }
        for name, array in arrays.items():
            parts.setdefault(name, []).append(array[rows])
    file = io.BytesIO()
    arrays = {name: np.concatenate(own) for name, own in parts.items()}
    np.savez(file, class_names=np.array(task.class_names), **arrays)
    replace(path, file.getvalue())
    return path
