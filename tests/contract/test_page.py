"""The page for departments: its code runs as it stands there."""

import os
import subprocess
import sys
from pathlib import Path

from tests.contract import page

ROOT = Path(__file__).parents[2]


def test_every_snippet_of_python_is_a_file_that_runs(tmp_path: Path) -> None:
    assert page.untested_snippets() == 0
    page.write_to(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:xdist", str(tmp_path)],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "5 passed" in ran.stdout
