"""Small sources to prepare data sets from, laid out as their authors offer them."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from data import open_source
from data.prepare.__main__ import main
from tests.data.tiny import encode, noise

WIDTH, HEIGHT = 12, 8


def jpeg(seed: int) -> bytes:
    return encode(noise(seed, HEIGHT, WIDTH))


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def tar(files: Mapping[str, bytes], mode: str = "w") -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode=mode) as writer:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            writer.addfile(info, io.BytesIO(content))
    return archive.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        for name, content in files.items():
            writer.writestr(name, content)
    return archive.getvalue()


def mask(seed: int, classes: int, void: bool = False) -> np.ndarray:
    labels = np.random.default_rng(seed).integers(0, classes, (HEIGHT, WIDTH), dtype=np.uint8)
    labels[0, 0] = 255 if void else 0
    return labels


def palette_png(labels: np.ndarray) -> bytes:
    image = Image.fromarray(labels)
    image.putpalette([value for colour in range(256) for value in (colour, 9, 255 - colour)])
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def sbd_mat(labels: np.ndarray) -> bytes:
    file = io.BytesIO()
    savemat(file, {"GTcls": {"Boundaries": np.zeros((20, 1)), "Segmentation": labels}})
    return file.getvalue()


def prepare(kind: str, source: Path, data_dir: Path, *flags: str) -> None:
    main([kind, f"--from={source}", f"--data_dir={data_dir}", *flags])


def refused(kind: str, source: Path, *flags: str) -> str:
    """The message of a source that is refused, after which nothing is left behind."""
    data_dir = source.parent / "refused"
    with pytest.raises(SystemExit) as error:
        prepare(kind, source, data_dir, *flags)
    message = str(error.value)
    assert message.startswith("error: ")
    assert not data_dir.exists() or not any(data_dir.iterdir())
    return message


def examples(data_dir: Path, name: str, split: str, key: str) -> dict:
    """The examples of a split by the value of one of their features."""
    found = {example[key]: example for example in open_source(name, split, data_dir)}
    assert len(found) == len(open_source(name, split, data_dir))
    return found
