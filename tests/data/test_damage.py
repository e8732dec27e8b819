"""Files of a data set that are cut, emptied, overwritten or gone: one line that names the file."""

import pytest

import data
from tests.data.tiny import config, numbered, write_tiny

DAMAGES = {
    "cut by a byte": lambda whole: whole[:-1],
    "cut in half": lambda whole: whole[: len(whole) // 2],
    "emptied": lambda whole: b"",
    "zeros": lambda whole: bytes(len(whole)),
    "a byte too much": lambda whole: whole + b"x",
    "text": lambda whole: b"version https://git-lfs.github.com/spec/v1\n",
    "gone": None,
}
READERS = {
    "open_source": lambda settings: data.open_source("tiny", "train", settings.data_dir),
    "describe": data.describe,
    "train_batches": lambda settings: data.train_batches(settings, seed=0, batch_size=2),
}


@pytest.fixture
def tiny(tmp_path):
    return write_tiny(tmp_path, train=numbered(100), test=numbered(3))


def damage(file, how):
    if how is None:
        file.unlink()
    else:
        file.write_bytes(how(file.read_bytes()))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("how", DAMAGES)
def test_the_file_is_named_before_the_first_batch(tiny, how, reader):
    """Half of this file is 64 kB, of which array_record would give the first example 100 times."""
    (file,) = (tiny / "tiny/1.0.0").glob("*train.array_record*")
    damage(file, DAMAGES[how])
    with pytest.raises(data.DataError) as error:
        READERS[reader](config(tiny))
    assert str(file) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("few_files", [0, 8])
@pytest.mark.parametrize("threads", [0, 2])
def test_damage_inside_is_named_when_it_is_met(tmp_path, few_files, threads, monkeypatch):
    """The last example is whole, and so is the list of where the examples are."""
    monkeypatch.setattr("data.source.KEPT", 0)
    monkeypatch.setattr("data.source.FEW_FILES", few_files)
    write_tiny(tmp_path, train=numbered(100), test=numbered(3))
    (file,) = (tmp_path / "tiny/1.0.0").glob("*train.array_record*")
    content = bytearray(file.read_bytes())
    content[1000] ^= 255
    file.write_bytes(content)
    with (
        pytest.raises(
            data.DataError, match=r"train\.array_record.* is damaged or gone \("
        ) as error,
        data.train_batches(config(tmp_path, threads=threads), seed=0, batch_size=100) as batches,
    ):
        next(batches)
    assert "\n" not in str(error.value)


def test_one_of_many_files_is_named(tmp_path, monkeypatch):
    """A split of two files, of which the second is cut; a part of the first alone can be read."""
    write_tiny(tmp_path, train=numbered(100), test=numbered(100))
    (file,) = (tmp_path / "tiny/1.0.0").glob("*test.array_record*")
    damage(file, DAMAGES["cut by a byte"])
    for split in ("train+test", "test+train", "train[:5]+test[5:6]"):
        with pytest.raises(data.DataError) as error:
            data.open_source("tiny", split, tmp_path)
        assert str(file) in str(error.value)
    assert len(data.open_source("tiny", "train", tmp_path)) == 100


@pytest.mark.parametrize("name", ["dataset_info.json", "features.json"])
@pytest.mark.parametrize("how", ["cut in half", "emptied", "text", "gone"])
def test_a_damaged_description_is_told_apart_from_a_missing_set(tmp_path, name, how):
    write_tiny(tmp_path, train=numbered(2), test=numbered(2))
    damage(tmp_path / "tiny/1.0.0" / name, DAMAGES[how])
    with pytest.raises((data.DataError, FileNotFoundError)) as error:
        data.describe(config(tmp_path))
    message = str(error.value)
    assert str(tmp_path) in message and "\n" not in message
    # Without its features TFDS does not take the folder for a data set.
    assert (how, name) == ("gone", "features.json") or f"{name}" in message
