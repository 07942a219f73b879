"""Tables for the tests of appraise: houses whose prices follow a rule."""

from pathlib import Path

import numpy as np

from closeup.tables.strict_csv import table_bytes


def house_rows(count: int = 240, seed: int = 0) -> list[dict[str, object]]:
    """Houses of two towns: dear in the north, by the size and the age; every twentieth was sold twice."""
    draw = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for number in range(count):
        north = draw.uniform(0, 0.2)
        size, built = int(draw.integers(600, 4000)), int(draw.integers(1900, 2015))
        price = np.exp(9 + 0.6 * np.log(size) + 4 * north + 0.002 * (built - 1950) + draw.normal(0, 0.1))
        rows.append(
            {
                "id": f"{7000000000 + number - (number % 20 == 1)}",
                "date": f"2014{1 + number % 12:02d}13T000000",
                "price": round(float(price)),
                "sqft_living": size,
                "sqft_lot": size * 3,
                "bedrooms": 1 + size // 900,
                "yr_built": built,
                "yr_renovated": 2010 if number % 11 == 0 else 0,
                "kind": ("flat", "house", "farm")[number % 3],
                "zipcode": 98100 + int(north * 40),
                "lat": round(47.5 + north, 5),
                "long": round(-122.3 + draw.uniform(0, 0.2), 5),
                "remark": f"house number {number} with a view of {draw.integers(1000000)}",
            }
        )
    return rows


def write_rows(path: Path, rows: list[dict[str, object]], encoding: str = "utf-8") -> Path:
    """Write rows as CSV."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = table_bytes(columns, rows).decode()  # type: ignore[arg-type]
    path.write_bytes(text.encode(encoding))
    return path
