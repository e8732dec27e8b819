"""Writes a data set in the format that the pipeline reads.

    python -m data.prepare NAME --from=DIR [--data_dir=DIR]

NAME is a kind of source: a known data set in the archives that its authors offer, or files of one's
own (`folder`, `masks`, `coco_json`, `voc_xml`). `python -m data.prepare NAME --help` says what DIR
must hold.
"""

import argparse
import inspect
import signal
import sys
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

import registry
from data.appear import appearing_whole
from data.locate import SOURCES, data_directory
from data.prepare.contents import Contents, check_name
from data.prepare.faults import Faults, one_line
from data.prepare.report import report
from data.prepare.samples import draw_samples
from data.prepare.write import set_folder, write
from data.source import open_source

#: Beside the files of the data set.
PICTURE = "samples.png"


class _Parser(argparse.ArgumentParser):
    """Refuses in one line."""

    def error(self, message: str) -> NoReturn:
        sys.exit(f"error: {one_line(message)}")


def main(argv: list[str] | None = None) -> None:
    """Prepares a data set and prints a summary. Exits with one line on a mistake."""
    options = vars(_parser().parse_args(argv))
    function, source = options.pop("function"), Path(options.pop("from")).expanduser()
    data_dir = data_directory(options.pop("data_dir"))
    try:
        if not source.is_dir():
            raise NotADirectoryError(f"--from={source} is no folder")
        if "name" in options:
            check_name(options["name"])
        prepare(function(source, **options), data_dir)
    except Faults as faults:
        sys.exit(f"error: {faults}")
    except (OSError, ValueError) as error:
        sys.exit(f"error: {one_line(error)}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def prepare(contents: Contents, data_dir: Path) -> None:
    """Writes the data set below `data_dir` and prints a summary.

    Raises:
      FileExistsError: it is there already.
      ValueError: it cannot be made of its source.
    """
    folder = set_folder(contents, data_dir)
    if folder.exists():
        raise FileExistsError(f"{folder} exists already; to prepare it again, move it away")
    data_dir.mkdir(parents=True, exist_ok=True)
    total = sum(len(split.sizes) for split in contents.splits.values())
    with appearing_whole(data_dir) as scratch:
        with tqdm(total=total, unit=" images", desc=contents.name, disable=None) as bar:
            tallies = write(contents, set_folder(contents, scratch), bar.update)
        name = "/".join(filter(None, (contents.name, contents.config)))
        # Read as training will read it, before it is there.
        first, *_ = [open_source(name, split, scratch) for split in contents.splits]
        draw_samples(first, set_folder(contents, scratch) / PICTURE)
    print(report(contents, tallies))
    print(f"{'written':<12}{folder}")
    print(f"{'to look at':<12}{folder / PICTURE}")


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser(prog="python -m data.prepare", description=__doc__, formatter_class=raw)
    parsers = parser.add_subparsers(metavar="NAME", required=True)
    for name in registry.names(SOURCES):
        function = registry.find(SOURCES, name)
        text = inspect.getdoc(function) or ""
        one = parsers.add_parser(
            name, help=text.partition("\n")[0], description=text, formatter_class=raw,
            allow_abbrev=False,
        )  # fmt: skip
        one.set_defaults(function=function)
        one.add_argument("--from", metavar="DIR", required=True, help="what is to be prepared")
        for flag, parameter in list(registry.parameters(function).items())[1:]:
            needed = parameter.default is parameter.empty
            one.add_argument(
                f"--{flag}",
                type=parameter.annotation,
                required=needed,
                default=None if needed else parameter.default,
            )
        one.add_argument("--data_dir", help="default: $TFDS_DATA_DIR or ~/tensorflow_datasets")
    return parser


if __name__ == "__main__":
    # As Ctrl-C: what is half written is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    main()
