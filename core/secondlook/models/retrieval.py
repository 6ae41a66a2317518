"""Which passages of a record answer a query: cosine similarity of sentence embeddings."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from secondlook.assessments import BackboneRef
from secondlook.cases import Passage, Record
from secondlook.model_io import PassageMatch, Query
from secondlook.models.backbones import TextBackbone

BEST = 10
"""Matches kept per query."""
REMEMBERED = 20_000
"""Vectors kept in memory: 30 MB at 384 dimensions."""


class RememberingText:
    """A `TextBackbone` that keeps the vectors of the texts it saw last. Thread-safe.

    A product's manual goes with each of its cases, so most passages are asked for again.
    """

    def __init__(self, backbone: TextBackbone, limit: int = REMEMBERED) -> None:
        self._backbone = backbone
        self._limit = limit
        self._vectors: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def ref(self) -> BackboneRef:
        """Which backbone this is, exactly."""
        return self._backbone.ref

    def __len__(self) -> int:
        """How many vectors are kept now."""
        return len(self._vectors)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors (N, D) of unit length."""
        keys = [hashlib.sha256(x.encode("utf-8", "surrogatepass")).digest() for x in texts]
        with self._lock:
            known = {x: self._vectors[x] for x in keys if x in self._vectors}
        new = {k: t for k, t in zip(keys, texts, strict=True) if k not in known}
        if new or not texts:
            vectors = self._backbone.embed(list(new.values()))
            if not texts:
                return vectors
            known |= dict(zip(new, vectors, strict=True))
        self._keep(keys, known)
        return np.stack([known[x] for x in keys])

    def _keep(self, keys: Sequence[bytes], vectors: dict[bytes, NDArray[np.float32]]) -> None:
        with self._lock:
            for key in keys:
                self._vectors[key] = vectors[key]
                self._vectors.move_to_end(key)
            while len(self._vectors) > self._limit:
                self._vectors.popitem(last=False)


def rank_passages(
    text: TextBackbone, records: Sequence[Record], queries: Sequence[Query], best: int = BEST
) -> tuple[PassageMatch, ...]:
    """The `best` passages of all records for each query, in the order of the queries.

    Equal similarities keep the order of the records, so that the answer is always the same.
    """
    places: list[tuple[Record, Passage]] = [
        (record, passage) for record in records for passage in record.passages
    ]
    if not places or not queries:
        return ()
    passages = text.embed([passage.text for _, passage in places])
    similarity = text.embed([query.text for query in queries]) @ passages.T  # (queries, passages)
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :best]
    return tuple(
        PassageMatch(
            query=query,
            record=places[j][0],
            passage=places[j][1],
            similarity=float(np.clip(similarity[i, j], -1, 1)),
        )
        for i, query in enumerate(queries)
        for j in order[i]
    )
