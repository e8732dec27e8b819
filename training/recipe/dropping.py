"""The regularisers of a config."""

from ml_collections import ConfigDict

import registry
from regularizers import Regularizer


def find_regularizers(config: ConfigDict) -> dict[str, Regularizer]:
    """Name -> regulariser, of those that the config uses, in the order in which they drop.

    "regularizer" is the config's own; "drop_path" and "dropout", before the last layer, stand
    beside it.

    Raises:
      ValueError: a field is outside its range; one line.
    """
    found: dict[str, Regularizer] = {}
    if config.regularizer.name != "none":
        found["regularizer"] = build(config.regularizer.name, config.regularizer)
    if config.drop_path_keep_prob < 1:
        found["drop_path"] = registry.find("regularizers", "drop_path")(
            keep_prob=config.drop_path_keep_prob, groups=(1, 2, 3, 4), scale_by_group=False
        )
    if config.dropout_keep_prob < 1:
        found["dropout"] = registry.find("regularizers", "head_dropout")(
            keep_prob=config.dropout_keep_prob,
            groups=(4,),
            schedule="constant",
            scale_by_group=False,
        )
    return found


def build(name: str, fields: ConfigDict) -> Regularizer:
    """Builds one by its name from the fields that its constructor takes.

    Raises:
      ValueError: a field is outside its range; one line.
    """
    constructor = registry.find("regularizers", name)
    taken = registry.parameters(constructor)
    try:
        return constructor(**{field: fields[field] for field in fields if field in taken})
    except ValueError as error:
        raise ValueError(f"config.regularizer.{error}") from error
