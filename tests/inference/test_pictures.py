"""Names of files that are made from others, none twice."""

import os

from inference.pictures import distinct_stems


def test_equal_names_are_numbered():
    files = ["a/x.png", "b/x.jpg", "X.tar.gz", "x_2", "x_2.png", "a/x.png", ".png"]
    assert list(distinct_stems(files)) == ["x", "x_2", "X.tar", "x_2_2", "x_2_3", "x_3", ".png"]
    assert list(distinct_stems(["X.png", "x.png"])) == ["X", "x_2"]


def test_any_name_makes_one_that_can_be_written(tmp_path):
    longest = os.fsdecode("数".encode() * 85)
    for name in distinct_stems([longest, longest, os.fsdecode(b"\xff.png"), 'a "b"\n.png']):
        (tmp_path / f"{name}.png.01234567.new").write_text("")
    assert len(list(tmp_path.iterdir())) == 4
