import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from data.decode import decode
from data.source import open_source
from tests.data.tiny import numbered, write_tiny

ROOT = Path(__file__).parents[2]
CACHE = "cache/dropblock-jax/tfds"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("tfds"), train=numbered(20), test=numbered(6))


@pytest.fixture
def no_directories(tmp_path, monkeypatch):
    """Nothing outside `tmp_path` is read or written."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.parametrize("name", ["tiny", "tiny:1.0.0", "tiny:1.*.*"])
def test_examples_come_undecoded(tiny, name, monkeypatch):
    source = open_source(name, "train", tiny)
    assert len(source) == 20 and source.features["label"].num_classes == 1000
    expected = {name.encode(): (image, label) for name, image, label in numbered(20)}
    for i in range(20):
        example = source[i]
        assert expected.pop(example["file_name"]) == (example["image"], example["label"])
    assert not expected
    for few_files in (0, 8):  # both ways of reading
        monkeypatch.setattr("data.source.FEW_FILES", few_files)
        assert source.read([3, 1, 3]) == [source[3], source[1], source[3]]


def test_parts_of_a_split(tiny):
    whole = [e["label"] for e in open_source("tiny", "train", tiny)]
    head = [e["label"] for e in open_source("tiny", "train[:90%]", tiny)]
    tail = [e["label"] for e in open_source("tiny", "train[90%:]", tiny)]
    assert head == whole[:18] and tail == whole[18:]


@pytest.mark.parametrize(
    "split", ["trian", "validation", "train[", "train[:300%]", "", "train[:0]"]
)
def test_a_bad_split_names_the_good_ones(tiny, split):
    with pytest.raises(ValueError, match=r"\['train', 'test'\]|\['test', 'train'\]") as error:
        open_source("tiny", split, tiny)
    assert repr(split) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["cifar10", "tiny:2.0.0", "nothing_like_it"])
def test_a_missing_data_set_says_how_to_prepare_it(tiny, name):
    with pytest.raises(FileNotFoundError) as error:
        open_source(name, "train", tiny)
    message = str(error.value)
    assert repr(name) in message and str(tiny) in message and "\n" not in message
    kind = "cifar10" if name == "cifar10" else f"KIND --name={name.partition(':')[0]}"
    assert f"python -m data.prepare {kind} --from=DIR --data_dir={tiny}" in message


def test_another_file_format_is_refused(tiny, tmp_path):
    shutil.copytree(tiny, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "tiny/1.0.0/dataset_info.json"
    info = json.loads(path.read_text())
    info["fileFormat"] = "tfrecord"
    path.write_text(json.dumps(info))
    with pytest.raises(
        ValueError, match=r"tfrecord.*python -m data\.prepare KIND --name=tiny"
    ) as error:
        open_source("tiny", "train", tmp_path)
    assert "\n" not in str(error.value)


def test_digits_are_all_there_and_written_once(no_directories, capfd):
    from sklearn.datasets import load_digits

    found = {}
    for split, count in [("train", 1437), ("test", 360)]:
        source = open_source("digits", split)
        assert len(source) == count and source.features["image"].shape == (8, 8, 1)
        assert source.features["label"].names == list("0123456789")
        for example in source:
            index = int(example["id"].decode().removeprefix("digit_"))
            found[index] = decode(example["image"], channels=1), example["label"]
    digits = load_digits()
    assert sorted(found) == list(range(1797))
    for index, (image, label) in found.items():
        assert label == digits.target[index]
        assert abs(image[:, :, 0] / 255 * 16 - digits.images[index]).max() < 0.05
    assert [path.name for path in (no_directories / CACHE).iterdir()] == ["digits"]
    assert not (no_directories / "tfds").exists()
    assert capfd.readouterr() == ("", "")


def test_digits_go_to_the_data_directory_where_the_cache_cannot_be_written(no_directories):
    (no_directories / "cache").write_text("a file, not a directory")
    assert len(open_source("digits", "test")) == 360
    assert (no_directories / "tfds/digits/1.0.0").is_dir()


def test_processes_that_prepare_the_digits_at_once_all_read_them(no_directories):
    command = "from data.source import open_source; print(len(open_source('digits', 'train')))"
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", command], cwd=ROOT, env=environment, stdout=subprocess.PIPE
        )
        for _ in range(3)
    ]
    assert [process.communicate()[0].decode().strip() for process in processes] == ["1437"] * 3
    assert [path.name for path in (no_directories / CACHE / "digits").iterdir()] == ["1.0.0"]


def test_reading_imports_neither_tensorflow_nor_sklearn(tiny):
    command = (
        "import sys, data; data.open_source('tiny', 'train', sys.argv[1])[0]; "
        "print([name for name in ('tensorflow', 'sklearn') if name in sys.modules])"
    )
    output = subprocess.run(
        [sys.executable, "-c", command, str(tiny)], cwd=ROOT, capture_output=True, check=True
    )
    assert output.stdout.decode().strip() == "[]"
