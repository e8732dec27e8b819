"""TensorBoard events, as any reader takes them."""

import struct

from tensorboardX.proto.event_pb2 import Event

from runfiles import flat, read_metrics
from training.workdir.event_file import EventFile
from training.workdir.metrics_file import MetricsFile


def test_events_have_steps_and_parts_have_names(tmp_path):
    events = EventFile(tmp_path)
    events.add(3, {"train/loss": 0.5, "train/dropped/3": 0.25})
    events.close()
    version, scalars = read_events(tmp_path)
    assert version.file_version == "brain.Event:2"
    assert scalars.step == 3
    values = {value.tag: value.simple_value for value in scalars.summary.value}
    assert values == {"train/loss": 0.5, "train/dropped/3": 0.25}


def test_after_a_kill_and_a_resume_they_are_what_the_metrics_are(tmp_path):
    """What was not flushed before the kill is there, and what was lost is not."""
    killed = MetricsFile(tmp_path, 0)
    for step in range(1, 31):
        killed.write(step, {"train/loss": 0.5**step, "train/dropped": {"3": 0.25}})
    # Neither closed nor flushed: the events of these steps are in memory alone.
    resumed = MetricsFile(tmp_path, 20)
    resumed.write(21, {"train/loss": 1.0})
    resumed.close()
    _, *events = read_events(tmp_path / "tensorboard")
    lines = read_metrics(tmp_path)
    assert [event.step for event in events] == [line["step"] for line in lines] == [*range(1, 22)]
    for event, line in zip(events, lines, strict=True):
        tags = {value.tag for value in event.summary.value}
        assert tags == set(flat(line, separator="/")) - {"step"}
    killed.close()


def read_events(folder):
    """Records of a length in 8 bytes, its sum in 4, an event, and its sum in 4."""
    (path,) = folder.glob("events.out.tfevents.*")
    data, events = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        events.append(Event.FromString(data[12 : 12 + length]))
        data = data[16 + length :]
    return events
