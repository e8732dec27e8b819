"""Rooms import only rooms before them, by public names, as docs/structure.md says."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Rooms that may not import each other stand in one group; each may import those of the groups
#: before it. registry.py is before them all.
ORDER = [
    {"dropblock", "runfiles", "metrics", "data"},
    {"regularizers"},
    {"models"},
    {"tasks"},
    {"training"},
    {"probes", "inference"},
    {"sweeps"},
]
BEFORE = {
    room: {"registry"}.union(*ORDER[:index]) for index, group in enumerate(ORDER) for room in group
}
#: The library stands alone. Configs are values, which training completes. Figures need the files
#: of runs alone.
ALLOWED = BEFORE | {
    "dropblock": set(),
    "runfiles": set(),
    "configs": set(),
    "training": BEFORE["training"] | {"configs"},
    "analysis": {"registry", "runfiles"},
}
SCRIPTS = ["train.py", "eval.py", "predict.py", "sweep.py"]
OURS = {*ALLOWED, "registry", *(Path(script).stem for script in SCRIPTS)}
#: Packages of others that a room is kept to; those of the other rooms are free.
PACKAGES = {
    "dropblock": {"jax", "optax", "numpy"},  # numpy is a part of jax
    "runfiles": set(),
    "configs": {"ml_collections"},
    "data": {"numpy", "tensorflow_datasets", "grain", "simplejpeg", "PIL", "cykooz_resizer",
             "sklearn", "scipy", "etils", "array_record", "tqdm"},
    "analysis": {"numpy", "matplotlib"},
}  # fmt: skip


def files(room):
    found = sorted((ROOT / room).rglob("*.py"))
    assert found, room
    return found


def imported(path):
    """(module, name or None) of all imports of a file, at any depth of its code."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None, alias.asname) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from ((node.module, alias.name, alias.asname) for alias in node.names)


def rooms_of(path):
    return {module.split(".")[0] for module, _, _ in imported(path)}


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_only_rooms_before_it(room):
    for path in files(room):
        assert rooms_of(path) & OURS <= ALLOWED[room] | {room}, path


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_uses_no_private_name_of_another(room):
    for path in files(room):
        aliases = set()
        for module, name, alias in imported(path):
            if module.split(".")[0] in OURS - {room}:
                parts = [*module.split("."), name or ""]
                assert not any(part.startswith("_") for part in parts), (path, parts)
                aliases.add(alias or name or module.split(".")[0])
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                is_private = node.attr.startswith("_") and not node.attr.startswith("__")
                assert not (is_private and node.value.id in aliases), (path, node.attr)


@pytest.mark.parametrize("room", PACKAGES)
def test_a_room_keeps_to_its_packages(room):
    for path in files(room):
        allowed = PACKAGES[room] | ({"flax"} if path.stem in ("nnx", "linen") else set())
        assert rooms_of(path) - sys.stdlib_module_names - OURS <= allowed, path


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_short(script):
    assert len((ROOT / script).read_text().splitlines()) < 100


@pytest.mark.parametrize("room", sorted([*ALLOWED, "."]))
def test_files_of_a_run_are_read_without_running_code(room):
    """No pickle, which runs what it reads; NumPy refuses pickled arrays by itself."""
    forbidden = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal"}
    for path in files(room) if room != "." else sorted(ROOT.glob("*.py")):
        assert not rooms_of(path) & forbidden
        assert "allow_pickle" not in path.read_text(), path


def test_the_loop_knows_no_task():
    """A new task edits nothing of the training: its metrics are named by itself alone."""
    for path in [*files("training"), ROOT / "train.py", ROOT / "analysis/curves.py"]:
        assert "accuracy" not in path.read_text(), path


def test_public_names():
    import dropblock

    assert {
        *("block_mask", "constant_keep_prob", "drop_path", "dropblock", "dropout", "exact_gamma"),
        *("gamma", "group_keep_prob", "linear_keep_prob", "spatial_dropout"),
        *("Mask", "apply_mask", "draw_dropout_mask", "draw_mask"),
    } == set(dropblock.__all__)
