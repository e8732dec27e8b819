"""Class names that the command line gives."""

from collections.abc import Sequence
from pathlib import Path


def class_list(classes: str) -> list[str]:
    """Class names from `--classes`: separated by commas, or a text file with one a line."""
    if Path(classes).is_file():
        names = Path(classes).read_text(encoding="utf-8").splitlines()
    elif classes.endswith(".txt"):
        raise FileNotFoundError(f"--classes={classes} is no file")
    else:
        names = classes.split(",")
    names = [name.strip() for name in names]
    while names and not names[-1]:
        names.pop()
    check_classes(names, "--classes")
    return names


def check_classes(names: Sequence[str], where: object) -> None:
    """Refuses class names that TFDS cannot keep, and a single class.

    Raises:
      ValueError: one line with the name.
    """
    for name in names:
        if not name.strip() or name != name.strip() or "\n" in name or "\r" in name:
            raise ValueError(f"{where}: {name!r} is no class name: empty, or with spaces around it")
        if names.count(name) > 1:
            raise ValueError(f"{where}: the class {name!r} is there twice")
    if not names:
        raise ValueError(f"{where}: there are no classes")
