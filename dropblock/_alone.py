"""Refuses to be where PyTorch's package of the same import name is, in one folder with it."""

from pathlib import Path


def check(folder: Path = Path(__file__).parent) -> None:
    """Looks for the other package's modules beside this one's.

    Where that package was installed last, its ``__init__.py`` is the one that Python finds: then
    this is reached by ``dropblock.nnx`` and ``dropblock.linen`` alone.

    Raises:
      ImportError: they are there, so that either package has lost some of its files.
    """
    if (folder / "dropblock.py").exists():
        raise ImportError(
            "dropblock-jax and PyTorch's package dropblock are both installed, in one folder "
            f"({folder}), where the files of one have overwritten the other's. Keep one of them: "
            "pip uninstall --yes dropblock dropblock-jax, then install the one that you want."
        )
