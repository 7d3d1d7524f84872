"""The wheel: built, installed into a bare environment, used away from the checkout."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from nntrain import __version__

pytestmark = pytest.mark.slow


def _run(*command: str | Path, cwd: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(__file__).parent.parent
    target = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", target, root, cwd=target)
    (built,) = target.glob("*.whl")
    return built


def test_the_wheel_holds_the_package_the_examples_and_their_data(wheel: Path, root: Path) -> None:
    assert wheel.name == f"nntrain-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {"nntrain/py.typed", "nntrain/bundled/datasets/README.md"}
    expected |= {path.relative_to(root).as_posix() for path in (root / "nntrain").rglob("*.py")}
    expected |= {f"nntrain/bundled/configs/{path.name}" for path in (root / "configs").glob("*.yaml")}
    expected |= {f"nntrain/bundled/datasets/{path.name}" for path in (root / "datasets").glob("*.csv")}
    assert expected <= names
    assert all(name.startswith("nntrain/") for name in names)
    assert not [name for name in names if "mnist/" in name or "__pycache__" in name]


def test_the_installed_package_works_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    bin_ = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    _run(bin_ / "python", "-m", "pip", "install", "--quiet", wheel, cwd=elsewhere)
    where = _run(bin_ / "python", "-c", "import nntrain; print(nntrain.__file__)", cwd=elsewhere)
    assert Path(where.strip()).is_relative_to(tmp_path / "venv")
    assert _run(bin_ / "nntrain", "--version", cwd=elsewhere).strip() == f"nntrain {__version__}"
    assert _run(bin_ / "python", "-m", "nntrain", "--version", cwd=elsewhere).strip() == f"nntrain {__version__}"
    assert "iris" in _run(bin_ / "nntrain", "examples", cwd=elsewhere)
    _run(bin_ / "nntrain", "examples", "iris", "-o", "try", cwd=elsewhere)
    _run(bin_ / "nntrain", "fit", "try/configs/iris.yaml", "--set", "training.epochs=2", cwd=elsewhere)
    assert len(list((elsewhere / "runs").iterdir())) == 1
