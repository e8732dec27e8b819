"""The fields that a config leaves out are filled in; those that it must not have are refused."""

import pytest
from ml_collections import ConfigDict

from configs import common, digits, imagenet_amoebanet
from training.config import complete


def test_what_is_left_out_has_its_default():
    config = complete(ConfigDict({"data": common.DIGITS}))
    base = common.base()
    assert config.batch_size == base.batch_size
    assert config.steps is None and config.get_type("steps") is int
    assert config.regularizer.to_dict() == base.regularizer.to_dict()
    # Of the constructors: the network's, the task's and optax's.
    assert (config.model.depth, config.model.frozen) == (50, ())
    assert config.task.label_smoothing == 0
    assert config.optimizer.nesterov is False


def test_what_is_given_stays():
    given = imagenet_amoebanet.get_config("dropblock")
    before = given.to_dict()
    after = complete(given.copy_and_resolve_references()).to_dict()

    def contains(after, before):
        for name, value in before.items():
            if isinstance(value, dict):
                contains(after[name], value)
            else:
                assert after[name] == value, name

    contains(after, before)


def test_a_default_of_none_has_its_type():
    config = complete(digits.get_config())
    config.optimizer.name = "adamw"
    del config.optimizer["momentum"]
    del config.optimizer["nesterov"]
    del config.optimizer["accumulator_dtype"]
    complete(config)
    assert config.optimizer.get_type("b1") is float
    assert config.data.get_type("data_dir") is str


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("stepss", 3, "unknown field of config 'stepss': did you mean 'steps'?"),
        ("model.dept", 10, "config.model.dept does not go with config.model.name='resnet'"),
        ("model.dept", 10, "did you mean 'depth'? it takes depth, "),
        ("model.num_cells", 6, "config.model.num_cells does not go with"),
        ("task.smoothing", 0.1, "config.task.smoothing does not go with"),
        ("optimizer.b1", 0.9, "does not go with config.optimizer.name='sgd'"),
        ("regularizer.block_sizes", 3, "did you mean 'block_size'?"),
        ("model.name", "resnett", "did you mean 'resnet'?"),
        ("task.name", "classify", "unknown config.task.name 'classify'"),
    ],
)
def test_what_does_not_belong_is_refused(field, value, message):
    config = digits.get_config()
    section, _, name = field.rpartition(".")
    (config[section] if section else config)[name] = value
    with pytest.raises(ValueError) as caught:
        complete(config)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
