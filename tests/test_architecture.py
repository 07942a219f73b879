"""The rules of the house, held over the source; and each of them seen failing on a small bad tree."""

import ast
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import house_calls as calls
import house_rules as rules

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"

Check = Callable[[list[rules.Module]], list[str]]

CHECKS: list[Check] = [
    rules.check_floors,
    rules.check_cycles,
    rules.check_homes,
    rules.check_budgets,
    rules.check_effects,
    rules.check_broad_excepts,
    rules.check_shapes,
    rules.check_folders,
    rules.check_classes,
    calls.check_loops,
    calls.check_calls,
    calls.check_tuples,
    calls.check_cli_words,
    rules.check_names,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_source_keeps(check: Check) -> None:
    assert check(rules.read_modules(SRC)) == []


def test_named_exceptions_are_needed_still() -> None:
    modules = rules.read_modules(SRC)
    by_themselves = {fault.split("(")[1].split(")")[0] for fault in calls.check_calls(modules, ())}
    assert by_themselves == set(calls.BY_THEMSELVES)
    assert len(calls.check_tuples(modules, ())) == len(calls.TUPLES)


def test_every_boundary_is_there_and_is_used() -> None:
    modules = rules.read_modules(SRC)
    assert set(rules.BOUNDARIES) <= {f"{m.name}.{f.name}" for m in modules for f in m.functions()}
    assert len(rules.check_broad_excepts(modules, ())) >= len(rules.BOUNDARIES)


def test_tests_and_benchmarks_keep_the_budget_of_lines() -> None:
    faults = []
    for path in [*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py"), *(ROOT / "docs").glob("*.py")]:
        text = path.read_text(encoding="utf-8")
        module = rules.Module(path, path.stem, len(text.splitlines()), ast.parse(text))
        faults += [fault for fault in rules.check_budgets([module]) if fault.endswith("lines")]
    assert faults == []


def test_importing_loads_nothing_heavy_makes_no_file_and_prints_nothing(tmp_path: Path) -> None:
    assert rules.import_effects(SRC, tmp_path) == []


def test_code_beside_the_package_takes_onnx_runtime_with_its_telemetry_off(tmp_path: Path) -> None:
    assert rules.check_runtime_imports([ROOT / name for name in ("tests", "benchmarks", "recipes", "docs")]) == []
    (tmp_path / "rival.py").write_text("def f():\n    from onnxruntime.capi import x")
    assert "rival.py imports onnxruntime" in rules.check_runtime_imports([tmp_path])[0]


def test_tracked_files_are_small_and_ours() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so nothing is tracked")
    assert rules.check_tracked(ROOT) == []


# Each check seen failing: a bad tree, and a part of what must be reported. Where that is None the tree is a good
# one that looks bad, and nothing may be reported.


def plant(folder: Path, files: dict[str, str]) -> Path:
    """Write a package `closeup` of these files below `folder`, and give the folder that holds the package."""
    for name, text in {"__init__.py": "", **files}.items():
        path = folder / "closeup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


BAD_TREES: list[tuple[Check, dict[str, str], str | None]] = [
    (rules.check_floors, {"media/video.py": "from closeup.perception import detect"}, "not below it"),
    (rules.check_floors, {"media/video.py": "def f():\n    import closeup.cli.main"}, "not below it"),
    (rules.check_floors, {"media/video.py": "from ..perception import detect"}, "closeup.perception.detect"),
    (rules.check_floors, {"media/video.py": "from closeup.weights.store import pull"}, "not below it"),
    (rules.check_floors, {"features/cast/find.py": "from closeup.features.demo import programme"}, "not below it"),
    (rules.check_floors, {"core/types.py": "import closeup"}, "not below it"),
    (rules.check_floors, {"media/video.py": "from importlib import import_module"}, "by a name in a string"),
    (rules.check_floors, {"attic/box.py": ""}, "'attic' has no floor"),
    (rules.check_floors, {"features/cast/find.py": "from closeup.features.cast import scan"}, None),
    (rules.check_floors, {"cli/main.py": "from closeup import __version__\nfrom . import cast"}, None),
    (
        rules.check_cycles,
        {"core/a.py": "from closeup.core.b import y", "core/b.py": "from closeup.core import a"},
        "core.a > core.b > core.a",
    ),
    (rules.check_cycles, {"core/a.py": "from closeup.core.b import y", "core/b.py": ""}, None),
    (rules.check_homes, {"weights/store.py": "import onnxruntime"}, "onnxruntime"),
    (rules.check_homes, {"weights/session.py": "import onnxruntime as ort"}, None),
    (rules.check_homes, {"perception/faces.py": "import av.video"}, "av"),
    (rules.check_homes, {"algorithms/reframing/headshot.py": "import cv2"}, "cv2"),
    (rules.check_homes, {"core/types.py": "def f():\n    from cv2 import resize"}, "cv2"),
    (rules.check_homes, {"features/gallery/book.py": "import sqlalchemy"}, "sqlalchemy"),
    (rules.check_homes, {"perception/embed.py": "import torch.nn"}, "torch"),
    (rules.check_homes, {"media/image.py": "import dlib"}, "dlib"),
    (rules.check_homes, {"media/image.py": "import leftpad"}, "nowhere yet"),
    (rules.check_budgets, {"core/long.py": "x = 1\n" * 401}, "401 lines"),
    (rules.check_budgets, {"core/long.py": "x = 1\n" * 400}, None),
    (rules.check_budgets, {"core/long.py": "def f():\n" + "    x = 1\n" * 60}, "f has 61 lines"),
    (rules.check_budgets, {"core/long.py": "def f():\n" + "    x = 1\n" * 59}, None),
    (rules.check_budgets, {"core/wide.py": "def f(a, b, c, d, e, *, g, **h): ..."}, "7 parameters"),
    (rules.check_budgets, {"core/wide.py": "def f(a, b, c, *, d, e, g, h): ..."}, None),
    (rules.check_budgets, {"core/wide.py": "class C:\n    def f(self, a, b, c, d, e, g): ..."}, None),
    (rules.check_budgets, {"cli/cast.py": "@app.command()\ndef f(a, b, c, d, e, g, h): ..."}, None),
    (rules.check_budgets, {"cli/cast.py": "def f(a, b, c, d, e, g, h): ..."}, "7 parameters"),
    (rules.check_budgets, {"core/wide.py": "@app.command()\ndef f(a, b, c, d, e, g, h): ..."}, "7 parameters"),
    (
        calls.check_loops,
        {"features/cast/scan.py": "def f(p):\n    with open_video(p) as r:\n        for n, frame in enumerate(r): ..."},
        "loops over the frames",
    ),
    (calls.check_loops, {"cli/cast.py": "def f(r: VideoReader):\n    return [x.time for x in r]"}, "loops over"),
    (calls.check_loops, {"media/excerpt.py": "def f(r: VideoReader):\n    return [x.time for x in r]"}, None),
    (
        calls.check_loops,
        {"features/cast/scan.py": "def f(p):\n    with open_video(p) as r:\n        for s in Sampling(r, 5): ..."},
        None,
    ),
    (
        rules.check_folders,
        {
            "media/a/x.py": "from closeup.media.b import y",
            "media/b/y.py": "from closeup.media.c.z import Z",
            "media/c/z.py": "from closeup.media.a import w",
            "media/a/w.py": "",
        },
        "folders need each other: media.a > media.c > media.b > media.a",
    ),
    (
        rules.check_folders,
        {"media/a/x.py": "from closeup.media import z", "media/y.py": "import closeup.media.a.x", "media/z.py": ""},
        "media.* > media.a",
    ),
    (rules.check_folders, {"media/a/x.py": "from closeup.media import z", "media/z.py": ""}, None),
    (
        rules.check_classes,
        {"core/a.py": "class C: ...", "core/b.py": "class _D:\n    class C: ..."},
        "class C, as core.a",
    ),
    (rules.check_classes, {"core/a.py": "class C: ...", "core/b.py": "class _C: ..."}, None),
    (calls.check_calls, {"features/cast/scan.py": "faces = detector.detect(image)"}, "asks a detector"),
    (calls.check_calls, {"perception/analyzer.py": "faces = detector.detect(image)"}, None),
    (calls.check_calls, {"features/cast/scan.py": "text = json.dumps(data)"}, "JSON by itself"),
    (calls.check_calls, {"documents/cast.py": "data = json.loads(text)"}, None),
    (
        calls.check_tuples,
        {"core/a.py": "def f(x: tuple[int, str, float] | None): ..."},
        "takes a tuple of many kinds as x",
    ),
    (calls.check_tuples, {"core/a.py": "def f(x: tuple[int, int, int, str]): ..."}, None),
    (rules.check_effects, {"media/video.py": "print('hello')"}, "prints"),
    (rules.check_effects, {"media/video.py": "import sys\nsys.stderr.write('hello')"}, "prints"),
    (rules.check_effects, {"cli/cast.py": "print('hello')"}, None),
    (rules.check_effects, {"weights/store.py": "import os\nhome = os.environ['HOME']"}, "environment"),
    (rules.check_effects, {"weights/store.py": "import os\nhome = os.getenv('HOME')"}, "environment"),
    (rules.check_effects, {"weights/store.py": "from os import environ"}, "environment"),
    (rules.check_effects, {"core/settings.py": "import os\nhome = os.environ['HOME']"}, None),
    (rules.check_broad_excepts, {"core/a.py": "try: f()\nexcept Exception: pass"}, "catches everything"),
    (rules.check_broad_excepts, {"core/a.py": "try: f()\nexcept: pass"}, "catches everything"),
    (rules.check_broad_excepts, {"core/a.py": "try: f()\nexcept (OSError, BaseException): pass"}, "everything"),
    (rules.check_broad_excepts, {"core/a.py": "with contextlib.suppress(Exception): f()"}, "everything"),
    (rules.check_broad_excepts, {"core/a.py": "try: f()\nexcept OSError: pass"}, None),
    (rules.check_broad_excepts, {"core/a.py": "try: f()\nexcept BaseException:\n    g()\n    raise"}, None),
    (rules.check_broad_excepts, {"cli/main.py": "def boundary():\n try: f()\n except Exception: pass"}, None),
    (rules.check_broad_excepts, {"cli/main.py": "def walk():\n try: f()\n except Exception: pass"}, "everything"),
    (rules.check_shapes, {"core/a.py": "def f(x: NDArray[np.float32]) -> int:\n 'Look.'"}, "says no shape"),
    (rules.check_shapes, {"core/a.py": "def f() -> 'np.ndarray | None': ..."}, "says no shape"),
    (rules.check_shapes, {"core/a.py": "class C:\n def f(self, x: np.ndarray):\n  'Look (soon).'"}, "says no shape"),
    (rules.check_shapes, {"core/a.py": "V = NDArray[int]", "core/b.py": "def f(x: list[V]): ..."}, "says no shape"),
    (rules.check_shapes, {"core/a.py": "def f(x: NDArray[np.float32]):\n 'Boxes (N, 4).'"}, None),
    (rules.check_shapes, {"core/a.py": "def f(x: NDArray[np.float32]):\n 'Areas, shape (N,).'"}, None),
    (rules.check_shapes, {"core/a.py": "def _f(x: NDArray[np.float32]): ..."}, None),
    (calls.check_cli_words, {"media/a.py": "f('Add --overwrite.')"}, "--overwrite"),
    (calls.check_cli_words, {"media/a.py": "f('Take it with -o.')"}, "'-o'"),
    (calls.check_cli_words, {"media/a.py": "f('See closeup cast.')", "cli/cast.py": ""}, "closeup cast"),
    (calls.check_cli_words, {"media/a.py": "f('closeup knows it -- or not')", "cli/cast.py": ""}, None),
    (calls.check_cli_words, {"media/a.py": "def f():\n 'As closeup cast --json does.'", "cli/cast.py": ""}, None),
    (calls.check_cli_words, {"cli/cast.py": "f('Add --overwrite.')"}, None),
    (rules.check_names, {"core/utils.py": ""}, "names no real thing"),
    (rules.check_names, {"media/image_helpers.py": ""}, "names no real thing"),
    (rules.check_names, {"common/boxes.py": ""}, "names no real thing"),
    (rules.check_names, {"core/__init__.py": "from closeup.core.types import Face"}, "code in an __init__"),
    (rules.check_names, {"core/__init__.py": "'''The ground floor.'''"}, None),
]


@pytest.mark.parametrize(("check", "files", "fault"), BAD_TREES)
def test_check_sees(check: Check, files: dict[str, str], fault: str | None, tmp_path: Path) -> None:
    found = check(rules.read_modules(plant(tmp_path, files)))
    if fault is None:
        assert found == []
    else:
        assert len(found) == 1
        assert fault in found[0]


def test_every_check_has_been_seen_failing() -> None:
    assert {check for check, _, fault in BAD_TREES if fault} == set(CHECKS)


def test_a_fifth_boundary_is_one_too_many() -> None:
    assert rules.check_broad_excepts([], ("a", "b", "c", "d", "e")) == ["5 boundaries, and four are the most"]


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("print('hello')", "printed: hello"),
        ("import sys; sys.stderr.write('hello')", "printed: hello"),
        ("import decoder", "loaded: decoder"),
        ("open('cache', 'w').close()", "made: cache"),
        ("from pathlib import Path; (Path.home() / '.closeup').mkdir()", "made: .closeup"),
        ("import logging; logging.basicConfig()", "printed: the root logger was touched"),
    ],
)
def test_import_probe_sees(code: str, fault: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "decoder.py").write_text("")
    assert rules.import_effects(plant(tmp_path, {"__init__.py": code}), home) == [fault]


@pytest.mark.parametrize(
    ("name", "size", "faults"),
    [
        ("docs/picture.png", 1_000_001, ["docs/picture.png is larger than 1 MB"]),
        ("docs/picture.png", 1_000_000, []),
        ("src/closeup/weights/faces.onnx", 1_000_001, []),
        ("src/closeup/perception/faces.onnx", 1, ["src/closeup/perception/faces.onnx does not belong here"]),
        (".env", 1, [".env does not belong here"]),
        ("docs/film.mp4", 1, ["docs/film.mp4 does not belong here"]),
        ("tests/data/film.mp4", 1, []),
    ],
)
def test_litter_check_sees(name: str, size: int, faults: list[str], tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run(["git", "add", "--force", name], cwd=tmp_path, check=True)
    assert rules.check_tracked(tmp_path) == faults
