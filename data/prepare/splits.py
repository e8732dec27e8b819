"""Which split an example of one's own data belongs to."""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TypeVar

TRAIN, VALIDATION, TEST = "train", "validation", "test"
_WORDS = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("val", "valid", "validation"), VALIDATION),
    **dict.fromkeys(("test", "testing"), TEST),
}
_Value = TypeVar("_Value")


def split_of_folder(name: str) -> str | None:
    """The split that a folder called like this holds, such as `val2017`; None for any other."""
    return _WORDS.get(re.sub(r"[-_ ]?\d*$", "", name.lower()))


def split_of_path(path: str) -> str | None:
    """The split of the innermost folder on the path that is called like one."""
    folders = PurePosixPath(path).parts[:-1]
    return next(filter(None, map(split_of_folder, reversed(folders))), None)


def split_of_list(path: str) -> str | None:
    """The split of a file that lists examples: by a word of its name, else by its folders."""
    words = re.findall("[a-z]+", PurePosixPath(path).stem.lower())
    named = {_WORDS[word] for word in words if word in _WORDS}
    return named.pop() if len(named) == 1 else split_of_path(path)


def splits_of_lists(paths: Sequence[str], source: object) -> dict[str, str | None]:
    """The split of each file that lists examples; None for a single one that does not say.

    Raises:
      ValueError: of several, one does not say, or two say the same.
    """
    splits = {path: split_of_list(path) for path in paths}
    for path, split in splits.items():
        alone = list(splits.values()).count(split) == 1
        if len(paths) > 1 and not (split and alone):
            raise ValueError(
                f"{source} holds {', '.join(paths)}: which is train, val or test must be seen from "
                f"their names, one file for each; {path} is "
                + ("not the only one of its kind" if split else "none of them")
            )
    return splits


def in_order(splits: Mapping[str, _Value]) -> dict[str, _Value]:
    """The splits as they are read: train, validation, test."""
    return {split: splits[split] for split in (TRAIN, VALIDATION, TEST) if split in splits}


def divided(
    examples: Mapping[str, _Value], share: float, source: object
) -> dict[str, dict[str, _Value]]:
    """Divides examples into `train` and `validation` by the hash of their names.

    The same name goes the same way on any machine, whatever else is there.

    Args:
      examples: by name.
      share: of `train`, above 0 and below 1: `--split`.
      source: for messages.

    Raises:
      ValueError: the share is none, or one of the two is left without examples.
    """
    if not 0 < share < 1:
        raise ValueError(f"--split must be a number above 0 and below 1, got {share}")
    parts: dict[str, dict[str, _Value]] = {TRAIN: {}, VALIDATION: {}}
    for name, value in examples.items():
        digest = hashlib.md5(os.fsencode(name), usedforsecurity=False).digest()
        position = int.from_bytes(digest[:8], "big") / 2**64
        parts[TRAIN if position < share else VALIDATION][name] = value
    for split, part in parts.items():
        if not part:
            raise ValueError(
                f"{source}: --split={share} leaves no image of {len(examples)} for {split}"
            )
    return parts
