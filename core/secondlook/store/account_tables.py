"""Rows of people, their roles, how they sign in, and their sessions."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from secondlook.accounts.actor import Role
from secondlook.store.base import Base, Sha256, one_of


class UserRow(Base):
    """Somebody who acts. A name without a passphrase has decided before, or signs in elsewhere."""

    __tablename__ = "users"

    name: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    passphrase: Mapped[str | None]
    """An argon2id hash with its parameters."""
    one_time_until: Mapped[datetime | None]
    """Until when the passphrase is good for being changed, and for nothing else."""
    disabled_at: Mapped[datetime | None]
    custodian_at: Mapped[datetime | None]
    """Since when they may ask whose a case is."""


class GrantRow(Base):
    """The role of somebody in a domain, or for all (`*`)."""

    __tablename__ = "grants"

    user: Mapped[str] = mapped_column(ForeignKey("users.name"), primary_key=True)
    domain: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[Role]

    __table_args__ = (one_of("role", Role),)


class IdentityRow(Base):
    """What an identity provider calls somebody."""

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.name"))


class How(StrEnum):
    """How somebody proved who they are."""

    PASSPHRASE = "passphrase"
    LINK = "link"
    PROVIDER = "provider"


class SessionRow(Base):
    """One browser in which somebody is signed in; the digest of its token, never the token."""

    __tablename__ = "sessions"

    digest: Mapped[Sha256] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.name"))
    how: Mapped[str]
    since: Mapped[datetime]
    idle_at: Mapped[datetime]
    """When it ends unless something is done before."""
    until: Mapped[datetime]

    __table_args__ = (Index("ix_sessions_user", "user"), Index("ix_sessions_until", "until"))


class OneTimeRow(Base):
    """A link, or the answer of an identity provider, that is good once; its digest."""

    __tablename__ = "one_time"

    digest: Mapped[Sha256] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    user: Mapped[str | None] = mapped_column(ForeignKey("users.name"))
    until: Mapped[datetime]


class SignInTryRow(Base):
    """How often in a row a passphrase was wrong, for the accounts that share a counter."""

    __tablename__ = "sign_in_tries"

    bucket: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    failures: Mapped[int]
    last_at: Mapped[datetime]
