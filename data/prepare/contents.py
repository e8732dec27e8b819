"""What a data set will hold, before an image is read."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data.spec import Example

#: Names an example in messages, and gives it its place: TFDS sorts by the hash of it.
Key = str | int


def check_name(name: str) -> None:
    """Refuses a name that TFDS would not take for a data set's."""
    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        raise ValueError(f"--name must be lower-case letters, digits and _, got {name!r}")


@dataclass(frozen=True)
class Split:
    """The examples of one split.

    Attributes:
      sizes: key of each example -> about how many bytes it has.
      read: makes the example of a key, as TFDS encodes it, with images as bytes. Many threads call
        it at once. It raises DecodeError for an example that is broken and shall be left out, any
        other ValueError or OSError to refuse the whole data set.
    """

    sizes: Mapping[Any, int]
    read: Callable[[Any], Example]


@dataclass(frozen=True)
class Contents:
    """A data set that can be written.

    Attributes:
      name: of the data set.
      features: TFDS's own; `image` is one of them.
      splits: name -> examples.
      version: of the data set.
      config: of the name `NAME/CONFIG`; empty for none.
      metadata: what is to be kept beside the features, such as `class_names`.
      supervised_keys: TFDS's input and target.
      homepage: where the data comes from.
      nested: splits that share examples on purpose.
      aside: files of the source that are not used, for the summary.
    """

    name: str
    features: Mapping[str, Any]
    splits: Mapping[str, Split]
    version: str = "1.0.0"
    config: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    supervised_keys: tuple[str, str] | None = None
    homepage: str = ""
    nested: frozenset[str] = frozenset()
    aside: Sequence[str] = ()
