"""Parts of a room made for the test: found by name, refused in one line."""

import sys
from dataclasses import dataclass

import pytest

import registry


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A package `toy_room` with a few files."""
    folder = tmp_path / "toy_room"
    folder.mkdir()
    for name, text in {
        "__init__": "",
        "base": "class Base: pass",
        "_private": "class Private: pass",
        "spatial_dropout": (
            "from toy_room.shout import shout\nclass Helper: pass\n"
            "class SpatialDropout:\n  def __init__(self, rate, *, axes=(1, 2)): pass"
        ),
        "shout": "def shout(text): return text.upper()",
        "imports_its_name": "from collections import OrderedDict as ImportsItsName",
    }.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "folder").mkdir()
    (folder / "folder/__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    yield "toy_room"
    for name in [name for name in sys.modules if name.split(".")[0] == "toy_room"]:
        del sys.modules[name]


def test_the_files_that_define_what_they_are_called_like_are_the_names(room):
    assert registry.names(room) == ["shout", "spatial_dropout"]


def test_a_part_is_what_is_called_like_its_file(room):
    assert registry.find(room, "spatial_dropout").__name__ == "SpatialDropout"
    assert registry.find(room, "shout")("a") == "A"


def test_only_the_file_asked_for_is_imported(room):
    registry.find(room, "shout")
    assert "toy_room.shout" in sys.modules and "toy_room.spatial_dropout" not in sys.modules


@pytest.mark.parametrize(
    "name", ["base", "_private", "__init__", "folder", "", None, "a.b", "../a"]
)
def test_what_is_no_part_is_refused(room, name):
    with pytest.raises(ValueError, match="allowed: shout, spatial_dropout") as e:
        registry.find(room, name, "config.toy.name")
    assert f"unknown config.toy.name {name!r}" in str(e.value) and "\n" not in str(e.value)


def test_the_nearest_name_is_suggested(room):
    with pytest.raises(ValueError, match=r"unknown toy_room 'shuot': did you mean 'shout'\? all"):
        registry.find(room, "shuot")


def test_a_file_without_its_part_says_what_is_missing(room):
    with pytest.raises(ValueError, match=r"toy_room/imports_its_name\.py must define a class"):
        registry.find(room, "imports_its_name")


def test_parameters_are_those_of_the_constructor(room):
    parameters = registry.parameters(registry.find(room, "spatial_dropout"))
    assert list(parameters) == ["rate", "axes"] and parameters["axes"].default == (1, 2)
    assert list(registry.parameters(registry.find(room, "shout"))) == ["text"]


def test_parameters_of_other_classes():
    @dataclass
    class Point:
        x: int
        y: int = 0

    class Anything(type):
        def __call__(cls, *args, **kwargs):
            return super().__call__(*args, **kwargs)

    class Odd(metaclass=Anything):
        def __init__(self, depth=18):
            self.depth = depth

    class Empty:
        pass

    assert list(registry.parameters(Point)) == ["x", "y"]
    assert list(registry.parameters(Odd)) == ["depth"]
    assert registry.parameters(Empty) == {}


def test_one_of():
    registry.one_of("letter", "a", "ab")
    with pytest.raises(ValueError, match=r"^unknown letter 'c': allowed: a, b\.$"):
        registry.one_of("letter", "c", "ab")
