"""The class names of a data set, and a check that it has what a preprocess reads."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import tensorflow_datasets as tfds

from data.spec import CLASSES, Preprocess


def class_names(
    name: str,
    features: Mapping[str, Any],
    metadata: Mapping[str, Any],
    preprocess: Preprocess,
    given: Sequence[str] = (),
) -> tuple[str, ...]:
    """Returns the names of the classes, in order.

    They are those of the config; without any, those of the `ClassLabel` among the features that the
    preprocess reads (inside of them too, as in detection's `objects`); without one, `class_names`
    in the data set's metadata.

    Args:
      name: of the data set, for messages.
      features: TFDS's own, of an example.
      metadata: of the data set.
      preprocess: what will be done to the examples.
      given: those of the config, if it has any.

    Raises:
      ValueError: the data set lacks a feature that the preprocess reads, or has it as another kind;
        or the preprocess has arrays of classes and there are no names; or the config has not as
        many as there are.
    """
    for feature, kind in preprocess.reads.items():
        if feature not in features:
            raise ValueError(
                f"{name} has no feature {feature!r}, which this config.data.preprocess reads; "
                f"it has {', '.join(features)}."
            )
        if not isinstance(features[feature], kind):
            raise ValueError(
                f"the feature {feature!r} of {name} is {type(features[feature]).__name__}, "
                f"but this config.data.preprocess reads {kind.__name__}."
            )
    names = names_of_classes({read: features[read] for read in preprocess.reads}, metadata)
    specs = (*preprocess.train_spec.values(), *preprocess.eval_spec.values())
    if given:
        if names and len(names) != len(given):
            raise ValueError(
                f"config.data.class_names must name the {len(names)} classes of {name} "
                f"({_some(names)}), got {len(given)} names."
            )
        return tuple(given)
    if not names and any(spec.values == CLASSES for spec in specs):
        raise ValueError(
            f"the classes of {name} have no names: neither {' nor '.join(preprocess.reads)} is a "
            "ClassLabel, and its metadata has no class_names; set config.data.class_names."
        )
    return names


def names_of_classes(features: Mapping[str, Any], metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the first `ClassLabel` among the features, else the metadata's `class_names`."""
    labels = [label for feature in features.values() for label in _class_labels(feature)]
    return tuple(labels[0].names if labels else metadata.get("class_names", ()))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")


def _class_labels(feature: Any) -> Iterator[tfds.features.ClassLabel]:
    if isinstance(feature, tfds.features.ClassLabel):
        yield feature
    elif isinstance(feature, tfds.features.FeaturesDict):
        for inner in feature.values():
            yield from _class_labels(inner)
    elif isinstance(feature, tfds.features.Sequence):
        yield from _class_labels(feature.feature)
