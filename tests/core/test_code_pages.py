import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.code_pages import decode_code_page, guess_code_page


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


LINES = {
    "Russian": "Что ты здесь делаешь?\nЯ не знаю, но это был он.\nМы уходим, и всё.",
    "Ukrainian": "Що ти тут робиш?\nЯ не знаю, але це був він.\nМи йдемо, її немає.",
    "Bulgarian": "Какво правиш тук?\nНе знам, но това беше той.\nАз съм и ще се върна.",
    "Polish": "Co ty tu robisz?\nNie wiem, ale to był on.\nIdziemy, bo już się ściemnia. Święta są, źle mi.",
    "Czech": "Co tady děláš?\nNevím, ale byl to on.\nJdeme, už je to pryč. Řekni že přijdeš.",
    "Hungarian": "Mit csinálsz itt?\nNem tudom, de ő volt az.\nElmegyünk, és nincs több idő.",
    "French": "Qu'est-ce que tu fais là ?\nJe ne sais pas, mais c'était lui.\nÇa va être l'été, à Noël.",
    "German": "Was machst du hier?\nIch weiß es nicht, aber das war er.\nWir müssen für die Gäste schön kochen.",
    "Spanish": "¿Qué haces aquí?\nNo lo sé, pero era él.\nEl niño está con la señora mañana.",
    "Portuguese": "O que você está fazendo?\nNão sei, mas era ele.\nAs crianças são de lá, é.",
    "Swedish": "Vad gör du här?\nJag vet inte, men det är han.\nVi går på en båt till ön.",
    "Turkish": "Burada ne yapıyorsun?\nBilmiyorum ama bu çok iyi.\nİşte şimdi ben değil, o gidiyor.",
    "Greek": "Τι κάνεις εδώ;\nΔεν ξέρω, αλλά ήταν αυτός.\nΘα πάμε στο σπίτι με το παιδί.",
    "Hebrew": "מה אתה עושה פה?\nאני לא יודע, אבל זה היה הוא.\nכן, יש לי את זה.",
    "Arabic": "ماذا تفعل هنا؟\nلا أعرف، لكن هذا كان هو.\nنعم، أنا من هنا.",
    "Lithuanian": "Ką tu čia darai?\nNežinau, bet tai buvo jis.\nMes einame į namus ir aš.",
}
PAGES = {
    **dict.fromkeys(["Russian", "Ukrainian", "Bulgarian"], "cp1251"),
    **dict.fromkeys(["Polish", "Czech", "Hungarian"], "cp1250"),
    **dict.fromkeys(["French", "German", "Spanish", "Portuguese", "Swedish"], "cp1252"),
    "Turkish": "cp1254",
    "Greek": "cp1253",
    "Hebrew": "cp1255",
    "Arabic": "cp1256",
    "Lithuanian": "cp1257",
}


@pytest.mark.parametrize("language", LINES)
def test_three_lines_of_a_one_byte_page_are_enough(language: str) -> None:
    found = guess_code_page(LINES[language].encode(PAGES[language]))
    assert found is not None
    assert found[0] == LINES[language]


@pytest.mark.parametrize("page", ["koi8_r", "cp866", "iso8859_5"])
def test_other_pages_of_russian_are_told_apart(page: str) -> None:
    found = guess_code_page(LINES["Russian"].encode(page))
    assert found is not None
    assert found[0] == LINES["Russian"]


@pytest.mark.parametrize(
    "content",
    [
        LINES["German"].encode("mac_roman"),
        "เขาอยู่ที่นี่ และ ฉันไม่รู้".encode("cp874"),
        bytes(range(128, 256)) * 3,
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    ],
)
def test_what_no_language_fits_stays_open(content: bytes) -> None:
    assert guess_code_page(content) is None


def test_one_letter_is_read_where_all_pages_have_the_same() -> None:
    assert guess_code_page("café".encode("latin-1")) == ("café", "Windows-1252")


def test_a_letter_that_may_be_several_stays_open() -> None:
    assert guess_code_page("caf\xf5".encode("latin-1")) is None


@given(st.binary(max_size=200))
def test_a_guess_keeps_what_is_ascii(content: bytes) -> None:
    found = guess_code_page(content)
    if found is not None:
        assert [letter for letter in found[0] if letter < "\x80"] == [chr(byte) for byte in content if byte < 0x80]
