"""python -m analysis: finds figures by name, and refuses in one line with exit status 2."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import analysis.figures
from analysis.__main__ import main
from tests.analysis.runs import DROPBLOCK, write_run

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "figure3,figure4,figure5,figure6,report,table1"),
        (["table1"], "usage: python -m analysis"),
        (["figure7", "."], "error: unknown table or figure 'figure7': did you mean 'figure"),
        (
            ["runs", "."],
            "'runs': allowed: figure3, figure4, figure5, figure6, report, table1, table4, table5.",
        ),
        (["../table1", "."], "table1"),
        (["", "."], "error: "),
        (["table1", "missing"], "error: missing does not exist."),
        (["table1", "empty"], "error: empty holds no run: no config.json of one."),
        (["table1", "file"], "error: file is a file, not a folder with runs."),
        (["table1", "run", "missing"], "error: missing does not exist."),
        (["figure4", "run"], "error: run holds no finished run with DropBlock."),
    ],
)
def test_a_refusal_is_one_line(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    write_run(tmp_path / "run", [0.5])
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and words in err


def test_a_figure_is_one_file_that_is_found_by_its_name(tmp_path, monkeypatch, capsys):
    text = "def figure_nine(folder, *others):\n    return f'{folder.name}, {len(others)} more'\n"
    (tmp_path / "figure_nine.py").write_text(text)
    monkeypatch.setattr(analysis.figures, "__path__", [*analysis.figures.__path__, str(tmp_path)])
    assert main(["figure_nine", "a", "b"]) == 0
    assert capsys.readouterr().out == "a, 1 more\n"
    main([])
    assert "figure6,figure_nine,report,table1" in capsys.readouterr().err


def test_a_figure_is_drawn_whatever_backend_a_notebook_left(tmp_path):
    write_run(tmp_path / "a", [0.5], **DROPBLOCK)
    for backend in ("module://matplotlib_inline.backend_inline", "module://not.there", "nonsense"):
        done = subprocess.run(
            [sys.executable, "-m", "analysis", "figure3", str(tmp_path)],
            capture_output=True, text=True, cwd=ROOT, env=os.environ | {"MPLBACKEND": backend},
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"{tmp_path}/figure3.png\n{tmp_path}/figure3.csv\n"
        (tmp_path / "figure3.png").unlink()


def test_the_environment_is_left_as_it_was():
    text = (
        "import os; import analysis.pictures; import sys; "
        "assert os.environ['MPLBACKEND'] == 'nonsense'; "
        "assert 'matplotlib.pyplot' not in sys.modules and 'jax' not in sys.modules"
    )
    environment = os.environ | {"MPLBACKEND": "nonsense"}
    subprocess.run([sys.executable, "-c", text], cwd=ROOT, env=environment, check=True)
