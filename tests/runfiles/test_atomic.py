"""Files are written as a whole or not at all."""

import os
import threading

import pytest

from runfiles import replace


def test_text_and_bytes_in_a_folder_that_is_made(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    replace(path, "é\n")
    assert path.read_bytes() == b"\xc3\xa9\n"
    replace(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    assert os.listdir(path.parent) == ["file"]


def test_what_fails_leaves_the_old_file_alone(tmp_path, monkeypatch):
    path = tmp_path / "file"
    replace(path, "old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_content_and_then_the_name_are_brought_to_the_disk(tmp_path, monkeypatch):
    synced, fsync = [], os.fsync

    def record(descriptor):
        synced.append((os.readlink(f"/proc/self/fd/{descriptor}"), (tmp_path / "f").exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    replace(tmp_path / "f", "text")
    (temporary, before), (folder, after) = synced
    assert temporary.startswith(str(tmp_path / "f.")) and not before
    assert folder == str(tmp_path) and after


def test_many_writers_of_one_file_leave_one_whole_text(tmp_path):
    path, texts = tmp_path / "file", [str(digit) * 100_000 for digit in range(8)]
    writers = [threading.Thread(target=replace, args=(path, text)) for text in texts]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert path.read_text() in texts
    assert os.listdir(tmp_path) == ["file"]
