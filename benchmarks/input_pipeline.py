"""The ImageNet training pipeline beside Flax's tf.data one, in turns on the same cores.

    python benchmarks/input_pipeline.py --tf_python=PATH [--data_dir=DIR] [--cores=2] [--rounds=5]

PATH is a python with tensorflow-cpu and NumPy, in an environment of its own; without it those
rows are left out. Images/s are medians of the rounds, as is their ratio. CPU ms is the CPU time of
an image in all threads together: one core does 1000 / CPU ms a second. On a machine that does other
work too, trust the ratio of CPU times.
"""

import argparse
import contextlib
import math
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import simplejpeg
from ml_collections import ConfigDict

import data
from benchmarks.slots import Program, Rate, answer, show
from configs.imagenet_resnet50 import get_config
from training.config import complete

BATCH = 128
# Grain's shuffle costs 7 microseconds an index at ImageNet's size, and 80 at the 300 images of a
# sample: a small split is read as if it were this long.
EXAMPLES = 1 << 16


def config(data_dir: str | None, threads: int) -> ConfigDict:
    """`data` of configs/imagenet_resnet50.py, with as many threads as cores."""
    settings = complete(get_config()).data
    repeats = math.ceil(EXAMPLES / len(data.open_source(settings.name, "train", data_dir)))
    settings.train_split = "+".join(["train"] * repeats)
    settings.update({"data_dir": data_dir, "threads": threads, "prefetch": threads})
    return settings


def encoded_images(data_dir: str | None, count: int) -> list[bytes]:
    """The first `count` JPEGs of the train split."""
    source = data.open_source("imagenet2012", "train", data_dir)
    return [example["image"] for example in source.read(range(min(count, len(source))))]


def run_ours(data_dir: str | None, threads: int) -> None:
    """The program `ours`: batches of normal training, uint8."""
    with data.train_batches(config(data_dir, threads), seed=0, batch_size=BATCH) as batches:
        answer(lambda: int(next(batches)["mask"].sum()))


def run_decoding(data_dir: str | None, count: int) -> None:
    """The program `decoding`: simplejpeg alone, whole images, one thread."""
    encoded = encoded_images(data_dir, count)

    def decode_all() -> int:
        for image in encoded:
            simplejpeg.decode_jpeg(image)
        return len(encoded)

    answer(decode_all)


@contextlib.contextmanager
def programs(options: argparse.Namespace) -> Iterator[dict[str, Program]]:
    """Starts all programs, halted, by the names that the table has for them."""
    every = sorted(os.sched_getaffinity(0))[: options.cores]
    again = [sys.executable, __file__, f"--images={options.images}"]
    if options.data_dir:
        again.append(f"--data_dir={options.data_dir}")
    with contextlib.ExitStack() as stack:
        started = {}

        def start(name: str, command: list[str], cores: list[int]) -> None:
            started[name] = Program(command, set(cores))
            stack.callback(started[name].close)

        for cores in [every, every[:1]] if len(every) > 1 else [every]:
            where = f"{len(cores)} core{'s' if len(cores) > 1 else ''}"
            start(f"ours, {where}", [*again, "--run=ours", f"--cores={len(cores)}"], cores)
            if options.tf_python:
                jpegs = stack.enter_context(tempfile.TemporaryDirectory())
                for number, image in enumerate(encoded_images(options.data_dir, options.images)):
                    (Path(jpegs) / f"{number:06d}.jpg").write_bytes(image)
                program = str(Path(__file__).with_name("tf_pipeline.py"))
                command = [options.tf_python, program, jpegs, str(BATCH), options.tf_dtype]
                start(f"tf.data, {where}", command, cores)
        start("whole images decoded, 1 core", [*again, "--run=decoding"], every[:1])
        yield started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tf_python", help="a python that has TensorFlow")
    parser.add_argument("--tf_dtype", default="float32", help="of tf.data's images")
    parser.add_argument("--data_dir", help="default: $TFDS_DATA_DIR or ~/tensorflow_datasets")
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    parser.add_argument("--images", type=int, default=2000, help="at most; tf.data holds them all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each turn")
    parser.add_argument("--run", help=argparse.SUPPRESS)  # a program, started by this one
    options = parser.parse_args()
    if options.run == "ours":
        return run_ours(options.data_dir, options.cores)
    if options.run == "decoding":
        return run_decoding(options.data_dir, options.images)
    with programs(options) as started:
        seen: dict[str, list[Rate]] = {name: [] for name in started}
        for _ in range(options.rounds):
            for name, program in started.items():
                seen[name].append(program.measure(options.seconds))
    peers = {name: name.replace("ours", "tf.data") for name in seen if name.startswith("ours")}
    show(seen, peers)


if __name__ == "__main__":
    main()
