"""TensorBoard events, as any reader takes them."""

import struct

from PIL import Image
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

from runfiles import RunRecord, flat, read_metrics, write_record
from training.workdir import show_images
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


def test_a_run_is_described_by_its_config_and_its_best_value(tmp_path):
    """What the tab HParams of TensorBoard shows."""
    config = {"seed": 3, "regularizer": {"name": "dropblock", "groups": [3, 4]}, "log_every": 1}
    write_record(tmp_path, RunRecord(config, 2, "accuracy"))
    metrics = MetricsFile(tmp_path, 0)
    for step, accuracy in enumerate((0.25, 0.75, 0.5), start=1):
        metrics.write(step, {"eval/accuracy": accuracy})
    metrics.close()
    _, description, *events = read_events(tmp_path / "tensorboard")
    (value,) = description.summary.value
    plugin = value.metadata.plugin_data
    assert (value.tag, plugin.plugin_name) == ("_hparams_/session_start_info", "hparams")
    fields = HParamsPluginData.FromString(plugin.content).session_start_info.hparams
    assert set(fields) == {"seed", "regularizer.name", "regularizer.groups"}
    assert fields["seed"].number_value == 3
    assert fields["regularizer.groups"].string_value == "[3, 4]"
    best = [v.simple_value for e in events for v in e.summary.value if v.tag == "best/accuracy"]
    assert best == [0.25, 0.75]


def read_events(path):
    """Records of a length in 8 bytes, its sum in 4, an event, and its sum in 4."""
    if path.is_dir():
        (path,) = path.glob("events.out.tfevents.*")
    data, events = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        events.append(Event.FromString(data[12 : 12 + length]))
        data = data[16 + length :]
    return events


def test_of_no_regulariser_the_name_alone_is_described(tmp_path):
    config = {"seed": 3, "regularizer": {"name": "none", "keep_prob": 0.9, "block_size": 7}}
    write_record(tmp_path, RunRecord(config, 2, "accuracy"))
    MetricsFile(tmp_path, 0).close()
    (value,) = read_events(tmp_path / "tensorboard")[1].summary.value
    plugin = HParamsPluginData.FromString(value.metadata.plugin_data.content)
    assert set(plugin.session_start_info.hparams) == {"seed", "regularizer.name"}


def test_pictures_stand_beside_the_curves_and_take_the_place_of_older_ones(tmp_path):
    metrics = MetricsFile(tmp_path, 0)
    metrics.write(1, {"train/loss": 1.0})
    metrics.close()
    folder = tmp_path / "figures" / "predictions"
    folder.mkdir(parents=True)
    for step, width in ((1, 5), (2, 7)):
        Image.new("RGB", (width, 3)).save(folder / "00000.png")
        show_images(tmp_path, step, "predictions", [folder / "00000.png"])
    (path,) = (tmp_path / "tensorboard").glob("*.predictions")
    _, event = read_events(path)
    (value,) = event.summary.value
    assert (event.step, value.tag) == (2, "predictions/00000")
    assert (value.image.width, value.image.height) == (7, 3)
    assert value.image.encoded_image_string == (folder / "00000.png").read_bytes()
    # TensorBoard reads the files of a folder in the order of their names.
    assert len(list((tmp_path / "tensorboard").iterdir())) == 2
    assert max((tmp_path / "tensorboard").iterdir()) == path
