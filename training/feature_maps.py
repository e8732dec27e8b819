"""Feature maps of one image before and after dropping, kept as a run file for a picture."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from models.drop_sites import DropSites
from training import processes
from training.run import Run
from training.state import TrainState, merge, to_host

FILE = "feature_maps.npz"
TYPES = {"before": np.float32, "after": np.float32, "kept": np.bool_}


def save_feature_maps(run: Run, state: TrainState, workdir: Path) -> None:
    """Writes ``feature_maps.npz``: the first evaluation image, and the first map that each of the
    regulariser's groups drops from, before and after, at the config's keep_prob.

    Arrays: ``image`` uint8 (height, width, channels); ``group<g>_before`` and
    ``group<g>_after`` float32 (height, width, channels), ``group<g>_kept`` bool, likewise.
    Without a regulariser: nothing.
    """
    sites = run.sites.get("regularizer")
    if sites is None:
        return
    local = to_host(state)
    if not processes.is_first():
        return
    image = next(iter(run.task.eval_batches(0, 1)))["image"][:1]

    def record(state: TrainState, key: jax.Array) -> dict[str, jax.Array]:
        drop = _Recorder(sites, key, run.config.regularizer.keep_prob)
        model = merge(run.graphdef, state.eval_params, state.batch_stats)
        model(run.task.normalise(image), train=False, drop=drop)
        return drop.maps

    maps = jax.device_get(jax.jit(record)(local, run.values.seed_key))
    arrays = {name: value[0].astype(TYPES[name.split("_")[1]]) for name, value in maps.items()}
    np.savez(workdir / FILE, image=image[0], **arrays)


class _Recorder:
    """A ``drop`` that keeps what the first site of every group but its skip saw."""

    def __init__(self, sites: DropSites, key: jax.Array, keep_prob: float):
        self._sites, self._drop = sites, sites.at(key, keep_prob)
        self.maps: dict[str, jax.Array] = {}

    def __call__(self, x: jax.Array, *, group: int, site: str) -> jax.Array:
        # Dropping is linear: what it makes of ones is the mask times the scale.
        factor = self._drop(jnp.ones_like(x), group=group, site=site)
        name = f"group{group}"
        dropping = self._sites.applies(group, site) and site != "skip"
        if dropping and f"{name}_kept" not in self.maps:
            maps = {"before": x, "after": x * factor, "kept": factor != 0}
            self.maps |= {f"{name}_{kind}": value for kind, value in maps.items()}
        return x * factor
