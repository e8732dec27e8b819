"""The config of a run: from a file or a workdir, with what the command line changes, checked."""

from training.config.change import change
from training.config.check import check_config, check_network
from training.config.command_line import Arguments, one_line_errors, parse
from training.config.compare import check_workdir, identity
from training.config.complete import complete
from training.config.files import open_config
from training.config.folder import check_file, check_folder
from training.config.written import plain, read_config, write_config

__all__ = [
    "Arguments",
    "change",
    "check_config",
    "check_file",
    "check_folder",
    "check_network",
    "check_workdir",
    "complete",
    "identity",
    "one_line_errors",
    "open_config",
    "parse",
    "plain",
    "read_config",
    "write_config",
]
