"""Image data in NumPy batches: TFDS data sets read through Grain, without TensorFlow."""

from data.bad_images import BadImages, TooManyBadImages
from data.decode import DecodeError
from data.description import Description, describe, describe_without_files
from data.pipeline import Batches, eval_batches, train_batches
from data.source import Source, open_source

__all__ = [
    "BadImages",
    "Batches",
    "DecodeError",
    "Description",
    "Source",
    "TooManyBadImages",
    "describe",
    "describe_without_files",
    "eval_batches",
    "open_source",
    "train_batches",
]
