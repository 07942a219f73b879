import pytest

from closeup.core.code_pages import decode_code_page


@pytest.mark.parametrize(
    ("page", "text", "language"),
    [
        ("cp949", "path,label\n1.jpg,마스크\n2.jpg,없음\n", "Korean"),
        ("cp932", "path,label\n1.jpg,ねこ\n2.jpg,犬\n", "Japanese"),
        ("gbk", "路径,标签\n1.jpg,没有口罩\n", "Chinese in the old code page GBK"),
        ("big5", "路徑,標籤\n1.jpg,沒有口罩\n", "Chinese in the old code page Big5"),
    ],
)
def test_letters_of_the_far_east_are_told_by_what_people_write(page: str, text: str, language: str) -> None:
    found = decode_code_page(text.encode(page))
    assert found is not None
    assert found[0] == text
    assert language in found[1]


@pytest.mark.parametrize("content", ["café, naïve".encode("latin-1"), "Привет".encode("cp1251"), b"\xff\xfe\xfd\x81"])
def test_what_leaves_a_doubt_is_not_read(content: bytes) -> None:
    assert decode_code_page(content) is None
