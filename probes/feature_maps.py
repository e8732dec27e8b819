"""Feature maps of one image before and after dropping, for a picture."""

import contextlib
import io
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from regularizers import Active, Drop, Masks, draw_masks, list_sites
from runfiles import FEATURE_MAPS, replace
from training.devices import processes
from training.run import Run
from training.state import TrainState, merge, to_host

TYPES = {"before": np.float32, "after": np.float32, "kept": np.bool_}


def why_not(run: Run) -> str | None:
    """Tells why a run has no such picture; None if it has one."""
    if "regularizer" not in run.regularizers:
        return "it has no regularizer"
    if "image" not in run.task.batch_shapes(train=False):
        return "its task has no images"
    return None


def save_feature_maps(run: Run, state: TrainState, workdir: Path) -> None:
    """Writes ``feature_maps.npz``: the first evaluation image, and the first map that each of the
    regulariser's groups drops from, before and after, at the config's keep_prob.

    Arrays: ``image`` uint8 (height, width, channels); ``group<g>_before`` and
    ``group<g>_after`` float32 (height, width, channels), ``group<g>_kept`` bool, likewise.
    Images that do not decode are passed over. Where :func:`why_not` has a reason, or no image
    decodes: nothing. Of several processes, process 0 writes.
    """
    if why_not(run):
        return
    local = to_host(state)
    if not processes.is_first():
        return
    batch = _first_example(run)
    if batch is None:
        return
    regularizer = run.regularizers["regularizer"]

    def measure(drop: Drop, state: TrainState) -> None:
        model = merge(run.graphdef, state.eval_params, state.batch_stats)
        run.task.measure(model, batch, drop)

    def record(state: TrainState, key: jax.Array) -> dict[str, jax.Array]:
        active = {"regularizer": Active(regularizer, regularizer.keep_prob)}
        drop = draw_masks(key, list_sites(measure, state), active)
        recorder = _Recorder(drop)
        measure(recorder, state)
        return recorder.maps

    maps = jax.device_get(jax.jit(record)(local, run.values.seed_key))
    arrays = {name: value[0].astype(TYPES[name.split("_")[1]]) for name, value in maps.items()}
    file = io.BytesIO()
    np.savez(file, image=batch["image"][0], **arrays)
    replace(workdir / FEATURE_MAPS, file.getvalue())


def _first_example(run: Run) -> dict[str, np.ndarray] | None:
    """The first evaluation example that decodes, as a batch of one; None without one."""
    with contextlib.closing(run.task.eval_batches(0, 1)) as batches:
        for batch in batches:
            if (rows := np.flatnonzero(batch["mask"])).size:
                return {name: value[rows[:1]] for name, value in batch.items()}
    return None


class _Recorder:
    """A ``drop`` that records what the first site of each group sees, skip connections apart."""

    def __init__(self, drop: Masks, maps: dict[str, jax.Array] | None = None):
        self._drop = drop
        self.maps: dict[str, jax.Array] = {} if maps is None else maps

    def at(self, part: str) -> "_Recorder":
        return _Recorder(self._drop.at(part), self.maps)

    def __call__(self, x: jax.Array, *, group: int, site: str) -> jax.Array:
        # Dropping is linear: what it makes of ones is the mask times the scale.
        factor = self._drop(jnp.ones_like(x), group=group, site=site)
        name = f"group{group}"
        dropping = site in self._drop.masks and not site.startswith("skip")
        if dropping and f"{name}_kept" not in self.maps:
            maps = {"before": x, "after": x * factor, "kept": factor != 0}
            self.maps |= {f"{name}_{kind}": value for kind, value in maps.items()}
        return x * factor
