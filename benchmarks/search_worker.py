"""One way to search, in a process of its own, so that its memory and its start can be told: JSON in, JSON out.

python benchmarks/search_worker.py '{"way": "store", "url": ..., "queries": FILE.npy, "k": 10, "repeats": 9}'
Ways: "store" (the gallery's exact search), "numpy" (a plain product over an .npy file), "half" (float16 in memory,
compared in float32 block by block, the best scored again in float32), "hnsw" (pgvector's index, with `candidates`).
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray

Found = NDArray[np.int64]
Searcher = Callable[[FloatArray], Found]

ROWS = 4096
"""Of float16 that are turned into float32 at once: they stay in the processor's cache."""


def main() -> None:
    given = json.loads(sys.argv[1])
    queries = np.load(given["queries"])
    started = time.perf_counter()
    search: Searcher = WAYS[given["way"]](given)
    start_s = time.perf_counter() - started
    alone = [_timed(search, queries[i % len(queries)][None])[0] for i in range(given["repeats"])]
    batches = [_timed(search, queries) for _ in range(max(1, given["repeats"] // 3))]
    report = {
        "start_s": start_s,
        "alone_s": alone,
        "batch_s": [took for took, _ in batches],
        "peak_mb": _peak_mb(),
        "found": batches[0][1].tolist(),
    }
    sys.stdout.write(json.dumps(report))


def _peak_mb() -> float:
    """The most memory of this process since it began; what its parent held before does not count."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("/proc/self/status does not tell the peak of memory")


def _timed(search: Searcher, queries: FloatArray) -> tuple[float, Found]:
    started = time.perf_counter()
    found = search(queries)
    return time.perf_counter() - started, found


def by_store(given: dict[str, Any]) -> Searcher:
    """The gallery as it is: opened, all templates read."""
    from closeup.storage.gallery import open_gallery

    store = open_gallery(given["url"])
    store.matrix(given["model"])
    return lambda queries: store.nearest(given["model"], queries, given["k"]).template_ids


def by_numpy(given: dict[str, Any]) -> Searcher:
    """What one writes without a library: the product, the k largest by argpartition, those sorted."""
    vectors, k = np.load(given["vectors"]), given["k"]

    def search(queries: FloatArray) -> Found:
        scores = vectors @ queries.T
        best = np.argpartition(scores, -k, axis=0)[-k:]
        order = np.argsort(-np.take_along_axis(scores, best, axis=0), axis=0, kind="stable")
        return np.asarray(np.take_along_axis(best, order, axis=0).T + 1)

    return search


def by_half(given: dict[str, Any]) -> Searcher:
    """Half the memory: float16, of which the 4 k best are scored again by the float32 vectors on disk."""
    from closeup.algorithms.clustering.nearest import nearest_rows

    exact = np.load(given["vectors"], mmap_mode="r")
    half, k = exact.astype(np.float16), given["k"]

    def search(queries: FloatArray) -> Found:
        wide = min(4 * k, len(half))
        best = np.empty((len(queries), 0), dtype=np.int64)
        values = np.empty((len(queries), 0), dtype=np.float32)
        for start in range(0, len(half), ROWS):
            scores = queries @ half[start : start + ROWS].astype(np.float32).T
            if values.shape[1] == wide and not (scores > values.min(axis=1, keepdims=True)).any():
                continue
            best = np.hstack([best, np.broadcast_to(np.arange(start, start + scores.shape[1]), scores.shape)])
            values = np.hstack([values, scores])
            keep = np.argpartition(-values, min(wide, values.shape[1]) - 1, axis=1)[:, :wide]
            best, values = np.take_along_axis(best, keep, axis=1), np.take_along_axis(values, keep, axis=1)
        again = [
            nearest_rows(np.ascontiguousarray(exact[np.sort(rows)]), q[None], k)[0][0]
            for rows, q in zip(best, queries, strict=True)
        ]
        return np.stack([np.sort(rows)[chosen] for rows, chosen in zip(best, again, strict=True)]) + 1

    return search


def by_hnsw(given: dict[str, Any]) -> Searcher:
    """Pgvector's index, which is there already."""
    from closeup.storage import hnsw
    from closeup.storage.gallery import open_gallery

    hnsw.CANDIDATES = given["candidates"]
    store = open_gallery(given["url"])
    return lambda queries: store.nearest(given["model"], queries, given["k"], search="hnsw").template_ids


WAYS: dict[str, Callable[[dict[str, Any]], Searcher]] = {
    "store": by_store,
    "numpy": by_numpy,
    "half": by_half,
    "hnsw": by_hnsw,
}

if __name__ == "__main__":
    main()
