"""The command line, and what holds for all sources."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tensorflow_datasets.core.utils.shard_utils import ShardConfig

import data
from data.prepare.__main__ import main
from tests.data.prepare.sources import jpeg, prepare, refused, write_files
from tests.data.tiny import encode, noise

ROOT = Path(__file__).parents[3]


@pytest.fixture
def source(tmp_path):
    write_files(tmp_path / "from", {f"{i % 2}/{i}.jpg": jpeg(i) for i in range(30)})
    return tmp_path / "from"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "error: the following arguments are required: NAME"),
        (["foldr"], "error: argument NAME: invalid choice: 'foldr' (choose from"),
        (["folder", "--name=a"], "error: the following arguments are required: --from"),
        (["folder", "--from=."], "error: the following arguments are required: --name"),
        (["folder", "--from=.", "--name=a", "--split=x"], "--split: invalid float value: 'x'"),
        (["folder", "--from=.", "--name=a", "--sp=0.5"], "unrecognized arguments: --sp=0.5"),
        (["folder", "--from=none", "--name=a"], "error: --from=none is no folder"),
    ],
)
def test_one_line(arguments, message):
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_help_lists_all(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = capsys.readouterr().out
    for name in ("coco", "coco_json", "folder", "masks", "voc_xml", "voc2012_segmentation"):
        assert f"\n    {name} " in listed or f"\n    {name}\n" in listed


def test_what_exists_is_not_written_over(source, tmp_path):
    prepare("folder", source, tmp_path / "out", "--name=pets")
    before = {path: path.stat() for path in (tmp_path / "out").rglob("*")}
    with pytest.raises(SystemExit, match=r"out/pets/1\.0\.0 exists already"):
        prepare("folder", source, tmp_path / "out", "--name=pets")
    assert {path: path.stat() for path in (tmp_path / "out").rglob("*")} == before


def test_the_same_source_gives_the_same_bytes(source, tmp_path):
    contents = []
    for name in ("one", "two"):
        prepare("folder", source, tmp_path / name, "--name=pets")
        files = sorted((tmp_path / name).rglob("*.*"))
        contents.append([(file.name, file.read_bytes()) for file in files if file.is_file()])
    assert contents[0] == contents[1] and len(contents[0]) == 6


def test_without_a_place_to_write(source):
    blocker = source.parent / "file"
    blocker.write_text("")
    with pytest.raises(SystemExit, match=r"error: .*file"):
        prepare("folder", source, blocker, "--name=pets")


def test_a_full_disk(tmp_path):
    write_files(
        tmp_path / "from", {f"{i % 2}/{i}.jpg": encode(noise(i, 90, 90)) for i in range(40)}
    )
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))  # of a file
    try:
        message = refused("folder", tmp_path / "from", "--name=pets")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert ".array_record-00000-of-00001 cannot be written: " in message
    assert "\n" not in message


def test_large_splits_have_several_files(source, tmp_path, monkeypatch):
    monkeypatch.setattr(ShardConfig, "min_shard_size", 2000)
    prepare("folder", source, tmp_path / "out", "--name=pets")
    files = sorted(path.name for path in (tmp_path / "out/pets/1.0.0").glob("pets-train*"))
    assert files[0].endswith("-00000-of-00008") and len(files) == 8
    found = [data.open_source("pets", split, tmp_path / "out") for split in ("train", "validation")]
    assert sum(map(len, found)) == 30
    assert len({example["file_name"] for split in found for example in split}) == 30


def test_an_interrupted_run_leaves_nothing(tmp_path):
    data_dir = tmp_path / "out"
    write_files(tmp_path / "from", {"a/0.jpg": encode(noise(0, 600, 600)), "b/0.jpg": jpeg(0)})
    for i in range(1, 2000):
        os.link(tmp_path / "from/a/0.jpg", tmp_path / f"from/a/{i}.jpg")
    command = ["folder", f"--from={tmp_path}/from", f"--data_dir={data_dir}", "--name=pets"]
    process = subprocess.Popen([sys.executable, "-m", "data.prepare", *command], cwd=ROOT)
    while not list(data_dir.rglob("*array_record*")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 128 + signal.SIGTERM
    assert list(data_dir.iterdir()) == []
