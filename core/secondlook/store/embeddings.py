"""Embeddings: vectors of pictures and passages, by backbone and precision; and what lacks one.

Vectors are derived from what the store holds and can be made again, so the audit trail does not
tell of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, and_, func, select, tuple_
from sqlalchemy.orm import Session

from secondlook.store import clock
from secondlook.store.case_tables import (
    AttachmentRow,
    CaseRecordRow,
    CaseRow,
    PassageRow,
    RecordRow,
)
from secondlook.store.dialects import insert_or_ignore
from secondlook.store.embedding_finds import attachments_by_key, found_images, found_passages
from secondlook.store.embedding_tables import ImageEmbeddingRow, PassageEmbeddingRow
from secondlook.store.embedding_values import (
    EVERY_CASE,
    CaseFilter,
    FoundImage,
    FoundPassage,
    ImageKey,
    K,
    MissingImage,
    MissingPassage,
    PassageKey,
    Space,
    Vectors,
)
from secondlook.store.identity import PICTURES
from secondlook.store.vectors import from_bytes, to_bytes

CHUNK = 16_384
"""Vectors in memory at a time: 25 MB at 384 dimensions."""


M = TypeVar("M", MissingImage, MissingPassage)


class _Embeddings(ABC, Generic[K, M]):
    """What both kinds share: a row for each key and space."""

    _row: ClassVar[Any]
    _key: ClassVar[Any]

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, space: Space, keys: Sequence[K], vectors: NDArray[np.float32]) -> None:
        """Store the vectors (N, D) of N keys; a key that has one keeps it.

        BadValue for vectors that are no finite matrix; Conflict for a key of nothing stored.
        """
        stored = zip(keys, to_bytes(vectors), strict=True)
        about = {**space._asdict(), "size": vectors.shape[1], "created_at": clock.now()}
        rows = [{**key._asdict(), "vector": vector, **about} for key, vector in stored]
        if rows:
            self._session.execute(insert_or_ignore(self._session, self._row), rows)

    def count(self, space: Space, of: CaseFilter = EVERY_CASE) -> int:
        """How many vectors of a space there are."""
        query = select(func.count()).select_from(self._row).where(*self._where(space, of))
        return self._session.scalar(query) or 0

    def matrix(
        self, space: Space, of: CaseFilter = EVERY_CASE, *, chunk: int = CHUNK
    ) -> Iterator[Vectors[K]]:
        """All vectors of a space, `chunk` at a time, in no particular order."""
        columns = self._row.__table__.c
        wanted = [columns[name] for name in (*self._key._fields, "vector")]
        query = select(*wanted).where(*self._where(space, of))
        # past the ORM, which would make every row anew
        reading = self._session.connection()
        rows = reading.execute(query, execution_options={"yield_per": chunk})
        for part in rows.partitions():
            keys = tuple(self._key(*row[:2]) for row in part)
            yield Vectors(keys=keys, vectors=from_bytes([row[2] for row in part]))

    def count_missing(self, space: Space) -> int:
        """How many pages of `missing` hold in all."""
        query = self._lacking(space).with_only_columns(func.count())
        return self._session.scalar(query) or 0

    @abstractmethod
    def missing(self, space: Space, *, limit: int, after: K | None = None) -> tuple[M, ...]:
        """What has no vector in this space, ascending by key from beyond `after`."""

    @abstractmethod
    def _lacking(self, space: Space) -> Select[Any]: ...

    @abstractmethod
    def _within(self, of: CaseFilter) -> ColumnElement[bool]: ...

    def _where(self, space: Space, of: CaseFilter) -> list[ColumnElement[bool]]:
        return [*self._in(space), *([self._within(of)] if of.conditions() else [])]

    def _in(self, space: Space) -> list[ColumnElement[bool]]:
        return [self._row.backbone == space.backbone, self._row.precision == space.precision]


class ImageEmbeddings(_Embeddings[ImageKey, MissingImage]):
    """Vectors of the pictures and volumes of cases."""

    _row = ImageEmbeddingRow
    _key = ImageKey

    def missing(
        self,
        space: Space,
        *,
        limit: int,
        after: ImageKey | None = None,
        case_id: str | None = None,
    ) -> tuple[MissingImage, ...]:
        """Pictures without a vector in this space; only those of `case_id` where it is given."""
        place = (AttachmentRow.case_id, AttachmentRow.sha256)
        query = self._lacking(space).order_by(*place).limit(limit)
        if case_id is not None:
            query = query.where(AttachmentRow.case_id == case_id)
        if after is not None:
            query = query.where(tuple_(*place) > tuple_(*after))
        keys = [ImageKey(row.case_id, row.sha256) for row in self._session.scalars(query)]
        files = attachments_by_key(self._session, keys)
        return tuple(MissingImage(key=key, attachment=files[key]) for key in keys)

    def of_case(self, space: Space, case_id: str) -> Vectors[ImageKey]:
        """The vectors of one case's pictures, in the order of their hashes."""
        row = ImageEmbeddingRow
        query = select(row.sha256, row.vector).where(*self._in(space), row.case_id == case_id)
        found = self._session.execute(query.order_by(row.sha256)).all()
        keys = tuple(ImageKey(case_id, sha256) for sha256, _ in found)
        return Vectors(keys=keys, vectors=from_bytes([vector for _, vector in found]))

    def spaces(self, backbone: str, case_id: str) -> tuple[Space, ...]:
        """In which precisions a backbone has seen a case's pictures, the latest first."""
        row = ImageEmbeddingRow
        query = select(row.precision).where(row.backbone == backbone, row.case_id == case_id)
        latest = query.group_by(row.precision).order_by(func.max(row.created_at).desc())
        return tuple(Space(backbone, x) for x in self._session.scalars(latest))

    def found(self, keys: Sequence[ImageKey]) -> dict[ImageKey, FoundImage]:
        """Each of these pictures (some hundreds at most) with its case."""
        return found_images(self._session, keys)

    def _lacking(self, space: Space) -> Select[Any]:
        row = ImageEmbeddingRow
        there = and_(
            *self._in(space),
            row.case_id == AttachmentRow.case_id,
            row.sha256 == AttachmentRow.sha256,
        )
        lacks = (AttachmentRow.role.in_(PICTURES), row.case_id.is_(None))
        return select(AttachmentRow).outerjoin(row, there).where(*lacks)

    def _within(self, of: CaseFilter) -> ColumnElement[bool]:
        return ImageEmbeddingRow.case_id.in_(select(CaseRow.id).where(*of.conditions()))


class PassageEmbeddings(_Embeddings[PassageKey, MissingPassage]):
    """Vectors of the passages of records."""

    _row = PassageEmbeddingRow
    _key = PassageKey

    def missing(
        self, space: Space, *, limit: int, after: PassageKey | None = None
    ) -> tuple[MissingPassage, ...]:
        """Passages without a vector in this space, with their text."""
        place = (PassageRow.record_id, PassageRow.ordinal)
        query = self._lacking(space).order_by(*place).limit(limit)
        if after is not None:
            query = query.where(tuple_(*place) > tuple_(*after))
        rows = self._session.scalars(query).all()
        texts = self._texts({row.record_id for row in rows})
        return tuple(
            MissingPassage(
                key=PassageKey(row.record_id, row.ordinal),
                text=texts[row.record_id][row.first : row.beyond],
            )
            for row in rows
        )

    def found(
        self, keys: Sequence[PassageKey], of: CaseFilter = EVERY_CASE
    ) -> dict[PassageKey, FoundPassage]:
        """Each of these passages (some hundreds at most) with a case of `of` that has it.

        It is the case with the smallest id, so that the answer is always the same.
        """
        return found_passages(self._session, keys, of)

    def _texts(self, records: set[int]) -> dict[int, str]:
        query = select(RecordRow.id, RecordRow.text).where(RecordRow.id.in_(records))
        return dict(self._session.execute(query).all())

    def _lacking(self, space: Space) -> Select[Any]:
        row = PassageEmbeddingRow
        there = and_(
            *self._in(space),
            row.record_id == PassageRow.record_id,
            row.ordinal == PassageRow.ordinal,
        )
        return select(PassageRow).outerjoin(row, there).where(row.record_id.is_(None))

    def _within(self, of: CaseFilter) -> ColumnElement[bool]:
        linked = select(CaseRecordRow.record_id).join(CaseRow, CaseRow.id == CaseRecordRow.case_id)
        return PassageEmbeddingRow.record_id.in_(linked.where(*of.conditions()))


class Embeddings:
    """The vectors of the workspace.

    Attributes:
        images: of pictures.
        passages: of passages.
    """

    def __init__(self, session: Session) -> None:
        self.images = ImageEmbeddings(session)
        self.passages = PassageEmbeddings(session)
