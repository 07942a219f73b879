from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import StorageError
from closeup.documents.checkout import ProductRecord
from closeup.storage.shop import open_shop

COLA = ProductRecord(name="Cola", price_minor=1500, currency="KRW")
MINT = ProductRecord(name="Mint", price_minor=800, currency="KRW")


def test_vectors_are_kept_for_each_model_and_go_with_their_views(tmp_path: Path) -> None:
    with open_shop(tmp_path / "shop.db") as shop:
        cola, mint = shop.add([(COLA, [(b"one", "a"), (b"two", "b")]), (MINT, [(b"three", "c")])])
        unseen = shop.unseen("m1")
        assert [jpeg for _, jpeg in unseen] == [b"one", b"two", b"three"]
        made = {number: np.eye(3, dtype=np.float32)[place] for place, (number, _) in enumerate(unseen)}
        shop.keep_vectors("m1", made | {999: np.ones(3, np.float32)})
        shop.keep_vectors("m1", made)
        assert shop.unseen("m1") == ()
        assert len(shop.unseen("m2")) == 3
        owners, vectors = shop.exemplars("m1")
        assert owners.tolist() == [cola.id, cola.id, mint.id]
        np.testing.assert_array_equal(vectors, np.eye(3))
        shop.add_views(cola.id, [(b"four", "d")], "choice")
        shop.keep_vectors("m1", {shop.unseen("m1")[0][0]: np.eye(3, dtype=np.float32)[0]})
        assert shop.exemplars("m1")[0].tolist() == [cola.id, cola.id, mint.id, cola.id]
        assert shop.forget_choice().views == 2
        assert shop.exemplars("m1")[0].tolist() == [cola.id, cola.id, mint.id]
        assert shop.exemplars("m2")[1].shape == (0, 0)


def test_a_shop_is_there_after_it_was_closed_and_refuses_what_is_no_database(tmp_path: Path) -> None:
    with open_shop(tmp_path / "shop.db") as shop:
        assert shop.currency() is None
        shop.add([(COLA, [])])
    with open_shop(tmp_path / "shop.db") as shop:
        assert shop.currency() == "KRW"
        assert [each.name for each in shop.products()] == ["Cola"]
    (tmp_path / "other.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StorageError, match="The shop"):
        open_shop(tmp_path / "other.db")
