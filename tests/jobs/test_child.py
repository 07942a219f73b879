"""What a child process does with a row: work by its name, and arguments and results as JSON."""

import json
from pathlib import Path

import pytest

from closeup.features.checkout import read, sell
from closeup.jobs.child import do
from closeup.media.image import encode_png
from features.checkout.shelf import PlainModels, counter, write_packshot


def test_a_counter_is_filled_read_and_sells_as_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (read, sell):
        monkeypatch.setattr(module, "CounterModels", PlainModels)
    write_packshot(tmp_path, "cola", background=128)
    (tmp_path / "counter.png").write_bytes(encode_png(counter("cola", "cola")))
    (tmp_path / "products.csv").write_text("name,price,photos\nCola,1500,cola128.png\n")
    shop, reporter = {"shop": str(tmp_path / "shop.db")}, lambda _: None
    photo = str(tmp_path / "counter.png")
    added = do("checkout.import", {"table": str(tmp_path / "products.csv"), **shop}, reporter)  # type: ignore[arg-type]
    assert added is not None
    assert [each["name"] for each in added["answers"]] == ["Cola"]
    found = do("checkout.read", {"photos": [photo], **shop}, reporter)  # type: ignore[arg-type]
    assert found is not None
    assert found["readings"][0]["total_minor"] == 3000
    sale = do("checkout.sell", {"photo": photo, "removed": ["cola"], **shop}, reporter)  # type: ignore[arg-type]
    assert sale is not None
    assert (sale["state"], sale["total_minor"]) == ("paid", 1500)
    json.dumps([added, found, sale])
