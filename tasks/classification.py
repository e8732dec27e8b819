"""Image classification: softmax cross-entropy, top-1 (and top-5 where there are many classes)."""

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from ml_collections import ConfigDict

import data
from metrics.topk import top_k
from models.amoebanet import AmoebaNet
from models.drop_sites import Drop
from models.resnet import ResNet
from tasks.contract import Batch

MODELS = {"resnet": ResNet, "amoebanet": AmoebaNet}
PRECISIONS = {"float32": jnp.float32, "bfloat16": jnp.bfloat16}


class Classification:
    """See :class:`tasks.contract.Task`.

    Args:
      config: of the run.
      without_data: for a run that is compiled and not carried out: the data set need not be there.

    Raises:
      FileNotFoundError: the data set is not prepared; the message has the command that does it.
      ValueError: the data set has no such split, or is in another format than array_record.
    """

    best_metric = "accuracy"

    def __init__(self, config: ConfigDict, *, without_data: bool = False):
        self._config = config
        if without_data:
            # Where its size is not known either, it is one epoch of all the steps.
            size = config.steps and config.steps * config.batch_size
            self._info = data.describe_without_files(config.data, unknown_size=size)
        else:
            self._info = data.describe(config.data)
        self.train_examples = self._info.train_examples
        self.class_names = self._info.class_names

    def build(self, rngs: nnx.Rngs) -> nnx.Module:
        options = dict(self._config.model)
        network = MODELS[options.pop("name")]
        return network(
            **options,
            num_classes=self._info.num_classes,
            in_channels=self._info.channels,
            dtype=PRECISIONS[self._config.precision],
            rngs=rngs,
        )

    def loss(
        self, model: nnx.Module, batch: Batch, drop: Drop | None
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        images, smoothing = self.normalise(batch["image"]), self._config.label_smoothing
        if self._config.aux_weight:
            logits, aux_logits = model.logits_and_aux(images, train=True, drop=drop)
        else:
            logits, aux_logits = model(images, train=True, drop=drop), None
        total, rows = _masked_cross_entropy(logits, batch, smoothing)
        if aux_logits is not None:
            aux_total, _ = _masked_cross_entropy(aux_logits, batch, smoothing)
            total += self._config.aux_weight * aux_total
        loss = total / jnp.maximum(rows, 1)
        hits, _ = top_k(logits, batch["label"], batch["mask"])
        return loss, {"loss": loss, "accuracy": hits / jnp.maximum(rows, 1)}

    def metrics(
        self, model: nnx.Module, batch: Batch, drop: Drop | None = None
    ) -> dict[str, tuple[jax.Array, jax.Array]]:
        logits = model(self.normalise(batch["image"]), train=False, drop=drop)
        label, mask = batch["label"], batch["mask"]
        results = {
            "loss": _masked_cross_entropy(logits, batch),
            "accuracy": top_k(logits, label, mask),
        }
        if self._info.num_classes > 10:
            results["top5_accuracy"] = top_k(logits, label, mask, k=5)
        return results

    def normalise(self, images: jax.Array) -> jax.Array:
        """uint8 images to floats of the config's channel means 0 and deviations 1, on device."""
        mean = jnp.asarray(self._config.data.mean, jnp.float32)[None, None, None, :]
        std = jnp.asarray(self._config.data.std, jnp.float32)[None, None, None, :]
        return (images.astype(jnp.float32) / 255 - mean) / std

    def batch_shapes(self) -> dict[str, jax.ShapeDtypeStruct]:
        rows = self._config.batch_size
        return {
            "image": jax.ShapeDtypeStruct((rows, *self._info.image_shape), jnp.uint8),
            "label": jax.ShapeDtypeStruct((rows,), jnp.int32),
            "mask": jax.ShapeDtypeStruct((rows,), jnp.bool),
        }

    def train_batches(self, start_step: int, process: int, processes: int):
        return data.train_batches(
            self._config.data,
            seed=self._config.seed,
            batch_size=self._config.batch_size,
            process_index=process,
            process_count=processes,
            start_step=start_step,
        )

    def eval_batches(self, process: int, processes: int):
        return data.eval_batches(
            self._config.data,
            batch_size=self._config.batch_size,
            process_index=process,
            process_count=processes,
        )


def _masked_cross_entropy(
    logits: jax.Array, batch: Batch, smoothing: float = 0.0
) -> tuple[jax.Array, jax.Array]:
    if smoothing:
        one_hot = jax.nn.one_hot(batch["label"], logits.shape[-1])
        losses = optax.softmax_cross_entropy(logits, optax.smooth_labels(one_hot, smoothing))
    else:
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, batch["label"])
    return jnp.sum(jnp.where(batch["mask"], losses, 0)), jnp.sum(batch["mask"], dtype=jnp.int32)
