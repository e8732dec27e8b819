"""The tf.data pipeline of Flax's ImageNet example (its facts, not its text), to measure against.

    PYTHON_WITH_TENSORFLOW benchmarks/tf_pipeline.py DIR_OF_JPEGS BATCH_SIZE DTYPE

`input_pipeline.py` starts it. Needs TensorFlow and NumPy and nothing of ours but `slots.py`.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf
from slots import answer

SIZE = 224
PADDING = 32
MEAN = [255 * value for value in (0.485, 0.456, 0.406)]
DEVIATION = [255 * value for value in (0.229, 0.224, 0.225)]


def resize(image: tf.Tensor) -> tf.Tensor:
    """Bicubic, and as `tf.image.resize` is unless told otherwise: not antialiased."""
    return tf.image.resize([image], [SIZE, SIZE], tf.image.ResizeMethod.BICUBIC)[0]


def centre(encoded: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """The centre crop, which stands in where no random one was found."""
    shorter = tf.cast(tf.minimum(shape[0], shape[1]), tf.float32)
    side = tf.cast(shorter * (SIZE / (SIZE + PADDING)), tf.int32)
    window = [(shape[0] - side + 1) // 2, (shape[1] - side + 1) // 2, side, side]
    return resize(tf.image.decode_and_crop_jpeg(encoded, window, channels=3))


def random_crop(encoded: tf.Tensor) -> tf.Tensor:
    """A random-resized crop of which no more than needed is decoded."""
    shape = tf.image.extract_jpeg_shape(encoded)
    begin, size, _ = tf.image.sample_distorted_bounding_box(
        shape,
        bounding_boxes=tf.constant([[[0.0, 0.0, 1.0, 1.0]]]),
        min_object_covered=0.1,
        aspect_ratio_range=(3 / 4, 4 / 3),
        area_range=(0.08, 1.0),
        max_attempts=10,
        use_image_if_no_bounding_boxes=True,
    )
    window = tf.stack([begin[0], begin[1], size[0], size[1]])
    image = tf.image.decode_and_crop_jpeg(encoded, window, channels=3)
    whole = tf.reduce_all(tf.equal(shape, tf.shape(image)))
    return tf.cond(whole, lambda: centre(encoded, shape), lambda: resize(image))


def train_batches(directory: Path, batch_size: int, dtype: tf.DType) -> tf.data.Dataset:
    """Endless shuffled batches of `(batch_size, 224, 224, 3)` normalised images, and labels."""

    def prepare(encoded: tf.Tensor, label: tf.Tensor) -> dict[str, tf.Tensor]:
        image = tf.reshape(random_crop(encoded), [SIZE, SIZE, 3])
        image = (tf.image.random_flip_left_right(image) - MEAN) / DEVIATION
        return {"image": tf.image.convert_image_dtype(image, dtype), "label": label}

    encoded = [path.read_bytes() for path in sorted(directory.iterdir())]
    examples = tf.data.Dataset.from_tensor_slices((encoded, list(range(len(encoded)))))
    options = tf.data.Options()
    options.threading.private_threadpool_size = 48
    options.threading.max_intra_op_parallelism = 1
    return (
        examples.with_options(options)
        .cache()
        .repeat()
        .shuffle(16 * batch_size, seed=0)
        .map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(batch_size, drop_remainder=True)
        .prefetch(10)
    )


def main() -> None:
    directory, batch_size, dtype = sys.argv[1:]
    dataset = train_batches(Path(directory), int(batch_size), tf.dtypes.as_dtype(dtype))
    batches = dataset.as_numpy_iterator()
    answer(lambda: len(next(batches)["label"]))


if __name__ == "__main__":
    main()
