"""Images per second of the training pipelines, beside bare JPEG decoding of the same bytes.

    python benchmarks/pipeline.py --data_dir=DIR [--threads=2] [--seconds=5]

Each row is the median of three runs. The ratio is to bare decoding in one thread: above 1 means
that the threads make up for reading, cropping, resizing and batching.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import simplejpeg
from ml_collections import ConfigDict

sys.path.insert(0, str(Path(__file__).parents[1]))
import data

CONFIGS = {
    "imagenet2012": {"preprocess": "imagenet", "image_size": 224, "batch_size": 64},
    "cifar10": {"preprocess": "cifar", "image_size": 32, "batch_size": 256},
}
RUNS = 3


def bare_decoding(name: str, data_dir: str | None, seconds: float) -> float:
    """Images per second of simplejpeg alone, in one thread, at full size."""
    source = data.open_source(name, "train", data_dir)
    count = min(len(source), 300)
    encoded = [example["image"] for example in source.read(range(count))]

    def run() -> float:
        done, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            for image in encoded:
                simplejpeg.decode_jpeg(image)
            done += count
        return done / (time.perf_counter() - start)

    return statistics.median(run() for _ in range(RUNS))


def pipeline(name: str, data_dir: str | None, threads: int, seconds: float) -> float:
    """Images per second of the training pipeline, warmed up."""
    settings = dict(CONFIGS[name])
    batch_size = settings.pop("batch_size")
    config = ConfigDict(
        settings
        | {
            "name": name,
            "data_dir": data_dir,
            "train_split": "train",
            "threads": threads,
            "prefetch": 2 * threads,
            "max_bad_share": 0.01,
        }
    )

    with data.train_batches(config, seed=0, batch_size=batch_size) as batches:
        for _ in range(4 * threads):
            next(batches)

        def run() -> float:
            done, start = 0, time.perf_counter()
            while time.perf_counter() - start < seconds:
                done += len(next(batches)["label"])
            return done / (time.perf_counter() - start)

        return statistics.median(run() for _ in range(RUNS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_dir", help="default: $TFDS_DATA_DIR or ~/tensorflow_datasets")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")
    options = parser.parse_args()
    print(f"{'data set':14}{'what':24}{'images/s':>10}{'ratio':>8}")
    for name in CONFIGS:
        bare = bare_decoding(name, options.data_dir, options.seconds)
        print(f"{name:14}{'decoding, 1 thread':24}{bare:10.0f}{1:8.2f}", flush=True)
        for threads in sorted({1, options.threads}):
            rate = pipeline(name, options.data_dir, threads, options.seconds)
            what = f"pipeline, {threads} thread{'s' if threads > 1 else ''}"
            print(f"{name:14}{what:24}{rate:10.0f}{rate / bare:8.2f}", flush=True)


if __name__ == "__main__":
    main()
