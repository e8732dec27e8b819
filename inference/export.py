"""A trained network as a file that needs nothing of this project."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax import export

from inference.trained import Trained
from runfiles import flat, replace
from training.state import merge, to_host

#: That an exported function runs on.
PLATFORMS = ("cpu", "cuda", "tpu")
#: The ending of a file that gets the weights alone.
WEIGHTS = ".safetensors"


def export_network(trained: Trained, path: Path) -> dict[str, Any]:
    """Writes the function from images to predictions by jax.export, or the weights alone.

    Args:
      trained: the network.
      path: of the file; its ending tells.

    Returns:
      What is in the file, in values that JSON knows.

    Raises:
      OSError: the file cannot be written.
    """
    content, about = (_weights if path.suffix == WEIGHTS else _function)(trained)
    replace(path, content)
    names = list(getattr(trained.task, "class_names", ()))
    return {"export": str(path)} | about | {"class_names": names}


def _function(trained: Trained) -> tuple[bytes, dict[str, Any]]:
    """The weights are constants of it; the number of images is free."""
    run, task, state = trained.run, trained.task, to_host(trained.state)

    def predict(image: jax.Array) -> dict[str, jax.Array]:
        model = merge(run.graphdef, state.eval_params, state.batch_stats)
        return task.predict(model, {"image": image})

    (batch,) = export.symbolic_shape("batch")
    shape = (batch, *run.task.batch_shapes(train=False)["image"].shape[1:])
    image = jax.ShapeDtypeStruct(shape, jnp.uint8)
    exported = export.export(jax.jit(predict), platforms=PLATFORMS)(image)
    results = jax.tree.unflatten(exported.out_tree, exported.out_avals)
    about = {
        "takes": _text(image),
        "gives": {name: _text(one) for name, one in results.items()},
        "platforms": list(exported.platforms),
    }
    return bytes(exported.serialize()), about


def _weights(trained: Trained) -> tuple[bytes, dict[str, Any]]:
    """Arrays by the names of the modules that they are in, joined by dots."""
    from safetensors.numpy import save

    state = to_host(trained.state)
    arrays = flat(state.eval_params) | flat(state.batch_stats)
    return save(arrays), {"arrays": len(arrays)}


def _text(array: Any) -> str:
    return f"{array.dtype}[{', '.join(map(str, array.shape))}]"
