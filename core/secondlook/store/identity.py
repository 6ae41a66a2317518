"""What makes two new cases the same case."""

import hashlib
import json

from secondlook.cases import NewCase, Role

PICTURES = (Role.IMAGE, Role.VOLUME)


def case_id(new: NewCase) -> str:
    """Hex sha256 over domain, product and key; without a key, over name and pictures.

    A case without a picture is told apart by its other attachments, and one without attachments
    by its records. Files that join a case with pictures later therefore do not change its id.
    """
    if new.key is not None:
        return _hash([new.domain, new.product, {"key": new.key}])
    pictures = {a.sha256 for a in new.attachments if a.role in PICTURES}
    files = pictures or {a.sha256 for a in new.attachments}
    content = files or {f"{r.kind}:{r.sha256}" for r in new.records}
    return _hash([new.domain, new.product, new.name, sorted(content)])


def _hash(fields: list[object]) -> str:
    return hashlib.sha256(json.dumps(fields, ensure_ascii=True).encode()).hexdigest()
