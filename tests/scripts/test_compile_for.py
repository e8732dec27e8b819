"""train.py --compile_for: no TPU, no data, no workdir."""

import importlib.util
import re

import pytest

from tests import tiny

needs_compiler = pytest.mark.skipif(
    importlib.util.find_spec("libtpu") is None,
    reason="needs the TPU compiler: pip install jax[tpu]",
)
# The images are CIFAR-10's by name alone: of the digits there is always a copy.
ABSENT = {"data__name": "cifar10", "data__data_dir": "/nowhere"}


def refused(name, **changes):
    """The one line that train.py says."""
    return tiny.refused("train.py", *tiny.arguments(None, **changes), f"--compile_for={name}")


@pytest.fixture
def compiler_is(monkeypatch):
    """Has libtpu be installed or not; it is not loaded before a name has been found good."""

    def set_compiler(found):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: found)

    return set_compiler


def test_without_the_compiler(compiler_is):
    compiler_is(None)
    line = refused("v5e:2x2")
    assert line == '--compile_for needs the TPU compiler: pip install "jax[tpu]"\n'


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("v5", "unknown TPU 'v5' in --compile_for=v5: did you mean"),
        ("tpu7:4x4x4", "did you mean 'tpu7x'? allowed: v2:16x16, v3:32x32, v4:4x4x4, v5e:16x16,"),
        (":2x2", "unknown TPU '' in --compile_for=:2x2: allowed: v2:16x16"),
        ("v5e", "unknown size '' in --compile_for=v5e: allowed: 1x1, 2x2, 2x4, 4x4, 4x8, 8x8,"),
        ("v5e:16x61", "did you mean '16x16'?"),
        ("v5p:4x4x6", "4x4x4, AxBxC of multiples of 4 up to 6144 chips"),
    ],
)
def test_bad_names(compiler_is, name, message):
    compiler_is(object())
    assert message in refused(name)


@needs_compiler
def test_what_does_not_fit_the_slice():
    assert "multiple of the mesh's 256 devices, got 64" in refused("v5e:16x16", batch_size=64)
    assert "does not fit the 4 device(s)" in refused("v5e:2x2", mesh__data=3)


@needs_compiler
def test_a_run_of_epochs_over_a_set_of_unknown_size():
    config = f"--config={tiny.ROOT}/configs/imagenet_resnet50.py"
    absent = ["--config.data.name=food101", "--config.data.data_dir=/nowhere"]
    line = tiny.refused("train.py", config, *absent, "--compile_for=v5e:2x2")
    assert line.startswith("config.steps must be given: how many examples 'food101' has")


def compiled(name, code=0, **changes):
    """What train.py prints, without a word on stderr."""
    arguments = tiny.arguments(None, **{"model__depth": 18} | ABSENT | changes)
    out, err = tiny.run("train.py", *arguments, f"--compile_for={name}", code=code)
    assert err == ""
    return out


def number(out, pattern):
    """The first number of a line, in its prefix's units."""
    line = re.search(rf"^{pattern} *([\d.]+) (\w*?)(?:B|flop| a chip)\b", out, re.M)
    value, prefix = line.groups()
    scales = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
    return float(value) * scales[prefix]


def traffic(out):
    """Kind of collective -> how many."""
    return {kind: int(n) for kind, n in re.findall(r"^([a-z]+-[a-z-]+) +(\d+), ", out, re.M)}


@pytest.mark.slow
@needs_compiler
def test_small_and_large_slices():
    four = compiled("v5e:2x2", batch_size=64)
    sixteen = compiled("v5e:4x4", batch_size=256)
    split = compiled("v5e:4x4", batch_size=256, mesh__fsdp=4)
    assert four.splitlines()[:3] == [
        "v5e:2x2         TPU v5 lite, chips 4, processes 1",
        "mesh            data 4, fsdp 1",
        "batch           64, 16 a chip",
    ]
    assert "chips 16, processes 4\nmesh            data 16, fsdp 1\n" in sixteen
    assert "mesh            data 4, fsdp 4\nbatch           256, 16 a chip\n" in split
    assert all(re.search("^memory +fits: .* of 16 GiB a chip$", out, re.M) for out in (four, split))

    # A chip's share of the work does not depend on how many there are.
    for figure in ("operations", "accessed", "memory +fits:", "  arguments", "  cycles"):
        assert number(sixteen, figure) == pytest.approx(number(four, figure), rel=0.02)
    assert traffic(sixteen) == traffic(four) == {"all-reduce": traffic(four)["all-reduce"]}

    # Kinds make up the whole, and the time is that of the cycles at the clock.
    shares = [float(share) for share in re.findall(r"^ +([\d.]+) % ", four, re.M)]
    assert sum(shares) == pytest.approx(100, abs=0.3)
    milliseconds = float(re.search(r"^  time +([\d.]+) ms .* at 1.5 GHz", four, re.M)[1])
    assert milliseconds == pytest.approx(number(four, "  cycles") / 1.503e6, rel=1e-3)
    assert re.search("^estimate .*not measured$", four, re.M)

    # ResNet-18 of width 4 has four kernels of 4096 numbers or more, and 9 in 10 numbers are theirs.
    assert traffic(split) == {
        "all-gather": 4,
        "all-reduce": pytest.approx(traffic(four)["all-reduce"], abs=2),
        "reduce-scatter": 4,
    }
    assert number(split, "  arguments") < 0.7 * number(sixteen, "  arguments")


@pytest.mark.slow
@needs_compiler
def test_a_model_that_is_too_large():
    out = compiled("v5e:2x2", code=1, model__width=1024, batch_size=64)
    assert re.search(
        r"^memory +does not fit 16 GiB a chip: .*\(2\d\.\d+G\).*\(15\.75G\)", out, re.M
    )
