"""The picture of feature maps before and after dropping."""

import numpy as np
import pytest

from analysis.feature_maps import draw_feature_maps


@pytest.mark.parametrize("channels", [1, 3])
def test_there_is_a_picture(tmp_path, channels):
    rng = np.random.default_rng(0)
    arrays = {}
    for group, width in (("group3", 4), ("group4", 16)):
        before = rng.random((6, 6, width)).astype(np.float32)
        kept = np.ones_like(before, bool)
        kept[1:4, 1:4, ::2] = False
        maps = {"before": before, "after": before * kept, "kept": kept}
        arrays |= {f"{group}_{kind}": value for kind, value in maps.items()}
    image = rng.integers(0, 255, (24, 24, channels), np.uint8)
    np.savez(tmp_path / "feature_maps.npz", image=image, **arrays)
    path = draw_feature_maps(tmp_path)
    assert path == tmp_path / "figures" / "feature_maps.png"
    assert path.read_bytes().startswith(b"\x89PNG")


def test_without_the_file_there_is_none(tmp_path):
    assert draw_feature_maps(tmp_path) is None


def test_half_a_file_is_named(tmp_path):
    (tmp_path / "feature_maps.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match=r"feature_maps\.npz cannot be read"):
        draw_feature_maps(tmp_path)
