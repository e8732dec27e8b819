"""TensorBoard events, as any reader takes them."""

import struct

from tensorboardX.proto.event_pb2 import Event, SessionLog

from training.workdir.event_file import EventFile


def test_tensorboard_events(tmp_path):
    """The numbers of a lost stretch are purged; parts have names."""
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
