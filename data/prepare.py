"""Downloads a TFDS data set and writes it in the format that the pipeline reads.

    python -m data.prepare cifar10 --data_dir=DIR

Needs TensorFlow, for TFDS's own preparation code; reading what it wrote does not. (TFDS's command
line, `tfds build`, does the same, but needs apache-beam and mlcroissant as well.)
"""

import argparse
import importlib.util
import sys

from data.locate import MANUAL_DOWNLOADS, PREPARE_NEEDS, data_directory

TFDS_NEEDS = ("tensorflow", "importlib_resources")


def main(argv: list[str] | None = None) -> None:
    """Parses the command line and prepares the data set. Exits with one line on a mistake."""
    parser = argparse.ArgumentParser(prog="python -m data.prepare", description=__doc__)
    parser.add_argument("name", help="of a TFDS data set, such as cifar10 or imagenet2012")
    parser.add_argument("--data_dir", help="default: $TFDS_DATA_DIR or ~/tensorflow_datasets")
    parser.add_argument("--manual_dir", help="folder of archives that TFDS may not download")
    options = parser.parse_args(argv)

    archives = MANUAL_DOWNLOADS.get(options.name.partition(":")[0])
    if archives and not options.manual_dir:
        sys.exit(f"error: {options.name} needs --manual_dir=DIR with {archives} in DIR")
    missing = [name for name in TFDS_NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"error: TFDS prepares data with {' and '.join(missing)}: {PREPARE_NEEDS}")

    import tensorflow_datasets as tfds

    builder = tfds.builder(
        options.name, data_dir=data_directory(options.data_dir), file_format="array_record"
    )
    builder.download_and_prepare(
        download_config=tfds.download.DownloadConfig(manual_dir=options.manual_dir)
    )
    splits = {str(name): split.num_examples for name, split in builder.info.splits.items()}
    print(f"{builder.info.full_name} is in {builder.data_dir}: {splits}")


if __name__ == "__main__":
    main()
