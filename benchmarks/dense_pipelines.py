"""The training pipelines of segmentation at 513 and detection at 640 px beside others, on one core.

    python benchmarks/dense_pipelines.py [--tf_python=PATH] [--data_dir=DIR] [--rounds=5]

The photographs are those of imagenet2012, of which a sample will do; boxes and label maps are made
up. The same transforms are written in Pillow, as a worker of PyTorch's DataLoader runs them, and in
tf.data, as in the repository tensorflow/tpu: PATH is a python with tensorflow-cpu and NumPy, in an
environment of its own; without it those rows are left out. The columns are those of
`input_pipeline.py`, with the ratio of each to ours.
"""

import argparse
import contextlib
import io
import itertools
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import tensorflow_datasets as tfds
from etils import epath
from PIL import Image, ImageOps

import data
from benchmarks.slots import Program, Rate, answer, show

BATCH = 64
SIZES = {"segmentation": 513, "detection": 640}
SCALES = {"segmentation": (0.75, 1.5), "detection": (0.8, 1.2)}
BOXES = 8  # an image; COCO has 7.3
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
COLOUR = tuple(round(255 * value) for value in MEAN)
IGNORED = 255


def write_examples(folder: Path, data_dir: str | None, count: int) -> None:
    """Writes JPEGs, label maps as PNGs and `boxes.npy`, `(count, BOXES, 4)`, for the peers."""
    source = data.open_source("imagenet2012", "train", data_dir)
    rng = np.random.default_rng(0)
    every = []
    for number, example in enumerate(source.read(range(min(count, len(source))))):
        (folder / f"{number:06d}.jpg").write_bytes(example["image"])
        width, height = Image.open(io.BytesIO(example["image"])).size
        corners = rng.uniform(0, 0.7, (BOXES, 2))
        boxes = np.hstack([corners, corners + rng.uniform(0.05, 0.3, (BOXES, 2))])
        labels = np.zeros((height, width), np.uint8)
        edges = (boxes * ([height, width] * 2)).astype(int)
        for label, (top, left, bottom, right) in enumerate(edges, 1):
            labels[top:bottom, left:right] = label
        Image.fromarray(labels).save(folder / f"{number:06d}.png")
        every.append(boxes)
    np.save(folder / "boxes.npy", np.float32(every))


class Photographs(tfds.core.GeneratorBasedBuilder):
    """The examples of a folder, as a data set of ours."""

    VERSION = tfds.core.Version("1.0.0")
    code_path = epath.Path(__file__)
    folder: Path

    def _info(self) -> tfds.core.DatasetInfo:
        label = tfds.features.ClassLabel(num_classes=BOXES + 1)
        objects = {"bbox": tfds.features.BBoxFeature(), "label": label}
        features = {
            "image": tfds.features.Image(),
            "segmentation_label": tfds.features.Image(shape=(None, None, 1)),
            "objects": tfds.features.Sequence(objects),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            features=tfds.features.FeaturesDict(features),
            metadata=tfds.core.MetadataDict(class_names=[str(i) for i in range(BOXES + 1)]),
        )

    def _split_generators(self, dl_manager) -> dict:
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for number, boxes in enumerate(np.load(self.folder / "boxes.npy").tolist()):
            jpeg = self.folder / f"{number:06d}.jpg"
            yield (
                number,
                {
                    "image": str(jpeg),
                    "segmentation_label": str(jpeg.with_suffix(".png")),
                    "objects": [
                        {"bbox": tfds.features.BBox(*box), "label": label}
                        for label, box in enumerate(boxes)
                    ],
                },
            )


def run_ours(job: str, folder: Path) -> None:
    """The program `ours`: batches of normal training, uint8."""
    config = {
        "name": "photographs",
        "data_dir": folder,
        "train_split": "train",
        "eval_split": "train",
        "class_names": (),
        "preprocess": job,
        "image_size": SIZES[job],
        "mean": MEAN,
        "std": STD,
        "threads": 1,
        "prefetch": 1,
        "max_bad_share": 0.0,
    }
    with data.train_batches(config, seed=0, batch_size=BATCH) as batches:
        answer(lambda: int(next(batches)["mask"].sum()))


def run_pillow(job: str, folder: Path) -> None:
    """The program `Pillow`: a batch by a loop, uint8 as ours."""
    rng = np.random.default_rng(0)
    boxes = np.load(folder / "boxes.npy")
    numbers = itertools.chain.from_iterable(rng.permutation(len(boxes)) for _ in itertools.count())

    def batch() -> int:
        rows = [pillow_example(job, folder, boxes, next(numbers), rng) for _ in range(BATCH)]
        images, *_ = (np.stack(arrays) for arrays in zip(*rows, strict=True))
        return len(images)

    answer(batch)


def pillow_example(
    job: str, folder: Path, every: np.ndarray, number: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """The arrays of an example: the image with its label map, or with boxes and their mask."""
    size = SIZES[job]
    image = Image.open(folder / f"{number:06d}.jpg").convert("RGB")
    scale = rng.uniform(*SCALES[job]) * size / max(image.size)
    width, height = (round(side * scale) for side in image.size)
    left, top = (int(rng.integers(max(0, side - size) + 1)) for side in (width, height))
    mirrored = rng.random() < 0.5

    def view(picture: Image.Image, resample: Image.Resampling, fill: int | tuple) -> np.ndarray:
        picture = picture.resize((width, height), resample)
        if mirrored:
            picture = ImageOps.mirror(picture)
        seen = picture.crop((left, top, min(width, left + size), min(height, top + size)))
        canvas = Image.new(picture.mode, (size, size), fill)
        canvas.paste(seen)
        return np.asarray(canvas)

    pixels = view(image, Image.Resampling.BILINEAR, COLOUR)
    if job == "segmentation":
        labels = Image.open(folder / f"{number:06d}.png")
        return [pixels, view(labels, Image.Resampling.NEAREST, IGNORED)]
    boxes = every[number] * (height, width, height, width)
    if mirrored:
        boxes[:, 1::2] = width - boxes[:, 3::-2]
    boxes = np.clip(boxes - (top, left, top, left), 0, size)
    boxes = boxes[(boxes[:, :2] < boxes[:, 2:]).all(axis=1)]
    rows = np.zeros((100, 4), np.float32)
    rows[: len(boxes)] = boxes
    return [pixels, rows, np.arange(100) < len(boxes)]


@contextlib.contextmanager
def programs(options: argparse.Namespace) -> Iterator[dict[str, Program]]:
    """Starts all programs on the first core, halted, by the names that the table has for them."""
    cores = set(sorted(os.sched_getaffinity(0))[:1])
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        write_examples(folder, options.data_dir, options.images)
        Photographs.folder = folder
        with contextlib.redirect_stdout(io.StringIO()):
            tfds.disable_progress_bar()
            Photographs(data_dir=folder, file_format="array_record").download_and_prepare()
        started = {}
        for job in SIZES:
            again = [sys.executable, __file__, f"--folder={folder}", f"--job={job}"]
            commands = {
                "ours": [*again, "--run=ours"],
                "Pillow": [*again, "--run=pillow"],
            }
            if options.tf_python:
                program = Path(__file__).with_name("tf_dense_pipeline.py")
                least, most = SCALES[job]
                arguments = [folder, job, BATCH, SIZES[job], least, most]
                commands["tf.data"] = [options.tf_python, str(program), *map(str, arguments)]
            for name, command in commands.items():
                started[f"{job}, {name}"] = program = Program(command, cores)
                stack.callback(program.close)
        yield started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tf_python", help="a python that has TensorFlow")
    parser.add_argument("--data_dir", help="default: $TFDS_DATA_DIR or ~/tensorflow_datasets")
    parser.add_argument("--images", type=int, default=300, help="at most; tf.data holds them all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each turn")
    for hidden in ("--run", "--job", "--folder"):  # of a program that is started by this one
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        run = {"ours": run_ours, "pillow": run_pillow}[options.run]
        return run(options.job, Path(options.folder))
    with programs(options) as started:
        seen: dict[str, list[Rate]] = {name: [] for name in started}
        for _ in range(options.rounds):
            for name, program in started.items():
                seen[name].append(program.measure(options.seconds))
    show(seen, {name: f"{name.partition(',')[0]}, ours" for name in seen if "ours" not in name})


if __name__ == "__main__":
    main()
