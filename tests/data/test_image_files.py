"""Image files in batches, in their order, whatever is among them."""

import numpy as np
import pytest

from data import find_files, image_batches, image_files
from tests.data import tiny


@pytest.fixture
def folder(tmp_path):
    for number in range(7):
        (tmp_path / f"{number}.png").write_bytes(tiny.encode(tiny.noise(number), "PNG"))
    (tmp_path / "3.png").write_bytes(b"none")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "a.png").write_bytes(b"")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.png").write_bytes(tiny.encode(tiny.noise(7), "PNG"))
    return tmp_path


def test_files_come_in_the_order_of_the_places_and_of_their_names(folder):
    found = find_files([f"{folder}/6.png", str(folder)])
    names = [*(f"{number}.png" for number in range(7)), "sub/a.png"]
    assert found == [f"{folder}/6.png", *(f"{folder}/{name}" for name in names)]
    with pytest.raises(FileNotFoundError, match="x' is not there"):
        find_files([f"{folder}/x"])


@pytest.mark.parametrize("threads", [0, 2])
def test_batches_hold_what_evaluation_would(folder, threads):
    files = find_files([str(folder)])
    batches = list(image_batches(tiny.config(None, threads=threads), files, batch_size=3))
    assert [list(batch.files) for batch in batches] == [files[:3], files[3:6], files[6:]]
    assert [batch.faults for batch in batches] == [{}, {0: "not an image (4 bytes)"}, {}]
    mask = np.concatenate([batch.arrays["mask"] for batch in batches])
    assert mask.tolist() == [True] * 3 + [False] + [True] * 4 + [False]
    images = np.concatenate([batch.arrays["image"] for batch in batches])
    for number in np.flatnonzero(mask):
        np.testing.assert_array_equal(images[number], tiny.noise(number))
    assert not images[~mask].any()


def test_what_cannot_be_read_is_a_fault_of_its_own(folder, monkeypatch):
    monkeypatch.setattr(image_files, "MAX_BYTES", 250)
    (folder / "0.png").unlink()
    files = [f"{folder}/0.png", f"{folder}/1.png", f"{folder}/3.png"]
    (batch,) = image_batches(tiny.config(None), files, batch_size=3)
    assert batch.faults[0] == "No such file or directory"
    assert batch.faults[1].endswith("bytes, at most 250 are allowed")
    assert batch.faults[2] == "not an image (4 bytes)"


def test_batches_that_nobody_takes_are_given_up(folder):
    batches = image_batches(tiny.config(None), find_files([str(folder)]), batch_size=1)
    next(batches)
    batches.close()
