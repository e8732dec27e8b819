"""Parts of a room, found by name: a part is one file and the class or function called like it."""

import ast
import difflib
import functools
import importlib
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def names(room: str) -> list[str]:
    """Lists the parts of a package: the files that define a class or function called like them.

    The files are read, not imported. What the parts build on is none of them: ``base.py``, and
    files with a leading underscore.

    Args:
      room: dotted name of the package, such as `models` or `data.preprocess`.
    """
    return sorted(path.stem for path in _files(room) if _has_part(path))


def find(room: str, name: str, what: str | None = None) -> Callable[..., Any]:
    """Finds the class or function that the file `name` of a package is there for.

    It is the one whose own name is `name` if case and underscores are ignored, so that the file
    `spatial_dropout.py` is there for `SpatialDropout`. Only that file is imported.

    Args:
      room: dotted name of the package.
      name: of the file, without `.py`.
      what: what messages call the name, such as `config.model.name`; by default the room.

    Raises:
      ValueError: no file has that name, or none of what it defines is called like it.
    """
    if any(path.stem == name and not _has_part(path) for path in _files(room)):
        raise ValueError(
            f"{room}/{name}.py must define a class or function called {name} "
            "(in any case, with or without underscores)."
        )
    one_of(what or room, name, names(room))
    module = importlib.import_module(f"{room}.{name}")
    return next(
        value
        for label, value in vars(module).items()
        if _plain(label) == _plain(name) and getattr(value, "__module__", None) == module.__name__
    )


def parameters(constructor: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The parameters that a class or function takes, without `self`."""
    if not inspect.isclass(constructor):
        return dict(inspect.signature(constructor).parameters)
    # Not the signature of the class: a metaclass may take anything and pass it on.
    init = constructor.__init__
    if init is object.__init__:
        return {}
    return dict(list(inspect.signature(init).parameters.items())[1:])


def one_of(what: str, name: object, allowed: Iterable[object]) -> None:
    """Refuses a name that is not allowed, and says which allowed one is nearest.

    Raises:
      ValueError: one line with the value and what is allowed.
    """
    options = [str(option) for option in allowed]
    if name not in options:
        raise ValueError(
            f"unknown {what} {name!r}: {hint(name, options)}allowed: {', '.join(options)}."
        )


def hint(name: object, allowed: Iterable[str]) -> str:
    """`did you mean 'NEAREST'? ` with a space after it; empty where no name is near."""
    near = difflib.get_close_matches(str(name), allowed, n=1)
    return f"did you mean {near[0]!r}? " if near else ""


def _files(room: str) -> list[Path]:
    package = importlib.import_module(room)
    found = (path for folder in package.__path__ for path in Path(folder).glob("*.py"))
    return [path for path in found if path.stem != "base" and not path.stem.startswith("_")]


@functools.cache
def _has_part(path: Path) -> bool:
    definitions = (ast.ClassDef, ast.FunctionDef)
    return any(
        isinstance(node, definitions) and _plain(node.name) == _plain(path.stem)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
    )


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
