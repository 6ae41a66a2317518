"""The way back from a case to its patient, as it is sealed."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields

from secondlook.deid.identity import Identity


@dataclass(frozen=True)
class Link:
    """What a case was called before. Nothing of it is in a `repr`, a log line or a message."""

    numbers: tuple[str, ...] = field(default=(), repr=False)
    issuers: tuple[str, ...] = field(default=(), repr=False)
    names: tuple[str, ...] = field(default=(), repr=False)
    births: tuple[str, ...] = field(default=(), repr=False)
    studies: tuple[str, ...] = field(default=(), repr=False)
    cases: tuple[str, ...] = field(default=(), repr=False)
    """As manifests call it."""
    groups: tuple[str, ...] = field(default=(), repr=False)
    files: tuple[str, ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return any(getattr(self, x.name) for x in fields(self))

    def __or__(self, other: "Link") -> "Link":
        """Everything that either says, each once and in order."""
        both = {
            x.name: tuple(sorted({*getattr(self, x.name), *getattr(other, x.name)}))
            for x in fields(self)
        }
        return Link(**both)


def link_of(identities: Iterable[Identity], files: Iterable[str]) -> Link:
    """What the files of a case say of it, and what they are called."""
    known = tuple(identities)
    return Link() | Link(
        numbers=tuple(x.number for x in known if x.number),
        issuers=tuple(x.issuer for x in known if x.issuer),
        names=tuple(x.name for x in known if x.name),
        births=tuple(x.birth for x in known if x.birth),
        studies=tuple(x.study for x in known if x.study),
        files=tuple(files),
    )


def to_json(link: Link) -> bytes:
    """The link as bytes, always the same for the same link."""
    return json.dumps(asdict(link), sort_keys=True).encode()


def from_json(text: bytes) -> Link:
    """The link of such bytes."""
    return Link(**{name: tuple(values) for name, values in json.loads(text).items()})
