"""From a grid to runs, all of them checked first."""

import pytest

from sweeps.plan import plan
from tests.sweeps.grids import write_grid
from training.config.command_line import open_config, parse

KEEP_PROB = "config.regularizer.keep_prob"


def plan_of(tmp_path, grid, **changes):
    location = write_grid(tmp_path / "grid.py", grid, **changes)
    module, variant = open_config(location)
    return plan(location, module.get_config(*variant).lock(), tmp_path / "sweep")


def test_runs_are_named_after_what_varies(tmp_path):
    trials = plan_of(
        tmp_path,
        f'hyper.product([hyper.sweep("{KEEP_PROB}", [0.8, 0.9]), hyper.fixed("config.seed", 7), '
        'hyper.sweep("config.regularizer.groups", [(4,), (3, 4)])])',
    )
    assert [trial.name for trial in trials] == [
        "keep_prob=0.8,groups=4", "keep_prob=0.8,groups=3+4",
        "keep_prob=0.9,groups=4", "keep_prob=0.9,groups=3+4",
    ]  # fmt: skip
    assert trials[1].workdir == tmp_path / "sweep" / "keep_prob=0.8,groups=3+4"
    assert trials[1].changes == {
        "regularizer.keep_prob": 0.8, "seed": 7, "regularizer.groups": (3, 4),
    }  # fmt: skip


def test_train_gets_exactly_the_config_of_the_run(tmp_path):
    """Tuples, texts, numbers and a field that was None; the grid's and the command line's."""
    location = write_grid(
        tmp_path / "grid.py",
        '[{"config.regularizer.groups": (4,), "config.learning_rate.base": 1e-05, '
        '"config.data.data_dir": "a folder", "config.regularizer.on_skip": False, '
        '"config.regularizer.name": "dropout"}]',
    )
    module, _ = open_config(location)
    config = module.get_config()
    config.update_from_flattened_dict({"epochs": 2.5, "data.mean": (0.25,), "steps": 9})
    (trial,) = plan(location, config.lock(), tmp_path / "sweep")
    flags = parse(["train.py", *trial.arguments])
    assert flags.config.to_json() == trial.config.to_json()
    assert flags.config.regularizer.groups == (4,)
    assert flags.config.epochs == 2.5 and flags.config.steps == 9
    assert flags.workdir == str(trial.workdir)


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ('hyper.sweep("config.sed", [0])', r"run 1 of 1, sed=0: .*'sed'.*did you mean 'seed'"),
        ("[]", r"gives no run: one of its lists is empty"),
        (f'hyper.sweep("{KEEP_PROB}", [0.9, 1.5])',
         r"run 2 of 2, keep_prob=1\.5: config\.regularizer\.keep_prob must be in .*, got 1\.5"),
        (f'hyper.sweep("{KEEP_PROB}", [0.9, "high"])', r"run 2 of 2, .* cannot be 'high'"),
        ('hyper.sweep("config.seed", [0, 1, 0])', r"gives the run seed=0 twice"),
        ('hyper.sweep("seed", [0])', r"'seed' is not a field: fields are config\.NAME"),
        ('hyper.sweep("config.model.depth", [18, 19])',
         r"run 2 of 2, depth=19: config\.model\.depth must be one of 10, 18, 34, 50, 101, got 19"),
    ],
)  # fmt: skip
def test_a_bad_grid_is_refused_and_the_run_named(tmp_path, grid, message):
    with pytest.raises(ValueError, match=message):
        plan_of(tmp_path, grid)
    assert not (tmp_path / "sweep").exists()


def test_a_config_without_a_grid_says_so(tmp_path):
    (tmp_path / "none.py").write_text("def get_config():\n    pass\n")
    with pytest.raises(ValueError, match=r"has no get_hyper\(hyper\): nothing to sweep over"):
        plan(str(tmp_path / "none.py"), None, tmp_path)


def test_every_config_of_ours_has_a_grid_that_is_accepted(tmp_path):
    for name, runs in (
        ("digits:dropblock", 9), ("cifar10:dropblock", 12), ("imagenet_resnet50:dropblock", 12),
        ("digits_few:table1", 24), ("digits_few:figure3", 63), ("digits_few:figure4", 63),
        ("digits_few:networks", 9), ("cifar10_few:table1", 57), ("cifar10_few:figure3", 18),
        ("cifar10_few:figure4", 54), ("cifar10_few:networks", 9),
    ):  # fmt: skip
        file, _, variant = name.partition(":")
        location = f"configs/{file}.py:{variant}"
        module, arguments = open_config(location)
        config = module.get_config(*arguments).lock()
        assert len(plan(location, config, tmp_path)) == runs
