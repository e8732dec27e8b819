import itertools

import numpy as np
import pytest

import data
from tests.data.tiny import config, encode, noise, numbered, ramp, write_tiny

TRAIN, TEST = 20, 13


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tfds")
    return write_tiny(directory, train=numbered(TRAIN), test=numbered(TEST))


def train(tiny, count, *, changes=None, **options):
    """The first `count` batches."""
    options = {"seed": 0, "batch_size": 6} | options
    with data.train_batches(config(tiny, **(changes or {})), **options) as batches:
        return list(itertools.islice(batches, count))


def joined(parts):
    """One batch from the rows of all processes, in order."""
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def assert_same(left, right):
    assert len(left) == len(right)
    for a, b in zip(left, right):
        assert a.keys() == b.keys()
        for key in a:
            np.testing.assert_array_equal(a[key], b[key])


def labels(batches):
    return np.concatenate([batch["label"] for batch in batches])


def test_shapes_and_types(tiny):
    (batch,) = train(tiny, 1)
    assert {key: (value.shape, value.dtype.name) for key, value in batch.items()} == {
        "image": ((6, 8, 8, 3), "uint8"),
        "label": ((6,), "int32"),
        "mask": ((6,), "bool"),
    }
    assert batch["mask"].all()


def test_describe(tiny):
    about = data.describe(config(tiny, train_split="train[:50%]"))
    assert (about.train_examples, about.eval_examples) == (10, TEST)
    assert len(about.class_names) == 1000
    assert about.train_spec == about.eval_spec
    assert about.train_spec == {
        "image": data.ArraySpec((8, 8, 3), "uint8"),
        "label": data.ArraySpec((), "int32", data.CLASSES),
    }


def test_each_epoch_has_each_example_once_in_another_order(tiny):
    stream = labels(train(tiny, 10))  # three epochs of 20
    epochs = stream.reshape(3, TRAIN)
    for epoch in epochs:
        assert sorted(epoch) == list(range(TRAIN))
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert tuple(epochs[0]) != tuple(range(TRAIN))


def test_another_seed_gives_another_order_in_every_epoch(tiny):
    orders = {
        (seed, tuple(epoch)): None
        for seed in (0, 1, 2)
        for epoch in labels(train(tiny, 10, seed=seed)).reshape(3, TRAIN)
    }
    assert len({order for _, order in orders}) == 9


def test_augmentation_is_drawn_anew_each_time(tiny):
    batches = train(tiny, 10)
    images = np.concatenate([batch["image"] for batch in batches])
    repeats = [images[labels(batches) == label] for label in range(TRAIN)]
    different = sum(len({image.tobytes() for image in same}) > 1 for same in repeats)
    assert different > TRAIN / 2


@pytest.mark.parametrize("processes", [2, 3, 6])
def test_processes_share_each_batch_in_order(tiny, processes):
    whole = train(tiny, 8)
    parts = [
        train(tiny, 8, process_index=index, process_count=processes) for index in range(processes)
    ]
    assert_same([joined(part) for part in zip(*parts)], whole)


@pytest.mark.parametrize("start", [1, 3, 7])
@pytest.mark.parametrize("processes", [1, 2])
def test_starting_later_gives_the_same_batches(tiny, start, processes):
    whole = train(tiny, 10)
    parts = [
        train(tiny, 10 - start, start_step=start, process_index=index, process_count=processes)
        for index in range(processes)
    ]
    assert_same([joined(part) for part in zip(*parts)], whole[start:])


def test_starting_very_late_reads_no_more_than_starting_early(tiny, monkeypatch):
    reads = []

    class Counting(data.Source):
        def read(self, indices):
            reads.extend(indices)
            return super().read(indices)

    source = Counting(**vars(data.open_source("tiny", "train", tiny)))
    monkeypatch.setattr("data.pipeline.open_source", lambda *_: source)
    for start in (0, 10**9):
        reads.clear()
        train(tiny, 1, start_step=start, changes={"threads": 0})
        assert len(reads) == 6


@pytest.mark.parametrize("threads, prefetch", [(0, 0), (1, 1), (4, 2), (3, 8)])
def test_threads_change_nothing(tiny, threads, prefetch):
    assert_same(train(tiny, 7, changes={"threads": threads, "prefetch": prefetch}), train(tiny, 7))


@pytest.mark.parametrize("batch_size", [1, 7, 50])
def test_any_batch_size_reads_the_same_stream(tiny, batch_size):
    count = -(-60 // batch_size)
    assert list(labels(train(tiny, count, batch_size=batch_size))[:60]) == list(
        labels(train(tiny, 10))
    )


def test_reading_in_pieces_changes_nothing(tiny, monkeypatch):
    whole = train(tiny, 3)
    monkeypatch.setattr("data.make_batch.READ_AT_ONCE", 4)
    assert_same(train(tiny, 3), whole)


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("batch_size", [6, 12, 18])
def test_evaluation_counts_each_image_once_over_all_processes(tiny, processes, batch_size):
    parts = []
    for index in range(processes):
        with data.eval_batches(
            config(tiny), batch_size=batch_size, process_index=index, process_count=processes
        ) as batches:
            parts.append(list(batches))
    assert {len(part) for part in parts} == {-(-TEST // batch_size)}
    whole = joined([joined(part) for part in zip(*parts)])
    assert len(whole["mask"]) % batch_size == 0
    np.testing.assert_array_equal(whole["mask"], np.arange(len(whole["mask"])) < TEST)
    source = data.open_source("tiny", "test", tiny)
    assert whole["label"][:TEST].tolist() == [example["label"] for example in source]
    for row, image in enumerate(whole["image"]):
        expected = noise(whole["label"][row]) if row < TEST else 0
        np.testing.assert_array_equal(image, np.broadcast_to(expected, (8, 8, 3)))


def test_images_of_every_kind_go_through(tmp_path):
    kinds = [
        encode(ramp(40, 30)),
        encode(ramp(33, 50), mode="L"),
        encode(ramp(64, 64), mode="CMYK"),
        encode(ramp(20, 90), "PNG"),
        encode(ramp(1, 1)),
    ]
    examples = [(f"{i}.JPEG", image, i) for i, image in enumerate(kinds)]
    write_tiny(tmp_path, train=examples, test=examples)
    changes = {"preprocess": "imagenet", "image_size": 16}
    for batch in train(tmp_path, 4, batch_size=5, changes=changes):
        assert batch["mask"].all() and batch["image"].shape == (5, 16, 16, 3)
    with data.eval_batches(config(tmp_path, **changes), batch_size=5) as batches:
        assert next(batches)["mask"].all()


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """Images 3 and 11 of 40 do not decode."""
    examples = numbered(40, "JPEG")
    for index, image in [(3, b"\xff\xd8 not a jpeg"), (11, examples[11][1][:200])]:
        examples[index] = (examples[index][0], image, index)
    return write_tiny(tmp_path_factory.mktemp("tfds"), train=examples, test=examples)


def test_a_broken_image_is_a_masked_row_and_named_once(broken, caplog):
    settings = config(broken, max_bad_share=0.05)
    with data.train_batches(settings, seed=0, batch_size=10) as batches:
        whole = joined(list(itertools.islice(batches, 8)))  # two epochs
        assert batches.bad_images.count == 2
    assert sorted(whole["label"][whole["mask"]]) == sorted(
        2 * [index for index in range(40) if index not in (3, 11)]
    )
    assert not whole["image"][~whole["mask"]].any() and not whole["label"][~whole["mask"]].any()
    named = [record.getMessage() for record in caplog.records if "image_0" in record.getMessage()]
    assert len(named) == 2 and any("image_003" in m for m in named)

    with data.eval_batches(settings, batch_size=10) as batches:
        assert joined(list(batches))["mask"].sum() == 38


def test_too_many_broken_images_stop_the_run(broken):
    with (
        data.train_batches(config(broken, max_bad_share=0.02), seed=0, batch_size=10) as batches,
        pytest.raises(data.TooManyBadImages, match="tiny train: 2 of 40") as error,
    ):
        list(itertools.islice(batches, 8))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("batch_size, processes", [(7, 2), (2, 4), (0, 1)])
def test_a_batch_that_cannot_be_shared_is_refused(tiny, batch_size, processes):
    with pytest.raises(ValueError, match=f"batch_size {batch_size}"):
        train(tiny, 1, batch_size=batch_size, process_count=processes)
    with pytest.raises(ValueError, match=f"batch_size {batch_size}"):
        data.eval_batches(config(tiny), batch_size=batch_size, process_count=processes)


@pytest.mark.parametrize("start", [data.describe, lambda c: data.eval_batches(c, batch_size=1)])
def test_a_wrong_field_is_refused_wherever_one_starts(tiny, start):
    with pytest.raises(ValueError, match=r"config\.data\.preprocess.*did you mean 'cifar'"):
        start(config(tiny, preprocess="ciphar"))
