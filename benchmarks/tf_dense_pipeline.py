"""The tf.data pipelines of RetinaNet in tensorflow/tpu (their facts, not their text).

    PYTHON_WITH_TENSORFLOW benchmarks/tf_dense_pipeline.py DIR JOB BATCH_SIZE SIZE LEAST MOST

`dense_pipelines.py` starts it. Needs TensorFlow and NumPy and nothing of ours but `slots.py`.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
from slots import answer

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MOST_BOXES, IGNORED = 100, 255


def train_batches(
    folder: Path, job: str, batch_size: int, size: int, least: float, most: float
) -> tf.data.Dataset:
    """Endless shuffled batches of normalised float32 images with label maps, or with boxes."""

    def prepare(jpeg: tf.Tensor, png: tf.Tensor, boxes: tf.Tensor) -> tuple[tf.Tensor, ...]:
        image = tf.image.convert_image_dtype(tf.io.decode_jpeg(jpeg, channels=3), tf.float32)
        image = (image - MEAN) / STD
        mirrored = tf.random.uniform([]) < 0.5
        whole = tf.cast(tf.shape(image)[:2], tf.float32)
        scale = tf.random.uniform([], least, most) * size / tf.reduce_max(whole)
        scaled = tf.cast(tf.round(whole * scale), tf.int32)
        free = tf.maximum(scaled - size, 0)
        corner = tf.cast(tf.random.uniform([2]) * tf.cast(free + 1, tf.float32), tf.int32)
        seen = tf.minimum(scaled, size)

        def view(picture: tf.Tensor, method: str, fill: int) -> tf.Tensor:
            picture = tf.cond(mirrored, lambda: tf.image.flip_left_right(picture), lambda: picture)
            picture = tf.image.resize(picture, scaled, method)
            picture = tf.slice(picture, [*tf.unstack(corner), 0], [*tf.unstack(seen), -1])
            padding = [[0, size - seen[0]], [0, size - seen[1]], [0, 0]]
            return tf.pad(picture, padding, constant_values=tf.cast(fill, picture.dtype))

        image = tf.ensure_shape(view(image, "bilinear", 0), [size, size, 3])
        if job == "segmentation":
            labels = view(tf.io.decode_png(png, channels=1), "nearest", IGNORED)
            return image, tf.ensure_shape(labels, [size, size, 1])
        top, left, bottom, right = tf.unstack(boxes, axis=1)
        left, right = tf.cond(mirrored, lambda: (1 - right, 1 - left), lambda: (left, right))
        boxes = tf.stack([top, left, bottom, right], axis=1) * tf.cast(
            tf.tile(scaled, [2]), tf.float32
        )
        boxes -= tf.cast(tf.tile(corner, [2]), tf.float32)
        boxes = tf.clip_by_value(boxes, 0.0, float(size))
        boxes = tf.boolean_mask(boxes, tf.reduce_all(boxes[:, :2] < boxes[:, 2:], axis=1))
        count = tf.shape(boxes)[0]
        boxes = tf.ensure_shape(tf.pad(boxes, [[0, MOST_BOXES - count], [0, 0]]), [MOST_BOXES, 4])
        return image, boxes, tf.range(MOST_BOXES) < count

    jpegs = sorted(folder.glob("*.jpg"))
    encoded = (
        [path.read_bytes() for path in jpegs],
        [path.with_suffix(".png").read_bytes() for path in jpegs],
        np.load(folder / "boxes.npy"),
    )
    options = tf.data.Options()
    options.threading.max_intra_op_parallelism = 1
    return (
        tf.data.Dataset.from_tensor_slices(encoded)
        .with_options(options)
        .repeat()
        .shuffle(4 * batch_size, seed=0)
        .map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(batch_size, drop_remainder=True)
        .prefetch(1)
    )


def main() -> None:
    folder, job, batch_size, size, least, most = sys.argv[1:]
    dataset = train_batches(
        Path(folder), job, int(batch_size), int(size), float(least), float(most)
    )
    batches = dataset.as_numpy_iterator()
    answer(lambda: len(next(batches)[0]))


if __name__ == "__main__":
    main()
