"""Data sets appear whole, and what killed processes leave goes away."""

import pytest

from data.appear import PREFIX, appearing_whole


def write_set(scratch):
    (scratch / "pets/1.0.0").mkdir(parents=True)
    (scratch / "pets/1.0.0/dataset_info.json").write_text("{}")


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    abandoned = tmp_path / f"{PREFIX}abandoned" / "pets"
    abandoned.mkdir(parents=True)
    (tmp_path / "dogs").mkdir()
    with appearing_whole(tmp_path) as first:
        assert not abandoned.parent.exists()
        with appearing_whole(tmp_path) as second:  # at the same time
            assert first.is_dir() and second != first
            write_set(first)
            (second / "cats").mkdir()
            (second / "cats/dataset_info.json").write_text("{}")
    assert {path.name for path in tmp_path.iterdir()} == {"pets", "cats", "dogs"}


def test_the_first_of_two_writers_of_one_set_wins(tmp_path):
    refused = pytest.raises(FileExistsError, match=r"pets/1\.0\.0 exists already")
    with refused, appearing_whole(tmp_path) as slow:
        write_set(slow)
        with appearing_whole(tmp_path) as quick:
            write_set(quick)
        (tmp_path / "pets/1.0.0/of_quick").write_text("")
    assert [path.name for path in tmp_path.iterdir()] == ["pets"]
    assert (tmp_path / "pets/1.0.0/of_quick").is_file()


def test_after_an_error_nothing_is_left(tmp_path):
    with pytest.raises(ZeroDivisionError), appearing_whole(tmp_path) as scratch:
        write_set(scratch)
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
