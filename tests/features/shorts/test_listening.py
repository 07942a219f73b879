"""Listening to small films that are made here."""

from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ignore
from closeup.features.shorts.listening import listen
from filmed import scenery, write_film
from sounds import RATE_HZ, applause, hiss, talk


def film_of(path: Path, sound: np.ndarray | None, duration_s: float) -> Path:
    return write_film(path / "film.mp4", [scenery(1, (32, 32))] * round(5 * duration_s), 5, sound)


def test_speech_and_applause_are_heard_where_they_are(tmp_path: Path) -> None:
    sound = np.concatenate([hiss(4.0), talk(6.0), np.zeros(RATE_HZ), applause(4.0, 0.2)]).astype(np.float32)
    sound += hiss(len(sound) / RATE_HZ)
    found = listen(film_of(tmp_path, sound, 15.0), 15.0, ignore)
    assert len(found.momentary_lufs) == len(found.bursts) == 150
    assert found.bursts[115:145].mean() > 0.7
    assert found.bursts[:105].mean() < 0.02
    assert found.usual_lufs is not None
    assert found.momentary_lufs[115:145].min() > found.usual_lufs > found.momentary_lufs[:35].max()
    spoken = found.speech_s[:, 1] - found.speech_s[:, 0]
    assert spoken.sum() > 2
    assert found.speech_s.min() > 3.7
    assert found.speech_s.max() < 10.7


@pytest.mark.parametrize("duration_s", [0.4, 3.0, 9.7])
def test_sound_that_ends_early_is_silence_from_there_on(tmp_path: Path, duration_s: float) -> None:
    film = film_of(tmp_path, hiss(0.3, 0.1), duration_s)
    told: list[Progress] = []
    found = listen(film, duration_s, told.append)
    assert abs(len(found.momentary_lufs) - round(10 * duration_s)) <= 1
    assert found.speech_s.shape == (0, 2)
    assert told[-1] == Progress("Listening", duration_s, duration_s, "s")


def test_silence_is_heard_as_such(tmp_path: Path) -> None:
    found = listen(film_of(tmp_path, np.zeros(2 * RATE_HZ, np.float32), 2.0), 2.0, ignore)
    assert found.usual_lufs is None
    assert (found.bursts == 0).all()


def test_a_film_without_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no sound"):
        listen(film_of(tmp_path, None, 1.0), 1.0, ignore)


def test_progress_may_stop_it(tmp_path: Path) -> None:
    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        listen(film_of(tmp_path, hiss(9.0), 9.0), 9.0, stop)
