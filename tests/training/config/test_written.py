"""A config that is written and read back is the same config, for every config file and variant."""

import json
from pathlib import Path

import pytest

from runfiles import RunRecord, read_record, write_record
from tests import tiny
from training.config import (
    check_workdir,
    complete,
    identity,
    open_config,
    plain,
    read_config,
    write_config,
)

FILES = sorted(
    path for path in (tiny.ROOT / "configs").glob("*.py") if "def get_config" in path.read_text()
)


def variants(path: Path) -> list[str]:
    module, _ = open_config(str(path))
    return list(module.VARIANTS)


LOCATIONS = [(path, variant) for path in FILES for variant in variants(path)]


def types(config):
    """Field -> type, by name."""
    return {
        f"{name}.{field}" if hasattr(value, "keys") else name: kind
        for name, value in config.items()
        for field, kind in (
            types(value).items() if hasattr(value, "keys") else [("", config.get_type(name))]
        )
    }


def test_there_are_configs():
    assert len(FILES) >= 6 and len(LOCATIONS) >= 30


@pytest.mark.parametrize(
    ("path", "variant"), LOCATIONS, ids=[f"{path.stem}:{variant}" for path, variant in LOCATIONS]
)
def test_read_back_it_is_the_same(tmp_path, path, variant):
    module, _ = open_config(str(path))
    config = complete(module.get_config(variant))
    write_config(tmp_path, config)
    again = read_config(tmp_path)
    assert again.to_dict() == config.to_dict()
    assert types(again) == types(config)
    assert identity(again) == identity(config)
    assert (
        plain(again)
        == plain(config)
        == json.loads((tmp_path / "config.json").read_text())["config"]
    )


def test_no_run_has_no_config(tmp_path):
    assert read_config(tmp_path) is None
    assert read_config(tmp_path / "none") is None


def test_a_config_that_is_there_stays(tmp_path):
    write_config(tmp_path, tiny.config(seed=1))
    write_config(tmp_path, tiny.config(seed=2))
    assert read_config(tmp_path).seed == 1


def without(fields: dict, name: str) -> dict:
    section, _, last = name.rpartition(".")
    node = fields
    for part in section.split("."):
        node = node[part]
    del node[last]
    return fields


@pytest.mark.parametrize(
    "added",
    ["optimizer.ema_decay", "model.small_images", "task.label_smoothing", "regularizer.gamma"],
)
def test_a_field_added_at_its_default_does_not_lock_out_an_old_workdir(tmp_path, added):
    config = tiny.config(model__small_images=False)
    write_record(tmp_path, RunRecord(without(plain(config), added)))
    assert read_config(tmp_path).to_dict() == config.to_dict()
    check_workdir(str(tmp_path), config)


def test_a_field_added_at_another_value_does(tmp_path):
    fields = without(plain(tiny.config()), "optimizer.ema_decay")
    write_record(tmp_path, RunRecord(fields))
    with pytest.raises(ValueError, match=r"config\.optimizer\.ema_decay is 0\.0 there and 0\.9"):
        check_workdir(str(tmp_path), tiny.config(optimizer__ema_decay=0.9))


def test_a_config_of_other_code_is_refused_by_name(tmp_path):
    fields = plain(tiny.config()) | {"gone": 1}
    write_record(tmp_path, RunRecord(fields))
    with pytest.raises(
        ValueError, match="was written by other code: unknown field of config 'gone'"
    ):
        read_config(tmp_path)
    assert read_record(tmp_path).config == fields
