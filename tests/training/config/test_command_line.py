"""How the scripts' command lines are read."""

import json

import pytest
from absl.flags import DEFINE_bool

from tests import tiny
from training.config import one_line_errors, parse, plain, write_config
from training.errors import Refused

CONFIG = f"--config={tiny.ROOT}/configs/digits.py"


def parsed(*arguments, **options):
    return parse(["train.py", *map(str, arguments)], **options)


def test_config_and_changes(tmp_path):
    arguments = parsed(f"{CONFIG}:baseline", f"--workdir={tmp_path}", "--config.seed=3")
    assert arguments.workdir == str(tmp_path)
    assert (arguments.config.seed, arguments.config.regularizer.name) == (3, "none")
    assert arguments.config.is_locked
    assert arguments.changes == {"seed": "3"}
    assert arguments.location.endswith("digits.py:baseline")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["--config.optimizer.nesterov=false"], False),
        (["--config.optimizer.nesterov", "false"], False),
        (["--noconfig.optimizer.nesterov"], False),
        (["--noconfig.optimizer.nesterov", "--config.optimizer.nesterov"], True),
        (["--config.optimizer.nesterov=false", "--config.seed=1"], False),
    ],
)
def test_the_ways_to_write_a_change(tmp_path, written, expected):
    config = parsed(CONFIG, f"--workdir={tmp_path}", *written).config
    assert config.optimizer.nesterov is expected


def test_the_last_one_wins(tmp_path):
    arguments = parsed(
        *(f"{CONFIG}:baseline", "--config", f"{tiny.ROOT}/configs/digits.py:dropout"),
        *(f"--workdir={tmp_path}", "--config.seed=1", "--config.seed=2"),
    )
    assert (arguments.config.seed, arguments.config.regularizer.name) == (2, "dropout")


def test_a_folder_of_the_user_is_expanded(monkeypatch):
    monkeypatch.setenv("HOME", "/somewhere")
    assert parsed(CONFIG, "--workdir=~/r1").workdir == "/somewhere/r1"


def test_flags_in_a_file(tmp_path):
    file = tmp_path / "flags"
    file.write_text(f"--workdir={tmp_path}\n--config.seed=5\n")
    arguments = parsed(CONFIG, f"--flagfile={file}")
    assert (arguments.workdir, arguments.config.seed) == (str(tmp_path), 5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([CONFIG, "--workdir=gs://bucket/run"], "--workdir=gs://bucket/run is an address"),
        ([CONFIG, "--workdir="], "--workdir is missing"),
        ([CONFIG], "--workdir is missing"),
        ([CONFIG, "--workdir=x", "--flagfile=/nowhere/flags"], "/nowhere/flags"),
        ([CONFIG, "--workdir=x", "stray"], "unexpected argument 'stray'"),
        ([CONFIG, "--workdr=x"], "workdr"),
        (["--config=/nowhere/none.py", "--workdir=x"], "there is no file '/nowhere/none.py'"),
        ([f"--config={tiny.ROOT}/train.py", "--workdir=x"], "has no function get_config"),
        ([f"--config={tiny.ROOT}/README.md", "--workdir=x"], "is not a Python file"),
        ([f"{CONFIG}:dropblok", "--workdir=x"], "did you mean 'dropblock'?"),
        (["--workdir=/nowhere/run"], "--config is missing"),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises((ValueError, OSError)) as caught:
        parsed(*arguments)
    assert message in str(caught.value)


def test_a_flag_may_stand_for_the_workdir():
    def define(values):
        DEFINE_bool("print_config", False, "", values)

    options = {"define": define, "instead_of_workdir": ["print_config"]}
    assert parsed(CONFIG, "--print_config", **options).print_config
    with pytest.raises(ValueError, match="--workdir is missing"):
        parsed(CONFIG, "--noprint_config", **options)


def test_the_workdirs_own_config(tmp_path):
    own = tiny.config(seed=4)
    write_config(tmp_path, own)
    arguments = parsed(f"--workdir={tmp_path}")
    assert plain(arguments.config) == plain(own) and arguments.location is None
    arguments = parsed(f"--workdir={tmp_path}", "--config.log_every=9", own_config=True)
    assert plain(arguments.config) == plain(own) | {"log_every": 9}


@pytest.mark.parametrize(
    "change",
    [
        "model.width=8",
        "model.name=amoebanet",
        "model={'width': 8}",
        "task.name=segmentation",
        "data.name=cifar10",
        "data.preprocess=cifar",
        "data={'name': 'cifar10'}",
        "task={'name': 'segmentation'}",
    ],
)
def test_the_network_of_a_run_stays(tmp_path, change):
    write_config(tmp_path, tiny.config())
    with pytest.raises(ValueError, match="makes the network that the run in --workdir has trained"):
        parsed(f"--workdir={tmp_path}", f"--config.{change}", own_config=True)


def test_a_run_has_one_config(tmp_path):
    write_config(tmp_path, tiny.config())
    with pytest.raises(ValueError, match="leave --config out"):
        parsed(CONFIG, f"--workdir={tmp_path}", own_config=True)
    with pytest.raises(FileNotFoundError, match="holds no run"):
        parsed(f"--workdir={tmp_path}/none", own_config=True)


def test_errors_are_one_line_and_a_code(capsys):
    with pytest.raises(SystemExit) as stop, one_line_errors():
        raise ValueError("several\nlines")
    assert stop.value.code == 2
    assert capsys.readouterr().err == "error: several lines\n"
    codes = []
    with one_line_errors(Refused, leave=codes.append):
        raise Refused("no")
    assert codes == [2]
    with pytest.raises(KeyError), one_line_errors():
        raise KeyError("a fault of the code has its traceback")


def test_print_config_shows_every_field_as_json():
    out, err = tiny.call("train.py", f"{CONFIG}:dropblock", "--print_config", "--config.seed=5")
    fields = json.loads(out)
    arguments = parsed(f"{CONFIG}:dropblock", "--workdir=x", "--config.seed=5")
    assert fields == plain(arguments.config) and fields["seed"] == 5
    for section, field in (
        *(("model", "frozen"), ("model", "momentum"), ("task", "aux_weight")),
        *(("optimizer", "nesterov"), ("regularizer", "schedule"), ("data", "max_bad_share")),
    ):
        assert field in fields[section]
    assert err == ""
