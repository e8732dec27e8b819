"""Rooms import only rooms above them, as README's map says."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: room -> the rooms it may import besides itself
ALLOWED = {
    "dropblock": set(),
    "models": {"dropblock"},
    "data": {"dropblock"},
    "metrics": {"dropblock"},
    "tasks": {"dropblock", "models", "data", "metrics"},
    "training": {"dropblock", "models", "data", "metrics", "tasks"},
    "sweeps": {"dropblock", "models", "data", "metrics", "tasks", "training"},
    "analysis": set(),
    "configs": set(),
}
SCRIPTS = ["train.py", "eval.py", "sweep.py"]
#: third-party packages that a room is kept to; the others are free
PACKAGES = {
    "dropblock": {"jax", "optax", "numpy"},  # numpy is a part of jax
    "configs": {"ml_collections"},
    "data": {"numpy", "ml_collections", "tensorflow_datasets", "grain", "simplejpeg", "PIL",
             "cykooz_resizer", "sklearn", "absl", "etils"},
    "analysis": {"numpy", "matplotlib"},
}  # fmt: skip


def imports(path: Path) -> set[str]:
    """Top-level names of all modules that a file imports, at any depth of its code."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("room", ALLOWED)
def test_room_imports_only_what_is_above_it(room):
    files = sorted((ROOT / room).glob("**/*.py"))
    assert files
    for path in files:
        ours = imports(path) & (set(ALLOWED) | {Path(script).stem for script in SCRIPTS})
        assert ours <= ALLOWED[room] | {room}, path


@pytest.mark.parametrize("room", PACKAGES)
def test_room_keeps_to_its_packages(room):
    for path in sorted((ROOT / room).glob("**/*.py")):
        others = imports(path) - sys.stdlib_module_names - set(ALLOWED)
        allowed = PACKAGES[room] | ({"flax"} if path.stem in ("nnx", "linen") else set())
        assert others <= allowed, path


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_short(script):
    assert len((ROOT / script).read_text().splitlines()) < 100


@pytest.mark.parametrize("room", ["training", "analysis", "data", "."])
def test_files_of_a_run_are_read_without_running_code(room):
    """No pickle, which runs what it reads; NumPy refuses pickled arrays by itself."""
    for path in sorted((ROOT / room).glob("*.py")):
        assert not imports(path) & {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal"}
        assert "allow_pickle" not in path.read_text(), path


def test_public_names():
    import dropblock

    assert sorted(dropblock.__all__) == [
        *("block_mask", "constant_keep_prob", "drop_path", "dropblock", "dropout", "exact_gamma"),
        *("gamma", "group_keep_prob", "linear_keep_prob", "spatial_dropout"),
    ]
