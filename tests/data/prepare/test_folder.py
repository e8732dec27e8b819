"""Images with a class each, from folders or a CSV."""

import os

import pytest

import data
from tests.data.prepare.sources import examples, jpeg, prepare, refused, write_files


def classes(count=20, names=("cat", "dög it's"), folder=""):
    return {
        f"{folder}{name}/{i}.jpg": jpeg(1000 * j + i)
        for j, name in enumerate(names)
        for i in range(count)
    }


def read(data_dir, split):
    found = examples(data_dir, "pets", split, "file_name")
    return {name.decode(): example for name, example in found.items()}


def test_folders_are_classes_and_names_decide_the_split(tmp_path, capsys):
    files = classes()
    write_files(tmp_path / "from", files)
    write_files(tmp_path / "from", {"notes.txt": b"", "cat/.hidden.jpg": b"", "alone.jpg": jpeg(0)})
    prepare("folder", tmp_path / "from", tmp_path / "out", "--name=pets", "--split=0.75")
    train, validation = read(tmp_path / "out", "train"), read(tmp_path / "out", "validation")
    assert not train.keys() & validation.keys() and {**train, **validation}.keys() == files.keys()
    assert 20 < len(train) < 38
    for name, example in {**train, **validation}.items():
        assert example["image"] == files[name]
        assert example["label"] == (not name.startswith("cat"))
    source = data.open_source("pets", "train", tmp_path / "out")
    assert source.features["label"].names == ["cat", "dög it's"]
    printed = capsys.readouterr().out
    assert "not used    files: alone.jpg, notes.txt" in printed and ".hidden" not in printed
    # More images, and the old ones stay where they are.
    write_files(tmp_path / "from", classes(30))
    prepare("folder", tmp_path / "from", tmp_path / "more", "--name=pets", "--split=0.75")
    assert train.keys() < read(tmp_path / "more", "train").keys()


def test_ready_made_splits_stay(tmp_path, capsys):
    write_files(tmp_path / "from", classes(2, folder="train/") | classes(3, folder="Val/"))
    prepare("folder", tmp_path / "from", tmp_path / "out", "--name=pets")
    assert read(tmp_path / "out", "train").keys() == classes(2, folder="train/").keys()
    assert read(tmp_path / "out", "validation").keys() == classes(3, folder="Val/").keys()
    # The same images in both: said, and kept.
    assert "warning     images that two splits share: Val/" in (
        capsys.readouterr().out.replace("train/cat/0.jpg (train) = ", "")
    )


def test_a_class_may_be_called_train(tmp_path):
    write_files(tmp_path / "from", classes(names=("train", "car")))
    prepare("folder", tmp_path / "from", tmp_path / "out", "--name=pets")
    source = data.open_source("pets", "train", tmp_path / "out")
    assert source.features["label"].names == ["car", "train"] and len(source) > 30


def test_csv(tmp_path, capsys):
    files = {f"images/{i}, a.jpg": jpeg(i) for i in range(20)}
    rows = "".join(f'"images/{i}, a.jpg",{"odd" if i % 2 else "even"}\r\n' for i in range(20))
    write_files(tmp_path / "from", files | {"labels.csv": ("\ufefffile,label\r\n" + rows).encode()})
    prepare("folder", tmp_path / "from", tmp_path / "out", "--name=pets", "--split=0.5")
    found = read(tmp_path / "out", "train") | read(tmp_path / "out", "validation")
    assert {name: example["image"] for name, example in found.items()} == files
    assert all(found[f"images/{i}, a.jpg"]["label"] == i % 2 for i in range(20))
    assert "not used" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n", "labels.csv: the first line must be 'file,label', got 'a,b'"),
        (
            "file,label\ncat/0.jpg,cat\nno.jpg,cat\n",
            "labels.csv, line 3: there is no file 'no.jpg'",
        ),
        ("file,label\ncat/0.jpg,\n", "labels.csv, line 2: 'cat/0.jpg' has no label"),
        ("file,label\ncat/0.jpg,x\ncat/0.jpg,x\n", "line 3: 'cat/0.jpg' is there twice"),
        ("file,label\ncat/0.jpg,x\ncat/1.jpg,x\n", "holds images of one class only: 'x'"),
        ("file,label\n" + "x.jpg,x\n" * 30, "30 faults, nothing is written:\n"),
    ],
)
def test_a_bad_csv(tmp_path, text, message):
    write_files(tmp_path / "from", classes(2) | {"labels.csv": text.encode()})
    printed = refused("folder", tmp_path / "from", "--name=pets")
    assert message in printed and printed.count("\n") < 23


def test_bad_folders(tmp_path):
    folder = tmp_path / "from"
    folder.mkdir()
    assert "holds neither folders of images nor a CSV" in refused("folder", folder, "--name=pets")
    write_files(folder, classes(3, names=("cat",)))
    assert "images of one class only: 'cat'" in refused("folder", folder, "--name=pets")
    write_files(folder, classes(3, names=("dog ",)))
    assert "'dog ' is no class name" in refused("folder", folder, "--name=pets")
    (folder / "dog ").rename(folder / "dog")
    for split in ("1", "0", "-1", "nan"):
        assert f"--split must be a number above 0 and below 1, got {float(split)}" in refused(
            "folder", folder, "--name=pets", f"--split={split}"
        )
    assert "leaves no image of 6 for train" in refused("folder", folder, "--name=p", "--split=1e-9")
    for name in ("my-pets", "Pets", "../x", ""):
        assert f"--name must be lower-case letters, digits and _, got {name!r}" in refused(
            "folder", folder, f"--name={name}"
        )


def test_broken_images_are_left_out_and_many_refuse_it(tmp_path, capsys):
    files = classes(50)
    broken = {"cat/1.jpg": b"", "cat/2.jpg": jpeg(0)[:200], "dög it's/3.jpg": b"GIF89a"}
    write_files(tmp_path / "from", files | broken)
    prepare("folder", tmp_path / "from", tmp_path / "out", "--name=pets")
    found = read(tmp_path / "out", "train") | read(tmp_path / "out", "validation")
    assert found.keys() == files.keys() - broken.keys()
    printed = capsys.readouterr().out
    assert "left out, because broken: " in printed
    assert all(f"{name}: " in printed for name in broken)


def test_many_broken_images_are_refused(tmp_path):
    files = classes(30) | {f"cat/{i}.jpg": b"x" * 20 for i in range(8)}
    write_files(tmp_path / "from", files)
    message = refused("folder", tmp_path / "from", "--name=pets")
    assert "images of train are broken, which is more than 5%:\n  cat/" in message
    assert ".jpg: not an image (20 bytes)" in message


def test_a_name_that_is_no_utf8(tmp_path, capsys):
    write_files(tmp_path / "from", classes(12) | {"readme\xff": b""})
    strange = os.fsencode(tmp_path / "from/cat") + b"/\xff.jpg"
    with open(strange, "wb") as file:
        file.write(jpeg(5))
    prepare("folder", tmp_path / "from", tmp_path / "out", "--name=pets")
    found = examples(tmp_path / "out", "pets", "train", "file_name")
    found |= examples(tmp_path / "out", "pets", "validation", "file_name")
    assert found[b"cat/\xff.jpg"]["image"] == jpeg(5) and len(found) == 25


ODD = ("two\nlines", " spaces ", "-dash", "100%d {x}", "数 é", "tab\t")


def test_names_with_odd_characters(tmp_path, capsys):
    files = classes() | {f"cat/{name}.jpg": jpeg(50 + i) for i, name in enumerate(ODD)}
    write_files(tmp_path / "from", files | {"cat/bro\nken.jpg": b"", "no\nimage": b""})
    os.mkfifo(tmp_path / "from/cat/pipe.jpg")  # whoever reads it waits
    prepare("folder", tmp_path / "from", tmp_path / "out", "--name=pets", "--split=0.75")
    found = read(tmp_path / "out", "train") | read(tmp_path / "out", "validation")
    assert {name: example["image"] for name, example in found.items()} == files
    printed = capsys.readouterr().out
    assert r"  cat/bro\nken.jpg: not an image (0 bytes)" in printed
    assert r"not used    files: no\nimage" in printed


def test_a_fault_is_one_line_whatever_the_name(tmp_path):
    images = {f"images/two\nlines{i}.jpg": jpeg(i) for i in range(3)}
    write_files(tmp_path / "from", images | {"masks/x.png": b""})
    message = refused("masks", tmp_path / "from", "--name=p", "--classes=a,b")
    assert message.startswith("error: 3 faults, nothing is written:\n  images/two\\nlines0.jpg has")
    assert message.count("\n") == 3
    for i in range(2):
        (tmp_path / f"from/images/two\nlines{i}.jpg").unlink()
    message = refused("masks", tmp_path / "from", "--name=p", "--classes=a,b")
    assert message == r"error: images/two\nlines2.jpg has no PNG of its name in masks"
