"""A department outside the checkout, as its contractor has it: the wheel in an empty environment with no extra."""

import importlib.util
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.contract import page

ROOT = Path(__file__).parents[2]

IMPORTS = "import shaodao.plugin, shaodao.hookspecs, shaodao.testing"
RUNS_THE_TEST = """
import test_water_works
for name, test in vars(test_water_works).items():
    if name.startswith("test_"):
        test()
        print(name)
"""
IS_FOUND = """
from shaodao.departments import load_departments
print(load_departments([]).of("PS").name)
"""


def _run(*command: str | Path, cwd: Path | None = None) -> str:
    ran = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def _wheel(source: Path, into: Path) -> Path:
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", into, source)
    (wheel,) = into.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def shaodao_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the page's package, as its reader has it after the last step."""
    folder = tmp_path_factory.mktemp("water-works")
    page.write_to(folder)
    return folder


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, shaodao_wheel: Path, workshop: Path) -> Path:
    """Python of an environment that holds the two wheels and what they ask for."""
    environment = tmp_path_factory.mktemp("environment")
    _run(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin" / "python"
    own_pip = importlib.util.find_spec("pip") is not None
    # Debian's environments have no pip; there the machine's own fills them, as in the Makefile.
    pip = [sys.executable, "-m", "pip"] if own_pip else [shutil.which("pip3") or "pip3"]
    plugin_wheel = _wheel(workshop, tmp_path_factory.mktemp("plugin"))
    _run(*pip, "--python", python, "install", "--quiet", "-c", ROOT / "constraints.txt", shaodao_wheel, plugin_wheel)
    return python


def test_the_only_package_of_the_wheel_is_shaodao(shaodao_wheel: Path) -> None:
    with zipfile.ZipFile(shaodao_wheel) as wheel:
        names = wheel.namelist()
    packages = {name.partition("/")[0] for name in names}
    assert {package for package in packages if not package.endswith(".dist-info")} == {"shaodao"}
    assert "shaodao/py.typed" in names
    assert "shaodao/presets/shimahe.toml" in names


def test_contract_and_kit_need_no_extra(python: Path, workshop: Path) -> None:
    installed = _run(python, "-c", "import importlib.metadata as m; print(*sorted(d.name for d in m.distributions()))")
    assert installed.split() == ["msgspec", "pluggy", "shaodao", "tzdata", "water-works"]
    _run(python, "-W", "error", "-c", IMPORTS, cwd=workshop)


def test_the_plugin_passes_its_own_test_there(python: Path, workshop: Path) -> None:
    assert len(_run(python, "-W", "error", "-c", RUNS_THE_TEST, cwd=workshop).split()) == 3


def test_the_plugin_is_found_by_its_entry_point(python: Path) -> None:
    assert _run(python, "-I", "-c", IS_FOUND).strip() == "water_works"
