"""The package as it is installed: a wheel, built from the source package, in an empty environment, runs the demo."""

import os
import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, f'build_{sys.argv[1]}')(sys.argv[2])"


def build(source: Path, kind: str, folder: Path) -> Path:
    """Build a wheel or an sdist of the package in `source`, without the network."""
    done = subprocess.run([sys.executable, "-c", BUILD, kind, folder], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel made from a source package made from the tracked files: what is forgotten on the way is missing."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so that it is not known which files belong to the package")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    folder = tmp_path_factory.mktemp("package")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / "clone" / name)
    with tarfile.open(build(folder / "clone", "sdist", folder / "sdist")) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    return build(unpacked, "wheel", folder / "wheel")


def test_the_wheel_runs_the_demo_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "environment"
    venv.create(place)
    python = place / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-index", "--no-deps", wheel], check=True)
    # The dependencies are those that are here; what makes this environment see the source is not among them.
    (packages,) = place.glob("lib/python*/site-packages")
    (packages / "here.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    where = subprocess.run(
        [python, "-c", "import closeup; print(closeup.__file__)"], cwd=tmp_path, env=variables, capture_output=True
    )
    assert where.stdout.decode().startswith(str(place))
    subprocess.run([place / "bin" / "closeup", "demo"], cwd=tmp_path, env=variables, check=True)
    assert (tmp_path / "demo" / "demo.cast" / "report.html").is_file()
    assert list((tmp_path / "demo").rglob("*.mp4"))
