"""Data in NumPy batches: TFDS data sets read through Grain, without TensorFlow."""

from data.bad_images import BadImages, TooManyBadImages
from data.description import Description, describe, describe_without_files
from data.errors import DataError, DecodeError
from data.image_files import ImageBatch, find_files, image_batches
from data.pipeline import Batches, eval_batches, train_batches
from data.settings import check
from data.source import Source, open_source
from data.spec import CLASSES, ArraySpec, Preprocess

__all__ = [
    "CLASSES",
    "ArraySpec",
    "BadImages",
    "Batches",
    "DataError",
    "DecodeError",
    "Description",
    "ImageBatch",
    "Preprocess",
    "Source",
    "TooManyBadImages",
    "check",
    "describe",
    "describe_without_files",
    "eval_batches",
    "find_files",
    "image_batches",
    "open_source",
    "train_batches",
]
