"""What all tasks on images share: the data set, its batches, and the network's construction."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from ml_collections import ConfigDict

import data
import registry
from tasks.contract import Batch

PRECISIONS = {"float32": jnp.float32, "bfloat16": jnp.bfloat16}


class ImageTask:
    """The part of :class:`tasks.Task` that is the same for every task on images.

    Args:
      config: of the run.
      without_data: for a run that is compiled and not carried out: the data set need not be there.

    Raises:
      FileNotFoundError: the data set is not prepared; the message has the command that does it.
      ValueError: the data set does not fit.
    """

    def __init__(self, config: ConfigDict, *, without_data: bool = False):
        self._config = config
        if without_data:
            # Where its size is not known either, it is one epoch of all the steps.
            size = config.steps and config.steps * config.batch_size
            self.info = data.describe_without_files(config.data, unknown_size=size)
        else:
            self.info = data.describe(config.data)
        self.train_examples = self.info.train_examples
        self.class_names = self.info.class_names

    @property
    def network(self) -> Callable[..., nnx.Module]:
        """The class of the config's network."""
        return registry.find("models", self._config.model.name)

    def build_network(self, rngs: nnx.Rngs, **arguments: Any) -> nnx.Module:
        """Builds the config's network from the fields of ``config.model`` and ``arguments``."""
        fields = dict(self._config.model)
        del fields["name"]
        return self.network(
            **fields,
            **arguments,
            in_channels=self.info.train_spec["image"].shape[-1],
            dtype=PRECISIONS[self._config.precision],
            rngs=rngs,
        )

    def normalise(self, images: jax.Array) -> jax.Array:
        """Converts uint8 images, on the device, to floats with the config's mean and deviation."""
        mean = jnp.asarray(self._config.data.mean, jnp.float32)[None, None, None, :]
        std = jnp.asarray(self._config.data.std, jnp.float32)[None, None, None, :]
        return (images.astype(jnp.float32) / 255 - mean) / std

    @staticmethod
    def sizes(batch: Batch) -> jax.Array:
        """The batch's ``sizes``; without them, images fill the network's input: (batch, 4)."""
        if "sizes" in batch:
            return batch["sizes"]
        rows, height, width, _ = batch["image"].shape
        return jnp.broadcast_to(jnp.array([height, width] * 2, jnp.int32)[None], (rows, 4))

    def batch_shapes(self, *, train: bool) -> dict[str, jax.ShapeDtypeStruct]:
        spec = self.info.train_spec if train else self.info.eval_spec
        rows = self._config.batch_size
        fields = {
            name: jax.ShapeDtypeStruct((rows, *one.shape), one.dtype) for name, one in spec.items()
        }
        return fields | {"mask": jax.ShapeDtypeStruct((rows,), jnp.bool)}

    def train_batches(self, start_step: int, process: int, processes: int) -> data.Batches:
        return data.train_batches(
            self._config.data,
            seed=self._config.seed,
            batch_size=self._config.batch_size,
            process_index=process,
            process_count=processes,
            start_step=start_step,
        )

    def eval_batches(self, process: int, processes: int) -> data.Batches:
        return data.eval_batches(
            self._config.data,
            batch_size=self._config.batch_size,
            process_index=process,
            process_count=processes,
        )
