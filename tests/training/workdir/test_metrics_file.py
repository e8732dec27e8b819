"""The files of a run."""

import json
import struct

import pytest
from tensorboardX.proto.event_pb2 import Event, SessionLog

from tests import tiny
from training.workdir.event_file import EventFile
from training.run_files import (
    MetricsFile,
    check_same_network,
    check_workdir,
    read_metrics,
    write_config,
)


def test_config_json_holds_config_code_and_packages(tmp_path):
    config = tiny.config()
    write_config(tmp_path, config, steps=6, best_metric="accuracy")
    record = json.loads((tmp_path / "config.json").read_text())
    assert record["config"]["regularizer"]["groups"] == [3, 4]
    assert record["packages"].keys() >= {"jax", "flax", "optax", "orbax-checkpoint"}
    assert "commit" in record["code"]
    check_workdir(str(tmp_path), config)


def test_what_does_not_change_the_result_may_differ(tmp_path):
    write_config(tmp_path, tiny.config(), steps=6, best_metric="accuracy")
    check_workdir(
        str(tmp_path), tiny.config(mesh__data=1, eval_every=5, data__threads=9, log_every=2)
    )
    with pytest.raises(ValueError, match=r"config\.steps is 6 there and 7 here"):
        check_workdir(str(tmp_path), tiny.config(steps=7))


def test_evaluation_needs_the_same_network_only(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no run"):
        check_same_network(str(tmp_path), tiny.config())
    write_config(tmp_path, tiny.config(), steps=6, best_metric="accuracy")
    check_same_network(str(tmp_path), tiny.config(steps=7, batch_size=90))
    with pytest.raises(ValueError, match=r"config\.model\.width is 4 there and 8 here"):
        check_same_network(str(tmp_path), tiny.config(model__width=8))


def test_metrics_go_on_after_the_checkpoint_and_survive_a_torn_line(tmp_path):
    metrics = MetricsFile(tmp_path, 0)
    for step in (1, 2, 3):
        metrics.write(step, {"train/loss": float(step), "train/dropped": {"3": 0.1}})
    metrics.close()
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 4, "train/lo')
    assert [line["step"] for line in read_metrics(tmp_path)] == [1, 2, 3]

    metrics = MetricsFile(tmp_path, 2)
    metrics.write(3, {"train/loss": 30.0})
    metrics.close()
    lines = read_metrics(tmp_path)
    assert [line["step"] for line in lines] == [1, 2, 3]
    assert lines[-1]["train/loss"] == 30


def test_tensorboard_events(tmp_path):
    """As any reader takes them: the numbers of a lost stretch are purged, parts have names."""
    for after in (0, 2):
        events = EventFile(tmp_path / str(after), after=after)
        events.add(after + 1, {"train/loss": 0.5, "train/dropped/3": 0.25})
        events.close()
        version, *start, scalars = read_events(tmp_path / str(after))
        assert version.file_version == "brain.Event:2"
        assert [(e.step, e.session_log.status) for e in start] == [(3, SessionLog.START)][:after]
        assert scalars.step == after + 1
        values = {value.tag: value.simple_value for value in scalars.summary.value}
        assert values == {"train/loss": 0.5, "train/dropped/3": 0.25}


def read_events(folder):
    """Records of a length in 8 bytes, its sum in 4, an event, and its sum in 4."""
    (path,) = folder.glob("events.out.tfevents.*")
    data, events = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        events.append(Event.FromString(data[12 : 12 + length]))
        data = data[16 + length :]
    return events
