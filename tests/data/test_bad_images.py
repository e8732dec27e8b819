import logging

import pytest

from data.bad_images import BadImages, TooManyBadImages


def test_each_image_counts_and_is_named_once(caplog):
    bad = BadImages("set train", 1000, 0.01)
    for _ in range(3):
        for index in range(4):
            bad.add(index, f"image_{index}", ValueError("cut short"))
    assert bad.count == 4
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 4
    assert "image_2" in caplog.text and "set train" in caplog.text and "cut short" in caplog.text


@pytest.mark.parametrize(
    "examples, share, tolerated", [(1000, 0.01, 10), (1000, 0.0, 1), (5, 0.01, 1), (5, 1.0, 5)]
)
def test_more_than_the_share_is_an_error(examples, share, tolerated):
    bad = BadImages("set train", examples, share)
    for index in range(tolerated):
        bad.add(index, f"image_{index}", ValueError())
    if tolerated == examples:
        return
    for _ in range(2):  # it stays one
        with pytest.raises(TooManyBadImages) as error:
            bad.add(tolerated, "the_last", ValueError())
    message = str(error.value)
    assert f"{tolerated + 1} of {examples}" in message and "image_0" in message
    assert f"{share:.2%}" in message and "\n" not in message
