"""The fields of `config.data`, checked: those of the pipeline and those of its preprocess."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from inspect import Parameter
from typing import Any

import registry
from data import fields
from data.spec import Preprocess


@dataclass(frozen=True)
class Settings:
    """What `config.data` says, whatever the kind of data set.

    Attributes:
      name: of the data set; see :func:`data.open_source`, as for `data_dir`.
      data_dir: where TFDS data sets lie, None for TFDS's default.
      train_split: a TFDS split or part of one, such as `train[:90%]`.
      eval_split: the same for evaluation.
      class_names: in the order of the labels; empty for those that the data set has.
      preprocess: made by the file of that name in `data/preprocess`, from all further fields.
      threads: that read and decode, 0 for none beside the caller's.
      prefetch: batches made ahead; at least one a thread.
      max_bad_share: largest tolerated share of a split that does not decode, 0 to 1.
    """

    name: str
    data_dir: str | os.PathLike | None
    train_split: str
    eval_split: str
    class_names: tuple[str, ...]
    preprocess: Preprocess
    threads: int
    prefetch: int
    max_bad_share: float

    def __post_init__(self) -> None:
        fields.text("name", self.name)
        fields.text("train_split", self.train_split)
        fields.text("eval_split", self.eval_split)
        fields.names("class_names", self.class_names)
        if not isinstance(self.data_dir, str | os.PathLike | None):
            raise fields.refusal("data_dir", self.data_dir, "a folder, or None for TFDS's default")
        fields.whole("threads", self.threads, least=0)
        fields.whole("prefetch", self.prefetch, least=0)
        fields.share("max_bad_share", self.max_bad_share)


def read_settings(config_data: Mapping[str, Any]) -> Settings:
    """Checks every field of `config.data`. No file is opened.

    Raises:
      ValueError: one line that names the field, its value and what is allowed: a field that is
        missing, one that neither the pipeline nor the preprocess takes, or a wrong value.
    """
    given = dict(config_data.items())
    own = [field.name for field in dataclass_fields(Settings)]
    _require(own, given, "")
    constructor = registry.find("data.preprocess", given["preprocess"], "config.data.preprocess")
    takes = registry.parameters(constructor)
    with_it = f" with config.data.preprocess={given['preprocess']!r}"
    required = [name for name, field in takes.items() if field.default is Parameter.empty]
    _require(required, given, with_it)
    for name in given:
        if name not in own and name not in takes:
            allowed = [*own, *takes]
            raise ValueError(
                f"config.data.{name} is no field{with_it}: "
                f"{registry.hint(name, allowed)}allowed: {', '.join(allowed)}."
            )
    preprocess = constructor(**{name: given[name] for name in takes if name in given})
    return Settings(**{name: given[name] for name in own} | {"preprocess": preprocess})


def check(config_data: Mapping[str, Any]) -> None:
    """Refuses a `config.data` that cannot work, before anything is opened.

    Raises:
      ValueError: one line that names the field, its value and what is allowed.
    """
    read_settings(config_data)


def _require(names: list[str], given: dict[str, Any], where: str) -> None:
    for name in names:
        if name not in given:
            raise ValueError(f"config.data.{name} is missing{where}.")
