"""Departments that go wrong, each in its own way, and a good one that must go on beside them."""

import os
from dataclasses import dataclass
from pathlib import Path

from shaodao.plugin import Department

FOLDER = "SHAODAO_TEST_FOLDER"
"""Names the folder in which hooks leave a file with the id of their process."""


@dataclass
class Form:
    """反馈"""

    note: str = ""


def declared(name: str, *organizations: str) -> Department:
    """The declaration of one of them."""
    return Department(name=name, title="示例单位", version="1", organizations=organizations, form=Form)


def leave_word(name: str) -> None:
    """Tell the test which process runs the hook."""
    (Path(os.environ[FOLDER]) / name).write_text(str(os.getpid()))
