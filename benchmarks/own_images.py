"""Images a second of `data.prepare folder` and of predict.py, beside a plain loop of Pillow.

    python benchmarks/own_images.py --images=DIR [--workdir=DIR] [--rounds=5] [--seconds=4]

--images is a folder a class of image files, --workdir a classification run that predicts them;
without it those rows are left out. All are measured in turns on the same cores: prepare from the
list of files to the whole set on disk, predict without its start and compilation, Pillow decoding
the same files to RGB and nothing else, on one core. Images/s are medians of the rounds, as is the
ratio to Pillow's. CPU ms is the CPU time of an image in all threads together. On a machine that
does other work too, trust the ratio of CPU times.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from PIL import Image

from benchmarks.slots import Program, Rate, answer, show
from data import find_files
from data.prepare.sources.folder import folder
from data.prepare.write import set_folder, write

PILLOW = "Pillow, 1 core"


def run_pillow(images: str, _: str) -> None:
    """The program `pillow`: a plain loop."""
    files = find_files([images])

    def decode_all() -> int:
        for file in files:
            with Image.open(file) as image:
                image.convert("RGB")
        return len(files)

    answer(decode_all)


def run_prepare(images: str, _: str) -> None:
    """The program `prepare`: a whole data set each time."""

    def prepare() -> int:
        with tempfile.TemporaryDirectory() as data_dir:
            contents = folder(Path(images), name="images")
            tallies = write(contents, set_folder(contents, Path(data_dir)), lambda: None)
        return sum(tally.examples for tally in tallies.values())

    answer(prepare)


def run_predict(images: str, workdir: str) -> None:
    """The program `predict`: all files, with their lines."""
    from inference.lines import json_lines
    from inference.predictions import predictions
    from inference.trained import open_trained
    from training.config import parse

    trained = open_trained(
        parse(["", f"--workdir={workdir}"], own_config=True).config, Path(workdir)
    )
    files, lines = find_files([images]), json_lines(trained.task)

    def predict() -> int:
        for file, found in predictions(trained, files):
            if not isinstance(found, str):
                lines({"file": file}, trained.task.describe(*found))
        return len(files)

    answer(predict)


PROGRAMS = {"pillow": run_pillow, "prepare": run_prepare, "predict": run_predict}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", required=True, help="a folder a class")
    parser.add_argument("--workdir", default="", help="a run that predicts them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each turn, at least")
    parser.add_argument("--run", choices=PROGRAMS, help=argparse.SUPPRESS)  # started by this one
    options = parser.parse_args()
    if options.run:
        return PROGRAMS[options.run](options.images, options.workdir)
    every = sorted(os.sched_getaffinity(0))[:2]
    again = [sys.executable, __file__, f"--images={options.images}", f"--workdir={options.workdir}"]
    started = {PILLOW: Program([*again, "--run=pillow"], set(every[:1]))}
    for name in ("prepare", "predict") if options.workdir else ("prepare",):
        for cores in (every[:1], every):
            title = f"{name}, {len(cores)} core{'s' * (len(cores) > 1)}"
            started[title] = Program([*again, f"--run={name}"], set(cores))
    seen: dict[str, list[Rate]] = {name: [] for name in started}
    for _ in range(options.rounds):
        for name, program in started.items():
            seen[name].append(program.measure(options.seconds))
    for program in started.values():
        program.close()
    show(seen, dict.fromkeys(started.keys() - {PILLOW}, PILLOW))


if __name__ == "__main__":
    main()
