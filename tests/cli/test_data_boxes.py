from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from closeup.cli.exit_codes import EXIT_COULD_NOT, EXIT_LOSSES
from closeup.cli.main import app
from closeup.documents.boxes import BoxedPicture, BoxedPictures, coco_bytes, read_boxes
from closeup.media.image import encode_png


def test_a_coco_file_becomes_a_folder_of_voc(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode_png(np.zeros((8, 8, 3), np.uint8)))
    boxed = BoxedPicture(tmp_path / "a.png", np.array([[1, 2, 3, 4]], np.float32), np.array([0]))
    (tmp_path / "coco.json").write_bytes(coco_bytes(BoxedPictures(("cup", "plate"), (boxed,)), [(8, 8)]))
    words = ["data", "boxes", str(tmp_path / "coco.json"), str(tmp_path / "voc"), "--format", "voc"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == EXIT_LOSSES, result.output  # nothing is a plate
    assert f"{tmp_path / 'voc'}: 1 picture, 1 box, 2 classes." in result.stdout
    assert "plate" in result.stderr
    assert read_boxes(tmp_path / "voc").names == ("cup",)
    again = CliRunner().invoke(app, words)
    assert again.exit_code == EXIT_COULD_NOT
    assert "exists already" in again.stderr
