"""A page that runs the networks in the browser sees, crops and answers as Python does, on the same frames.

The page's own code runs in Node.js, whose engine is Chromium's; what a page adds is a camera.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from closeup.core.types import FloatArray, Image
from closeup.features.act.live import page_models
from closeup.media.video import open_video
from closeup.perception.expression import OWN_NAME, expression_model
from closeup.perception.registry import cast_models

STUDIO = Path(__file__).resolve().parent.parent / "studio"
DETECT_PX = 320

pytestmark = [
    pytest.mark.skipif(
        not (STUDIO / "node_modules").is_dir() or shutil.which("npx") is None, reason="needs make studio"
    ),
    pytest.mark.slow,
]


def seen(frame: Image) -> FloatArray:
    """The landmarks (5, 2) of the largest face in a frame, found as the page finds them: in a picture of 320 pixels."""
    height, width = frame.shape[:2]
    small_wh = DETECT_PX, round(height * DETECT_PX / width)
    small = np.asarray(cv2.resize(frame, small_wh, interpolation=cv2.INTER_AREA), np.uint8)
    found = cast_models("auto").new_detector().detect(small)
    sizes = (found.boxes_xyxy[:, 2:] - found.boxes_xyxy[:, :2]).prod(axis=1)
    points: FloatArray = found.landmarks_xy[int(sizes.argmax())] * np.float32(width / DETECT_PX)
    return points


def portraits() -> list[Image]:
    """A portrait in the public domain, near and far, upright and turned, in frames of a camera's size."""
    data = pytest.importorskip("skimage.data")
    picture = data.astronaut()
    frames = []
    for scale, angle, x, y in ((1.0, 0, 320, 300), (1.7, -12, 260, 320), (0.6, 8, 400, 240), (2.4, 3, 300, 420)):
        turn = cv2.getRotationMatrix2D((224.0, 120.0), angle, scale)
        turn[:, 2] += (x - 224, y - 240)
        frames.append(np.asarray(cv2.warpAffine(picture, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE), np.uint8))
    return frames


def film_frames(path: Path) -> list[Image]:
    """A frame of every second of a film."""
    with open_video(path) as reader:
        return [frame.rgb() for frame in reader if frame.index % round(reader.fps) == 0]


def hold_against_the_page(frames: list[Image], folder: Path) -> None:
    judge = expression_model()
    rows, crops = [], []
    for number, frame in enumerate(frames):
        points = seen(frame)
        crop = judge.crop(frame, points)
        crops.append(crop)
        for name, pixels in (("frame", frame), ("crop", crop)):
            filled = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
            (folder / f"{number}.{name}").write_bytes(filled.tobytes())
        size = {"width": frame.shape[1], "height": frame.shape[0]}
        rows.append({**size, "pixels": f"{number}.frame", "crop": f"{number}.crop", "landmarks": points.tolist()})
    (folder / "frames.json").write_text(json.dumps({"frames": rows}))
    for name, (described, path) in page_models().items():
        (folder / f"{name}.json").write_bytes(described)
        shutil.copy(path, folder / f"{name}.onnx")
    run = ["npx", "vitest", "run", "tests/frames.test.ts"]
    done = subprocess.run(run, cwd=STUDIO, env={**os.environ, "CLOSEUP_FRAMES": str(folder)}, capture_output=True)
    assert done.returncode == 0, done.stdout.decode()
    expected = judge.answers(np.stack(crops))[OWN_NAME]
    for answer, frame_row, crop, wanted in zip(
        json.loads((folder / "answers.json").read_text()), rows, crops, expected, strict=True
    ):
        np.testing.assert_allclose(answer["network"], wanted, rtol=0, atol=1e-5)
        made = np.array(answer["crop"]).reshape(*crop.shape[:2], 4)[..., :3]
        assert np.abs(made - crop.astype(int)).max() <= 1
        np.testing.assert_allclose(answer["landmarks"], frame_row["landmarks"], rtol=0, atol=0.01)
        np.testing.assert_allclose(answer["probabilities"], wanted, rtol=0, atol=0.02)


def test_a_portrait_near_and_far(tmp_path: Path) -> None:
    hold_against_the_page(portraits(), tmp_path)


@pytest.mark.shared
def test_a_face_that_cries_and_laughs(shared: Path, tmp_path: Path) -> None:
    hold_against_the_page(film_frames(shared / "data/video/clips/pyfeat_cry_laugh_20s.mp4"), tmp_path)
