"""The TensorBoard events of a run."""

import io
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary import hparams

FLUSH_SECONDS = 10.0


class EventFile:
    """Scalars and images for TensorBoard, written by the calling thread.

    tensorboardX's SummaryWriter writes in a thread of its own. Once that thread has died of a full
    disk, later calls block for ever; here the write itself raises.

    Raises (everywhere):
      OSError: the file cannot be written.
    """

    def __init__(self, folder: Path, suffix: str = ""):
        """Begins a new file, which takes the place of those in ``folder`` with that suffix."""
        folder.mkdir(exist_ok=True)
        for old in folder.glob(f"events.out.tfevents.*{suffix}"):
            old.unlink()
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}{suffix}"
        self._writer = RecordWriter(str(folder / name))
        self._write(Event(file_version="brain.Event:2"))
        self._flush()

    def describe(self, fields: Mapping[str, Any]) -> None:
        """Says with which config these values were measured: for the tab HParams."""
        texts = {n: str(v) if isinstance(v, list) else v for n, v in fields.items()}
        _, start, _ = hparams(texts, {})
        self._write(Event(step=0, summary=start))
        self._flush()

    def add(self, step: int, scalars: dict[str, float]) -> None:
        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
        self._write(Event(step=step, summary=Summary(value=values)))
        if time.monotonic() > self._flushed + FLUSH_SECONDS:
            self._flush()

    def show(self, step: int, tag: str, png: bytes) -> None:
        """Adds an image, the content of a PNG file."""
        width, height = Image.open(io.BytesIO(png)).size
        image = Summary.Image(width=width, height=height, colorspace=3, encoded_image_string=png)
        self._write(Event(step=step, summary=Summary(value=[Summary.Value(tag=tag, image=image)])))

    def close(self) -> None:
        self._writer.close()

    def _write(self, event: Event) -> None:
        event.wall_time = time.time()
        self._writer.write(event.SerializeToString())

    def _flush(self) -> None:
        self._writer.flush()
        self._flushed = time.monotonic()
