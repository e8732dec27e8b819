"""Says what a run's network sees in image files: one JSON line each.

    python predict.py --workdir=runs/digits IMAGE|FOLDER ...

Classes with probabilities, boxes, or a class for every pixel, as the run's task has it. Images are
prepared as the run's own config says. With ``--export=FILE`` in place of images, the network itself
is written, for programs without this project.
"""

import sys
from pathlib import Path

from absl import flags, logging

from inference.lines import FORMATS
from runfiles import PREDICTIONS, json_line
from training.config import (
    Arguments,
    check_config,
    check_file,
    check_folder,
    one_line_errors,
    parse,
)
from training.errors import RunError
from training.stop import StopRequest
from training.streams import guard_streams


def define_flags(values: flags.FlagValues) -> None:
    flags.DEFINE_enum("format", "json", list(FORMATS), "Of what is printed.", values)
    flags.DEFINE_bool("draw", False, "Write pictures with the predictions too.", values)
    flags.DEFINE_string(
        "to", None, f"Folder for masks and pictures; else {PREDICTIONS} in the workdir.", values
    )
    flags.DEFINE_string(
        "export",
        None,
        "Write the network here: as a function by jax.export, or the weights alone if the file's "
        "name ends in .safetensors.",
        values,
    )


def main(argv: list[str]) -> None:
    with one_line_errors():
        arguments = parse(argv, define_flags, own_config=True, places="IMAGE|FOLDER ...")
        check_config(arguments.config)
        if bool(arguments.export) == bool(arguments.places):
            raise ValueError("name images or folders of images, or --export=FILE.")
        if arguments.export:
            check_file("--export", Path(arguments.export).expanduser())
        if arguments.to:
            check_folder("--to", Path(arguments.to).expanduser())
    # Imported late: what is wrong with the arguments is said before the rest is loaded.
    from training.devices import ignore_absent_tpus
    from training.run import use_compilation_cache

    logging.set_verbosity(logging.ERROR)  # Orbax warns that it reads only
    ignore_absent_tpus()
    use_compilation_cache()
    with StopRequest(), one_line_errors(ValueError, OSError, RunError):
        predict(arguments)


def predict(arguments: Arguments) -> None:
    from data import find_files
    from inference.export import export_network
    from inference.pictures import Pictures
    from inference.report import report
    from inference.trained import open_trained

    files, workdir = find_files(arguments.places), Path(arguments.workdir)
    trained = open_trained(arguments.config, workdir)
    if arguments.export:
        print(json_line(export_network(trained, Path(arguments.export).expanduser())))
        return
    folder = Path(arguments.to or workdir / PREDICTIONS).expanduser()
    pictures = Pictures(trained.task, folder, draw=arguments.draw)
    if pictures:
        check_folder("--to", folder)
    report(trained, files, FORMATS[arguments.format](trained.task), pictures)


if __name__ == "__main__":
    guard_streams()
    main(sys.argv)
