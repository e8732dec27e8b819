"""From a grid to runs, all of them checked first."""

import json

import pytest

from runfiles import CONFIG
from tests.sweeps.grids import plan_at, plan_of, write_grid
from training.config import parse, plain, write_config

KEEP_PROB = "config.regularizer.keep_prob"
SEEDS = 'hyper.sweep("config.seed", [0, 1])'
ONE = f'{{"{KEEP_PROB}": 0.8}}'
BOTH = f'hyper.product([{SEEDS}, hyper.sweep("{KEEP_PROB}", [0.8, 0.9])])'


def names(trials):
    return [trial.name for trial in trials]


def begin(trials, *steps):
    """Leaves what runs leave: their configs, and checkpoints of these steps."""
    for trial in trials:
        write_config(trial.workdir, trial.config)
        for step in steps:
            (trial.workdir / "checkpoints" / str(step)).mkdir(parents=True)


def test_runs_are_named_after_what_varies(tmp_path):
    trials = plan_of(
        tmp_path,
        f'hyper.product([hyper.sweep("{KEEP_PROB}", [0.8, 0.9]), hyper.fixed("config.seed", 7), '
        'hyper.sweep("config.regularizer.groups", [(4,), (3, 4)])])',
    )
    assert names(trials) == [
        "keep_prob=0.8,groups=4", "keep_prob=0.8,groups=3+4",
        "keep_prob=0.9,groups=4", "keep_prob=0.9,groups=3+4",
    ]  # fmt: skip
    assert trials[1].workdir == tmp_path / "sweep" / "keep_prob=0.8,groups=3+4"
    assert trials[1].changes == {
        "regularizer.keep_prob": 0.8, "seed": 7, "regularizer.groups": (3, 4),
    }  # fmt: skip
    assert not (tmp_path / "sweep").exists()


def test_train_gets_exactly_the_config_of_the_run(tmp_path):
    """Tuples, texts, numbers, a field that was None, the length; the grid's and the typed ones."""
    (trial,) = plan_of(
        tmp_path,
        '[{"config.regularizer.groups": (4,), "config.learning_rate.base": 1e-05, '
        '"config.data.data_dir": "a folder", "config.regularizer.on_skip": False, '
        '"config.regularizer.name": "dropout"}]',
        *("--config.epochs=2.5", "--config.data.mean=(0.25,)", "--config.init_from=runs/a"),
    )
    write_config(trial.workdir, trial.config)
    flags = parse(["train.py", f"--workdir={trial.workdir}"])
    assert plain(flags.config) == plain(trial.config)
    assert flags.config.regularizer.groups == (4,)
    assert flags.config.epochs == 2.5 and flags.config.steps is None


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        (f"(run for run in {SEEDS})", ["seed=0", "seed=1"]),
        ('{"config.seed": 3}', ["seed=3"]),
        (f"hyper.product(grid for grid in [{SEEDS}, {ONE}])", ["seed=0", "seed=1"]),
        (f"hyper.zipit(iter([iter({SEEDS}), {ONE}]))", ["seed=0", "seed=1"]),
        ('hyper.sweep("config.seed", np.arange(2))', ["seed=0", "seed=1"]),
        (f'hyper.sweep("{KEEP_PROB}", np.float32([0.8, 0.9]))', ["keep_prob=0.8", "keep_prob=0.9"]),
        ('hyper.sweep("config.regularizer.on_skip", np.array([True, False]))',
         ["on_skip=True", "on_skip=False"]),
        ('hyper.sweep("config.regularizer.groups", [np.array([3, 4]), [4], range(4, 5), 4][:2])',
         ["groups=3+4", "groups=4"]),
        ('hyper.sweep("config.data.data_dir", [None, "a/b", "a_b", "c d"])',
         ["data_dir=None", "data_dir=a_b-*", "data_dir=a_b-*", "data_dir=cd"]),
        ('hyper.sweep("config.regularizer", [{"name": "dropout"}, {"name": "dropblock", '
         '"block_size": 3}])', ["name=dropout", "name=dropblock,block_size=3"]),
        ('hyper.sweep("config.epochs", [1, 2.5])', ["epochs=1", "epochs=2.5"]),
        ('hyper.sweep("config.log_every", [1, 2])', ["log_every=1", "log_every=2"]),
    ],
)  # fmt: skip
def test_a_grid_is_whatever_says_runs(tmp_path, grid, expected):
    """Any iterable, or one run; values of NumPy's kinds, tuples, None and dicts of fields."""
    trials = plan_of(tmp_path, grid)
    found = [name if "-" not in name else f"{name.partition('-')[0]}-*" for name in names(trials)]
    assert found == expected
    assert len(set(names(trials))) == len(trials)
    for trial in trials:
        json.dumps(trial.changes)
        for field, value in trial.changes.items():
            own = trial.config
            for name in field.split("."):
                own = own[name]
            assert own == value


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ('hyper.sweep("config.sed", [0])', r"run 1 of 1, sed=0: .*'sed'.*did you mean 'seed'"),
        ("[]", r"gives no run: one of its lists is empty"),
        ("None", r"returns nothing: it must return the grid"),
        ("3", r"a grid is a list of dicts, one a run, .*; got 3 for a run"),
        ('["config.seed"]', r"got 'config\.seed' for a run"),
        ('hyper.product([hyper.sweep("config.seed", [0]), [1]])', r"got 1 for a run"),
        ('hyper.sweep("config.seed", 3)', r"takes a list of values, got 3"),
        ('hyper.sweep("config.model.name", "resnet")', r"takes a list of values, got 'resnet'"),
        (f'hyper.sweep("{KEEP_PROB}", [0.9, 1.5])',
         r"run 2 of 2, keep_prob=1\.5: config\.regularizer\.keep_prob must be in .*, got 1\.5"),
        (f'hyper.sweep("{KEEP_PROB}", [0.9, float("nan")])', r"run 2 of 2, .* got nan"),
        (f'hyper.sweep("{KEEP_PROB}", [0.9, "high"])', r"run 2 of 2, .* must be a number, got 'hi"),
        (f'hyper.sweep("{KEEP_PROB}", [0.9, object()])', r"run 2 of 2, .* must be a number"),
        ('hyper.sweep("config.seed", [0, 1, 0])', r"gives the run seed=0 twice"),
        ('hyper.sweep("config.regularizer.groups", [4, (4,)])', r"the run groups=4-\w+ twice"),
        (f'[{{"config.regularizer": {{"keep_prob": 0.8}}, "{KEEP_PROB}": 0.9}}]',
         r"sets config\.regularizer\.keep_prob twice in one run"),
        ('hyper.sweep("seed", [0])', r"'seed' is not a field: fields are config\.NAME"),
        ("[{3: 4}]", r"3 is not a field: fields are config\.NAME"),
        ('hyper.sweep("config.model", [{"depth": 18}, {"dept": 18}])', r"run 2 of 2, dept=18: "),
    ],
)  # fmt: skip
def test_a_bad_grid_is_refused_and_the_run_named(tmp_path, grid, message):
    with pytest.raises(ValueError, match=message):
        plan_of(tmp_path, grid)
    assert not (tmp_path / "sweep").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"has no get_hyper\(hyper\): nothing to sweep over"),
        ("get_hyper = 3", r"has no get_hyper"),
        ("def get_hyper(): return []", r"takes no argument: write get_hyper\(hyper\)"),
    ],
)
def test_a_config_without_a_grid_says_so(tmp_path, text, message):
    location = write_grid(tmp_path / "none.py", "None")
    kept = (tmp_path / "none.py").read_text().partition("def get_hyper")[0]
    (tmp_path / "none.py").write_text(f"{kept}\n{text}\n")
    with pytest.raises(ValueError, match=message):
        plan_at(location, tmp_path / "sweep")


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("seed", "--config.seed=7"),
        ("regularizer.keep_prob", "--config.regularizer={'keep_prob':0.7}"),
        ("steps", "--config.epochs=2"),
        ("epochs", "--config.steps=3"),
        ("learning_rate.warmup_steps", "--config.learning_rate.warmup_epochs=1"),
    ],
)
def test_what_the_grid_and_the_command_line_both_set_is_said(tmp_path, field, typed):
    message = rf"sets config\.{field}, which the command line sets too"
    with pytest.raises(ValueError, match=message):
        plan_of(tmp_path, f'hyper.sweep("config.{field}", [1])', typed)


def test_names_that_are_too_long_are_cut_and_stay_apart(tmp_path):
    long = "x" * 300
    grid = f'hyper.sweep("config.data.data_dir", ["{long}1", "{long}2", "\\u00e9" * 150])'
    trials = plan_of(tmp_path, grid)
    assert len({*names(trials)}) == 3
    begin(trials)
    assert names(plan_of(tmp_path, grid)) == names(trials)
    assert all(len(name.encode()) <= 200 for name in names(trials))


def test_a_grid_with_another_field_finds_the_runs_it_has(tmp_path):
    """Also what was typed before and is swept now, and folders that somebody renamed."""
    first = plan_of(tmp_path, SEEDS, "--config.regularizer.keep_prob=0.8")
    begin(first)
    first[1].workdir.rename(tmp_path / "sweep" / "mine")
    found = plan_of(tmp_path, BOTH)
    assert names(found) == ["seed=0", "seed=0,keep_prob=0.9", "mine", "seed=1,keep_prob=0.9"]
    assert found[2].workdir == tmp_path / "sweep" / "mine"


def test_of_two_folders_with_one_run_the_one_that_is_further_counts(tmp_path):
    (trial,) = plan_of(tmp_path, '{"config.seed": 3}')
    begin([trial], 2)
    copy = tmp_path / "sweep" / "copy"
    (copy / "checkpoints" / "4").mkdir(parents=True)
    (copy / CONFIG).write_bytes((trial.workdir / CONFIG).read_bytes())
    (found,) = plan_of(tmp_path, '{"config.seed": 3}')
    assert (found.workdir, found.copies) == (copy, [trial.workdir])


def test_runs_that_compute_the_same_keep_their_own_folders(tmp_path):
    """Swept for its speed alone: nothing but the name tells such runs apart."""
    grid = 'hyper.sweep("config.data.threads", [1, 2])'
    begin(plan_of(tmp_path, grid))
    assert names(plan_of(tmp_path, grid)) == ["threads=1", "threads=2"]
    assert not any(trial.copies for trial in plan_of(tmp_path, grid))


def test_strangers_in_the_folder_are_left_alone(tmp_path):
    for name, text in (("a", "no JSON"), ("b", "{}"), ("c", '{"config": {"sed": 1}}')):
        (tmp_path / "sweep" / name).mkdir(parents=True)
        (tmp_path / "sweep" / name / CONFIG).write_text(text)
    assert names(plan_of(tmp_path, SEEDS)) == ["seed=0", "seed=1"]
    (tmp_path / "sweep" / "a").rename(tmp_path / "sweep" / "seed=1")
    with pytest.raises(ValueError, match=r"run 2 of 2, seed=1: .*cannot be read"):
        plan_of(tmp_path, SEEDS)


def test_the_folder_of_a_single_run_is_no_place_for_a_sweep(tmp_path):
    (trial,) = plan_of(tmp_path, '{"config.seed": 3}')
    begin([trial])
    with pytest.raises(ValueError, match=r"is the folder of a single run"):
        plan_at(str(tmp_path / "grid.py"), trial.workdir)
    with pytest.raises(ValueError, match=r"--config is missing"):
        parse(["sweep.py", f"--workdir={tmp_path / 'sweep'}"])
    with pytest.raises(ValueError, match=r"--workdir is missing"):
        parse(["sweep.py", f"--config={tmp_path / 'grid.py'}", "--workdir="])


def test_every_config_of_ours_has_a_grid_that_is_accepted(tmp_path):
    for name, runs in (
        ("digits:dropblock", 9), ("cifar10:dropblock", 12), ("imagenet_resnet50:dropblock", 12),
        ("digits_few:table1", 24), ("digits_few:figure3", 63), ("digits_few:figure4", 63),
        ("digits_few:networks", 9), ("cifar10_few:table1", 57), ("cifar10_few:figure3", 18),
        ("cifar10_few:figure4", 54), ("cifar10_few:networks", 9),
    ):  # fmt: skip
        file, _, variant = name.partition(":")
        assert len(plan_at(f"configs/{file}.py:{variant}", tmp_path)) == runs
