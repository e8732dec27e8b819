import importlib.util

import pytest

from data import prepare


def test_imagenet_without_its_archives_is_refused():
    with pytest.raises(SystemExit, match=r"--manual_dir=DIR with ILSVRC2012_img_train\.tar"):
        prepare.main(["imagenet2012"])


@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is not None, reason="has TensorFlow")
def test_without_tensorflow_says_what_to_install():
    with pytest.raises(SystemExit, match=r"error: .*tensorflow.*pip install tensorflow-cpu"):
        prepare.main(["cifar10"])
