"""Runs that start from a ResNet in a file of PyTorch's world."""

import functools
import os
import re

import jax
import numpy as np
import pytest
from flax import nnx

from models.layers.whole import param_rngs
from models.resnet import ResNet
from models.segmentation import Segmentation
from tests import tiny
from tests.training.origin import torch_files
from tests.training.origin.torch_files import text, write_pth, write_safetensors
from training.errors import Refused
from training.origin import Origin
from training.run import build_run
from training.state import TrainState, merge, split

CLASSES, WIDTH = 7, 4


@functools.cache
def fresh(network, **options):
    """A network's structure and its state, all zeros."""
    options = {"width": WIDTH, "num_classes": CLASSES} | options
    graphdef, *parts = split(
        nnx.eval_shape(lambda: network(**options, rngs=param_rngs(jax.random.key(0))))
    )
    zeros = jax.tree.map(lambda leaf: np.zeros(leaf.shape, np.float32), parts)
    return graphdef, jax.device_put(TrainState(np.int32(0), *zeros, ()))


def origin_of(path, state, network=ResNet, epsilon=1e-5):
    return Origin(str(path), jax.eval_shape(lambda: state), network.NEW_PARTS, epsilon)


def refused(path, depth=18, **options):
    """The line that a ResNet says to a file."""
    with pytest.raises(Refused) as error:
        origin_of(path, fresh(ResNet, depth=depth, **options)[1])
    assert "\n" not in str(error.value) and str(path) in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("depth", "write", "name"),
    [(18, write_safetensors, "resnet18.safetensors"), (50, write_pth, "resnet50.pth")],
)
def test_logits_are_those_of_torchvision(tmp_path, depth, write, name):
    """At an odd size: every stride and padding shows."""
    arrays = torch_files.weights(depth, WIDTH, CLASSES)
    graphdef, state = fresh(ResNet, depth=depth)
    origin = origin_of(write(tmp_path / name, arrays), state)
    assert origin.notices == [f"starting from the ResNet in {tmp_path}/{name}"]
    state = origin.apply(state)
    x = np.random.default_rng(0).normal(size=(2, 75, 50, 3)).astype(np.float32)
    ours = jax.jit(lambda state, x: merge(graphdef, state.params, state.batch_stats)(x))(state, x)
    theirs = jax.jit(lambda arrays, x: torch_files.logits(arrays, depth, x))(
        arrays, x.transpose(0, 3, 1, 2)
    )
    assert np.abs(theirs).max() > 1
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize(("depth", "block", "conv"), [(34, 6, 2), (101, 23, 3)])
def test_every_array_of_the_deeper_ones_has_its_place(tmp_path, depth, block, conv):
    """By names and values alone: that the strides are right is seen in ResNet-18 and 50."""
    arrays = torch_files.weights(depth, WIDTH, CLASSES)
    _, state = fresh(ResNet, depth=depth)
    origin = origin_of(write_safetensors(tmp_path / "a.safetensors", arrays), state)
    assert len(origin.notices) == 1
    kernel = origin.apply(state).params[f"group3_block{block}"][f"conv{conv}"]["conv"]["kernel"]
    theirs = arrays[f"layer3.{block - 1}.conv{conv}.weight"]
    np.testing.assert_array_equal(kernel, theirs.transpose(2, 3, 1, 0))


@pytest.mark.parametrize("depth", [18, 34, 50, 101])
@pytest.mark.parametrize("package", ["torchvision", "timm"])
def test_logits_are_those_of_the_packages_themselves(tmp_path, package, depth):
    """Where PyTorch is at hand: pip install torch torchvision timm."""
    torch = pytest.importorskip("torch")
    package = pytest.importorskip(package)
    torch.manual_seed(depth)
    if package.__name__ == "timm":
        theirs = package.create_model(f"resnet{depth}", num_classes=CLASSES)
    else:
        theirs = getattr(package.models, f"resnet{depth}")(num_classes=CLASSES)
    with torch.no_grad():
        for module in theirs.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                for values in (module.weight, module.running_var):
                    values.uniform_(0.5, 1.5)
                for values in (module.bias, module.running_mean):
                    values.normal_(0, 0.1)
        torch.save(theirs.state_dict(), tmp_path / "resnet.pth")
        x = torch.randn(2, 3, 75, 50)
        expected = theirs.eval()(x).numpy()
    graphdef, state = fresh(ResNet, depth=depth, width=64)
    state = origin_of(tmp_path / "resnet.pth", state).apply(state)
    images = x.numpy().transpose(0, 2, 3, 1)
    ours = jax.jit(lambda state, x: merge(graphdef, state.params, state.batch_stats)(x))(
        state, images
    )
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    print(f"largest difference {np.abs(ours - expected).max():.1e} of {np.abs(expected).max():.1e}")


def test_a_run_starts_from_a_file_and_its_average_too(tmp_path):
    arrays = torch_files.weights(10, WIDTH, 10, stem=3, channels=1)
    path = write_pth(tmp_path / "digits.pt", arrays)
    run = build_run(tiny.config(init_from=str(path), mesh__data=1, mesh__fsdp=2))
    state = run.init_state()
    assert f"starting from the ResNet in {path}" in run.notices
    for params in (state.params, state.ema or state.params):
        np.testing.assert_array_equal(params["head"]["kernel"], arrays["fc.weight"].T)
    kernel = state.params["group4_block1"]["conv2"]["conv"]["kernel"]
    np.testing.assert_array_equal(kernel, arrays["layer4.0.conv2.weight"].transpose(2, 3, 1, 0))
    assert (
        kernel.sharding
        == run.abstract_state().params["group4_block1"]["conv2"]["conv"]["kernel"].sharding
    )


def test_the_last_layer_may_be_new(tmp_path):
    arrays = torch_files.weights(18, WIDTH, CLASSES)
    _, state = fresh(ResNet, depth=18, num_classes=3)
    origin = origin_of(write_pth(tmp_path / "a.pth", arrays), state)
    assert "new: head.kernel is (32, 7) there and (32, 3) here" in origin.notices
    assert not origin.apply(state).params["head"]["kernel"].any()


def test_the_backbone_of_a_dense_network_and_its_epsilon(tmp_path):
    arrays = torch_files.weights(18, WIDTH, CLASSES)
    _, state = fresh(Segmentation, depth=18, features=8)
    path = write_safetensors(tmp_path / "a.safetensors", arrays)
    origin = origin_of(path, state, Segmentation, epsilon=1e-4)
    assert origin.notices[-1].startswith("config.model.epsilon is 1e-05 there and 0.0001 here")
    new = [re.fullmatch(r"new: (\w+), \d+ arrays absent there", line) for line in origin.notices]
    assert {match[1] for match in new if match} == set(Segmentation.NEW_PARTS)
    assert len(origin.notices) == 2 + len(Segmentation.NEW_PARTS)
    state = origin.apply(state)
    stats = state.batch_stats["backbone"]["stem"]["norm"]
    np.testing.assert_array_equal(stats["var"], arrays["bn1.running_var"])


def test_other_resnets_are_refused_by_names_and_shapes(tmp_path):
    small = write_pth(tmp_path / "18.pth", torch_files.weights(18, WIDTH, CLASSES))
    assert "group1_block3.conv1.conv.kernel is absent there and (3, 3, 4, 4) here" in refused(
        small, 34
    )
    assert "stem.conv.kernel is (7, 7, 3, 4) there and (3, 3, 3, 4) here" in refused(
        small, small_images=True
    )
    line = refused(small, width=8)
    assert "group1_block1.conv1.conv.kernel is (3, 3, 4, 4) there and (3, 3, 8, 8) here" in line
    large = write_pth(tmp_path / "34.pth", torch_files.weights(34, WIDTH, CLASSES))
    assert "group1_block3.conv1.conv.kernel is (3, 3, 4, 4) there and absent here" in refused(large)


def test_what_is_no_resnet_is_refused_by_its_names(tmp_path):
    path = tmp_path / "vit.safetensors"
    write_safetensors(path, {"cls_token": np.zeros((1, 1, 8), np.float32)})
    assert "no ResNet as torchvision and timm name its arrays: it has cls_token (1, 1, 8)" in (
        refused(path)
    )
    deep_stem = torch_files.weights(18, WIDTH, CLASSES)
    deep_stem["conv1.0.weight"] = deep_stem.pop("conv1.weight")
    assert "conv1.0.weight (4, 3, 7, 7) (1 unknown names)" in refused(
        write_pth(tmp_path / "deep.pth", deep_stem)
    )
    (tmp_path / "a.bin").write_bytes(b"")
    assert "ends in .safetensors, .pth, .pt" in refused(tmp_path / "a.bin")
    assert "holds no checkpoint" in refused(tmp_path / "absent.pth")


def test_nothing_in_a_pickle_is_run(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "system", lambda command: pytest.fail("it was run"))
    command = b"\x80\x02cos\nsystem\n" + text("true") + b"\x85R."
    path = tmp_path / "a.pth"
    assert "holds os.system: names and arrays alone are read" in refused(
        write_pth(path, {}, command)
    )
    whole = b"\x80\x02ctorchvision.models.resnet\nResNet\n)\x81}b."
    assert "holds torchvision.models.resnet.ResNet: names and arrays alone are read" in refused(
        write_pth(path, {}, whole)
    )
    wrapped = b"\x80\x02}" + text("model") + b"}s."
    assert "must hold a state_dict, arrays by their names: 'model' is a dict" in refused(
        write_pth(path, {}, wrapped)
    )


def test_damaged_files(tmp_path):
    arrays = {"bn1.bias": np.zeros(4, np.float32)}
    path = write_safetensors(tmp_path / "a.safetensors", arrays)
    content = path.read_bytes()
    for damaged, reason in (
        (content[:-1], "an array of shape (4,) is at bytes 0 to 16"),
        (content[:20], "its header would be"),
        (content[:8] + b"x" + content[9:], "its header cannot be read"),
        (content.replace(b"F32", b"F31"), "'F31'"),
    ):
        path.write_bytes(damaged)
        assert reason in refused(path)
    path = write_pth(tmp_path / "a.pth", arrays)
    zipped = path.read_bytes()
    path.write_bytes(zipped[:-30])
    assert "is no zip archive, as torch.save writes since PyTorch 1.6" in refused(path)
    program = torch_files.pickled({"bn1.bias": np.zeros(5, np.float32)})
    assert "an array of shape (5,) is not within its 4 numbers" in refused(
        write_pth(path, arrays, program)
    )
    assert "cannot be read" in refused(write_pth(path, arrays, program[:-9]))
