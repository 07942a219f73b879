"""Photos and videos to portraits and mattes, with a network that knows the answer."""

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

import closeup
from closeup.core.errors import InputError, OutputError
from closeup.core.types import Quality
from closeup.features.portrait import make
from closeup.features.portrait.options import MatteOptions, PortraitOptions
from closeup.media.image import read_image
from closeup.perception.analyzer import AnalysedFace
from filmed import write_film
from matte_scenes import SIZE_WH, scene

QUALITY = Quality(1, 1, 1, 1, 1, 1)


class KnownMatte:
    """Answers the matte of the scene, whatever it is shown."""

    card_name = "known"
    known = scene(0.7).alpha

    def alpha(self, rgb):
        return np.clip(cv2.resize(self.known, rgb.shape[1::-1]), 0, 1)


class Faceless:
    """Finds no face, or those that it is told of, in shares of the picture."""

    found = ()

    def __init__(self, models):
        pass

    def faces(self, image):
        sides = np.float32([image.shape[1], image.shape[0]] * 2)
        return [
            AnalysedFace(
                box_xyxy=np.float32(box) * sides, landmarks_xy=np.zeros((5, 2), np.float32), score=0.9, quality=QUALITY
            )
            for box in self.found
        ]


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setattr(make, "PersonMatte", KnownMatte)
    monkeypatch.setattr(make, "Analyzer", Faceless)
    return scene(0.7)


@pytest.fixture
def photo(tmp_path, known):
    path = tmp_path / "one.png"
    Pillow.fromarray(known.picture).save(path)
    return path


def test_a_photo_keeps_the_person_and_loses_the_rest(photo, known, tmp_path):
    answer = closeup.make_portraits([photo], tmp_path / "out")
    out = read_image(tmp_path / "out" / "one.portrait.png")
    result = answer.results[0]
    assert result.output == str(tmp_path / "out" / "one.portrait.png")
    assert (result.width, result.height) == SIZE_WH
    assert result.blur_px == pytest.approx(0.025 * SIZE_WH[1])
    assert result.coverage == pytest.approx(known.alpha.mean(), abs=0.01)
    inside = cv2.erode(known.alpha, np.ones((15, 15))) == 1
    assert np.array_equal(out[inside], known.picture[inside])
    away = known.alpha == 0
    rough = [np.abs(np.diff(each.astype(int), axis=1))[away[:, 1:]].mean() for each in (known.picture, out)]
    assert rough[1] < rough[0]
    assert np.array_equal(closeup.portrait(photo), out)
    assert np.array_equal(closeup.portrait(known.picture), out)


def test_results_stay_unless_they_may_be_replaced(photo, tmp_path):
    make.make_portraits([photo], tmp_path)
    with pytest.raises(OutputError, match="exists already"):
        make.make_portraits([photo], tmp_path)
    make.make_portraits([photo], tmp_path, overwrite=True)
    before = photo.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        make.make_portraits([photo], photo, overwrite=True)
    assert photo.read_bytes() == before


def test_folders_leave_out_what_an_earlier_run_wrote(photo, tmp_path):
    make.make_portraits([photo], tmp_path)
    answer = make.make_portraits([tmp_path], tmp_path / "again")
    assert [result.source for result in answer.results] == [str(photo)]
    assert any("earlier run" in note for note in answer.notes)


def test_two_that_would_be_one_file_are_not_mixed_up(photo, known, tmp_path):
    other = tmp_path / "sub" / "one.png"
    other.parent.mkdir()
    Pillow.fromarray(known.picture[::-1]).save(other)
    answer = make.make_portraits([photo, other], tmp_path / "out")
    assert len(answer.results) == 1
    assert "would both be written" in answer.problems[str(other)]


def test_nobody_is_said_and_nothing_written(photo, tmp_path, monkeypatch):
    monkeypatch.setattr(KnownMatte, "known", np.zeros_like(KnownMatte.known))
    with pytest.raises(InputError, match="Nobody is seen"):
        make.make_portraits([photo], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_who_fills_the_picture_is_told(photo, tmp_path, monkeypatch):
    monkeypatch.setattr(KnownMatte, "known", np.ones_like(KnownMatte.known))
    answer = make.make_portraits([photo], tmp_path / "out")
    assert "hardly any background" in answer.results[0].notes[0]


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 300, 3), (301, 1, 3)])
def test_pictures_of_odd_sizes(shape, monkeypatch):
    monkeypatch.setattr(KnownMatte, "known", np.ones((4, 4), np.float32))
    picture = np.full(shape, 90, np.uint8)
    assert np.array_equal(closeup.portrait(picture), picture)


def test_16_bits_stay(tmp_path, known):
    deep = known.picture.astype(np.uint16) * 257
    path = tmp_path / "deep.png"
    cv2.imwrite(str(path), deep[..., ::-1])
    make.make_portraits([path], tmp_path / "out")
    out = cv2.imread(str(tmp_path / "out" / "deep.portrait.png"), cv2.IMREAD_UNCHANGED)[..., ::-1]
    assert out.dtype == np.uint16
    inside = cv2.erode(known.alpha, np.ones((15, 15))) == 1
    assert np.array_equal(out[inside], deep[inside])


def test_backgrounds(photo, known, tmp_path):
    green = closeup.portrait(photo, PortraitOptions(background="#00ff00"))
    assert (green[known.alpha == 0] == [0, 255, 0]).mean() > 0.99
    cut = closeup.portrait(photo, PortraitOptions(background="transparent"))
    assert cut.shape == (*known.alpha.shape, 4)
    assert (cut[..., 3] > 127).mean() == pytest.approx((known.alpha > 0.5).mean(), abs=0.01)
    other = tmp_path / "wall.png"
    Pillow.new("RGB", (50, 20), (10, 20, 30)).save(other)
    wall = closeup.portrait(photo, PortraitOptions(background=str(other)))
    assert np.abs(wall[known.alpha == 0].astype(int) - [10, 20, 30]).mean() < 1
    with pytest.raises(InputError, match="no colour"):
        closeup.portrait(photo, PortraitOptions(background="#12345"))
    with pytest.raises(InputError, match="transparent"):
        make.make_portraits([photo], tmp_path / "out.jpg", PortraitOptions(background="transparent"))


def test_the_largest_face_is_kept_and_without_a_face_nobody_can_be(photo, known, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="No face was found"):
        make.make_portraits([photo], tmp_path, PortraitOptions(keep="largest"))
    monkeypatch.setattr(Faceless, "found", [(0.4, 0.3, 0.6, 0.5), (0.01, 0.01, 0.05, 0.05)])
    answer = make.make_portraits([photo], tmp_path, PortraitOptions(keep="largest"))
    assert [person.kept for person in answer.results[0].people] == [True, False]


def test_a_matte_has_the_photos_size_and_depth(photo, known, tmp_path):
    for bits, dtype in (("8", np.uint8), ("16", np.uint16)):
        make.make_mattes([photo], tmp_path / f"{bits}.png", MatteOptions(bits=bits))
        matte = cv2.imread(str(tmp_path / f"{bits}.png"), cv2.IMREAD_UNCHANGED)
        assert matte.dtype == dtype
        assert np.abs(matte / np.iinfo(dtype).max - known.alpha).mean() < 0.01


@pytest.fixture
def film(tmp_path, known):
    return write_film(tmp_path / "film.mp4", [known.picture] * 6)


def test_a_video_keeps_its_frames_and_the_persons_numbers(film, known, tmp_path):
    from closeup.media.video import open_video

    answer = make.make_portraits([film], tmp_path / "out.mp4")
    assert answer.results[0].frames == 6
    assert answer.results[0].left_s == 0
    pictures = []
    for path in (film, tmp_path / "out.mp4"):
        with open_video(path) as reader:
            pictures.append([(frame.time, frame.rgb()) for frame in reader])
    assert [time for time, _ in pictures[0]] == [time for time, _ in pictures[1]]
    inside = cv2.erode(known.alpha, np.ones((21, 21))) == 1
    before, after = (pictures[place][3][1].astype(int) for place in (0, 1))
    assert np.abs(before - after)[inside].mean() < 3  # encoded anew
    away = known.alpha == 0
    rough = [np.abs(np.diff(each, axis=1))[away[:, 1:]].mean() for each in (before, after)]
    assert rough[1] < rough[0]


def test_the_matte_of_a_video_is_grey_and_loses_nothing(film, known, tmp_path):
    import av

    make.make_mattes([film], tmp_path / "m.mkv", MatteOptions(bits="16"))
    with av.open(str(tmp_path / "m.mkv")) as container:
        frames = [frame.to_ndarray() for frame in container.decode(video=0)]
    assert len(frames) == 6
    assert frames[0].dtype == np.uint16
    assert np.abs(frames[3] / 65535 - known.alpha).mean() < 0.02


def test_a_video_of_nobody_is_refused_and_nothing_is_left(film, tmp_path, monkeypatch):
    monkeypatch.setattr(KnownMatte, "known", np.zeros_like(KnownMatte.known))
    for work, name in ((make.make_portraits, "p.mp4"), (make.make_mattes, "m.mkv")):
        with pytest.raises(InputError, match="Nobody is seen"):
            work([film], tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4"]


def test_an_interruption_leaves_nothing(film, tmp_path):
    def stop(progress):
        if progress.stage == "Blurring":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make.make_portraits([film], tmp_path / "p.mp4", progress=stop)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4"]


def test_a_video_cannot_be_transparent(film, tmp_path):
    with pytest.raises(InputError, match="cannot be transparent"):
        make.make_portraits([film], tmp_path, PortraitOptions(background="transparent"))
