"""How long an exact search takes over stored vectors, beside plain numpy on all of them in memory.

python tests/benchmarks/search.py [--vectors 100000] [--size 384] [--queries 30] [--url URL]
"""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from bench_databases import AUDIT_KEY, arguments, databases, load_cases, report, spread
from numpy.typing import NDArray
from sqlalchemy import insert, select

from secondlook.cases import Role
from secondlook.models.search import nearest
from secondlook.store.case_tables import AttachmentRow, CaseRow
from secondlook.store.database import Database
from secondlook.store.embedding_values import CaseFilter, ImageKey, Space

SPACE = Space("b" * 64, "float32")
BATCH = 10_000
COUNT = 10
FILTERS = {
    "every case": CaseFilter(),
    "one product": CaseFilter(domain="parts", product="product-7"),
    "one product, decided": CaseFilter(domain="parts", product="product-7", decided=True),
}


def main() -> None:
    """Load, measure, print."""
    options = arguments(__doc__ or "", vectors=100_000, size=384, queries=30)
    vectors = unit(options.vectors, options.size, seed=1)
    queries = unit(options.queries, options.size, seed=2)
    figures: dict[str, Any] = {"vectors": options.vectors, "size": options.size}
    figures["numpy in memory, float32"] = spread([brute(vectors, x)[0] for x in queries])
    with databases(options.url) as urls:
        for name, url in urls:
            figures[name] = measure(url, vectors, queries)
    report(figures)


def unit(rows: int, size: int, *, seed: int) -> NDArray[np.float32]:
    """Random vectors of unit length."""
    raw = np.random.default_rng(seed).standard_normal((rows, size), dtype=np.float32)
    vectors: NDArray[np.float32] = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    return vectors


def brute(vectors: NDArray[np.float32], query: NDArray[np.float32]) -> tuple[float, list[int]]:
    """Seconds and rows of the best ones: one product, one partition."""
    start = time.perf_counter()
    similarity = vectors @ query
    rows = np.argpartition(-similarity, COUNT)[:COUNT]
    best = [int(x) for x in rows[np.argsort(-similarity[rows])]]
    return time.perf_counter() - start, best


def measure(url: str, vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> dict[str, Any]:
    """All figures of one database."""
    database = Database.connect(url, audit_key=AUDIT_KEY)
    load_cases(database.engine, len(vectors))
    start = time.perf_counter()
    keys = list(load_vectors(database, vectors))
    figures: dict[str, Any] = {"add_s": round(time.perf_counter() - start, 1)}
    for name, of in FILTERS.items():
        figures[name] = spread([searched(database, x, of)[0] for x in queries])
    start = time.perf_counter()
    with database.read() as opened:
        assert opened.embeddings.images.count_missing(SPACE) == 0
    figures["nothing is missing"] = {"ms": round((time.perf_counter() - start) * 1000, 1)}
    same = [
        len({keys[i] for i in brute(vectors, x)[1]} & set(searched(database, x, CaseFilter())[1]))
        for x in queries
    ]
    figures["of 10 also found in float32"] = round(float(np.mean(same)), 2)
    database.dispose()
    return figures


def load_vectors(database: Database, vectors: NDArray[np.float32]) -> Iterator[ImageKey]:
    """One picture a case, and its vector."""
    with database.engine.connect() as connection:
        rows = connection.execute(select(CaseRow.id, CaseRow.picture).order_by(CaseRow.id)).all()
    keys = [ImageKey(case_id, picture) for case_id, picture in rows]
    for first in range(0, len(keys), BATCH):
        part = keys[first : first + BATCH]
        with database.engine.begin() as connection:
            connection.execute(insert(AttachmentRow), [attachment(x) for x in part])
        with database.write() as opened:
            opened.embeddings.images.add(SPACE, part, vectors[first : first + BATCH])
            opened.commit()
        yield from part


def attachment(key: ImageKey) -> dict[str, Any]:
    """A made-up picture."""
    about = {"name": "part.png", "media_type": "image/png", "size": 1, "role": Role.IMAGE}
    return {**key._asdict(), **about, "ordinal": 0, "facts": {}}


def searched(
    database: Database, query: NDArray[np.float32], of: CaseFilter
) -> tuple[float, list[ImageKey]]:
    """Seconds and keys of one search, with the transaction around it."""
    start = time.perf_counter()
    with database.read() as opened:
        found = nearest(query[None], opened.embeddings.images.matrix(SPACE, of), COUNT)
    return time.perf_counter() - start, [x.key for x in found]


if __name__ == "__main__":
    main()
