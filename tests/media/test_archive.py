import pickle
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.media import archive
from closeup.media.archive import open_archive
from workbench.datasets.tiny import png, refusal, zipped


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_packing_is_read(tmp_path: Path, method: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as whole:
        whole.writestr("a/b.txt", b"words " * 1000)
        whole.writestr("empty", b"")
    opened = open_archive(path)
    assert opened.read("a/b.txt") == b"words " * 1000
    assert opened.read("empty") == b""


def test_folders_hidden_files_and_what_macos_adds_are_left_out(tmp_path: Path) -> None:
    names = ["cat/1.png", "cat/.DS_Store", "__MACOSX/cat/._1.png"]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as whole:
        whole.mkdir("cat")
        for name in names:
            whole.writestr(name, b"x")
    assert list(open_archive(tmp_path / "a.zip").members) == ["cat/1.png"]


def test_many_threads_read_at_once(tmp_path: Path) -> None:
    names = [f"{n}.png" for n in range(60)]
    opened = open_archive(zipped(tmp_path / "a.zip", names))
    with ThreadPoolExecutor(8) as pool:
        contents = list(pool.map(opened.read, names * 5))
    assert contents == [png(n) for n in range(60)] * 5


def test_it_can_be_sent_to_another_process(tmp_path: Path) -> None:
    opened = pickle.loads(pickle.dumps(open_archive(zipped(tmp_path / "a.zip", ["1.png"]))))
    assert opened.read("1.png") == png(0)


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    assert set(open_archive(zipped(tmp_path / "a.zip", ["1.png"])).members) == {"1.png"}
    assert set(open_archive(zipped(tmp_path / "a.zip", ["1.png", "2.png"])).members) == {"1.png", "2.png"}


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no 2\.png in .*a\.zip"):
        open_archive(zipped(tmp_path / "a.zip", ["1.png"])).read("2.png")


def test_damage_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as whole:
        whole.writestr("1.bin", b"0123456789" * 10)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"0123456789" * 10, b"0123456789" * 9 + b"0123456780"))
    with pytest.raises(InputError, match="not what the directory says"):
        open_archive(path).read("1.bin")
    path.write_bytes(content[:50])
    with pytest.raises(InputError, match="no zip file"):
        open_archive(path)


def test_a_password_is_not_guessed(tmp_path: Path) -> None:
    opened = open_archive(zipped(tmp_path / "a.zip", ["1.png"]))
    opened.members["1.png"].flag_bits |= 1
    with pytest.raises(InputError, match="encrypted"):
        opened.read("1.png")


def test_a_trap_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_archive(zipped(tmp_path / "a.zip", [], {"bomb": bytes(1_000_000)}))
    monkeypatch.setattr(archive, "MAX_MEMBER_BYTES", 1000)
    with pytest.raises(InputError, match="larger than"):
        opened.read("bomb")
    monkeypatch.setattr(archive, "MAX_MEMBER_BYTES", 10_000_000)
    opened.members["bomb"].file_size = 1000  # a directory that lies: it stops after what was announced
    with pytest.raises(InputError, match="not what the directory says"):
        opened.read("bomb")


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_zip_files_are_refused_in_words(tmp_path: Path, data: st.DataObject) -> None:
    path = zipped(tmp_path / "a.zip", ["a/1.png", "b/2.png"])
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])

    def read_all() -> None:
        opened = open_archive(path)
        for name in opened.members:
            opened.read(name)

    refused = refusal(read_all)
    assert refused is None or "a.zip" in refused


class _OldWindows(zipfile.ZipInfo):
    """A file whose name is in a code page, which the zip does not say, as Windows' Explorer writes it."""

    page = "cp949"

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode(self.page), self.flag_bits & ~0x800


@pytest.mark.parametrize(
    ("page", "names", "language"),
    [
        ("cp949", ["마스크/1.png", "없음/2.png"], "Korean"),
        ("cp932", ["ねこ/1.png", "犬の写真/2.png"], "Japanese"),
        ("gbk", ["戴口罩/1.png", "没有口罩/2.png"], "Chinese"),
        ("utf-8", ["né/1.png", "ü/2.png"], ""),
    ],
)
def test_names_that_do_not_say_their_letters_are_read_and_noted(
    tmp_path: Path, page: str, names: list[str], language: str
) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            info = _OldWindows(name)
            info.page = page
            archive.writestr(info, png(1))
    opened = open_archive(path)
    assert list(opened.members) == names
    assert opened.read(names[0]) == png(1)
    assert [language in note for note in opened.notes] == [True] * bool(language)


def test_backslashes_are_between_folders(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = "cat\\1.png"
        archive.writestr(info, png(1))
    opened = open_archive(path)
    assert list(opened.members) == ["cat/1.png"]
    assert opened.notes == ("1 name in a.zip with backslashes between folders.",)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_is_left_out_is_counted_and_named_and_litter_is_not(tmp_path: Path) -> None:
    names = ["cat/1.png", "cat/1.png", "../up.png", "/etc/x.png", "Thumbs.db", "__MACOSX/cat/._1.png", "dog/2.png"]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in names:
            archive.writestr(name, png(1))
    opened = open_archive(tmp_path / "a.zip")
    assert list(opened.members) == ["cat/1.png", "dog/2.png"]
    assert opened.notes == (
        "2 files in a.zip left out: meant to lie outside: ../up.png, /etc/x.png.",
        "1 file in a.zip left out: a name that is there already: cat/1.png.",
    )
