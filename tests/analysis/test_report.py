"""One page of all runs: what it has, and that it needs nothing but itself."""

import re
from html.parser import HTMLParser

from analysis.figures.report import report
from runfiles import RunRecord, write_record
from tests.analysis.runs import CURVES, DROPBLOCK, make_config, write_run


class Parsed(HTMLParser):
    """Rows of the first table; what every tag loads; that every tag is closed."""

    VOID = ("meta", "img", "br")

    def __init__(self, text):
        super().__init__()
        self.rows, self.loaded, self.open, self.ids = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.loaded += [v for name, v in attributes if name in ("src", "href", "xlink:href")]
        self.ids += [values["id"]] if tag == "details" and "id" in values else []
        self.open += [] if tag in self.VOID else [tag]
        if tag == "tr" and "section" not in self.open and "details" not in self.open:
            self.rows.append([])
        if tag in ("th", "td") and self.rows and "details" not in self.open:
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open = self.open if tag in self.VOID else self.open[:-1]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.rows and "section" not in self.open and {"th", "td"} & set(self.open):
            self.rows[-1][-1] += data


def make_runs(folder):
    curves = {"curves": CURVES}
    write_run(folder / "a", [0.5, 0.75], **curves, **DROPBLOCK)
    write_run(folder / "b", [0.5, 0.625], regularizer__block_size=5, **curves, **DROPBLOCK)
    write_run(folder / "c", [0.25], unfinished=True, seed=1, **curves)
    (folder / "c/failed").write_text("ValueError: <no> room\n")
    (folder / "c/train.log").write_text("step 1\nTraceback & more\n")
    (folder / "d").mkdir()
    write_record(folder / "d", RunRecord(make_config()))
    (folder / "figure3.png").write_bytes(b"a picture")


def test_the_page(tmp_path):
    make_runs(tmp_path)
    path = report(tmp_path)
    assert path == str(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    page = Parsed(text)
    assert page.rows == [
        ["run", "state", "best Top-1 accuracy, %", "at step", "last",
         "seed", "name", "block_size"],
        ["1", "done", "75.00", "2", "75.00", "0", "dropblock", "3"],
        ["2", "done", "62.50", "2", "62.50", "0", "dropblock", "5"],
        ["3", "failed", "25.00", "1", "25.00", "1", "none", "–"],  # noqa: RUF001
        ["4", "waiting", "–", "–", "–", "0", "none", "–"],  # noqa: RUF001
    ]  # fmt: skip
    assert "4 runs: 2 done, 1 failed, 1 waiting." in text
    assert "ValueError: &lt;no&gt; room" in text and "Traceback &amp; more" in text
    # A panel for name and one for block_size; curves of the runs that have begun.
    assert text.count("<svg") == 2 + 3
    assert "figure3.png" in text
    assert page.ids == [f"run-{index}" for index in range(4)]
    assert all(one.startswith(("data:", "#")) for one in page.loaded)
    assert not re.search(r"url\((?!#)|@import", text)


def test_the_same_runs_make_the_same_page(tmp_path):
    make_runs(tmp_path)
    report(tmp_path)
    first = (tmp_path / "report.html").read_bytes()
    report(tmp_path)
    assert (tmp_path / "report.html").read_bytes() == first
