"""Every error a user can meet, as one tree.

    SecondlookError
    ├── UsageError             the words of a call name something that does not exist
    │   └── PluginError        a domain, backbone or exporter that no loaded plugin brings
    ├── SettingsError          secondlook.toml, an environment variable or a plugin's table is wrong
    ├── WorkspaceError         there is no workspace, or it cannot be used
    ├── NotAcknowledged        the intended use of a domain was not acknowledged by who reviews
    ├── NotAllowed             the role of whoever acts is not enough
    │   └── SignedOut          nobody is signed in, or not any more
    ├── NotSignedIn            a name and a passphrase, or a link, that open nothing
    ├── IntakeError            a source that cannot be read at all (one bad file is quarantined instead)
    │   └── ManifestError      a manifest with a missing column or a row that makes no sense
    ├── ModelError             a backbone or an adapter that cannot be used
    │   ├── BackboneError      missing, unsafe or damaged checkpoint
    │   └── AdapterError       missing, damaged, or made for another backbone
    └── StoreError             the database refuses
        ├── BadValue           a value that no database can hold: NaN, NUL, half a character
        ├── NotFound           no such case, adapter or user
        ├── LeaseLost          somebody else holds the case now
        │   └── OthersTurn     the case waits for another reader, or for a lead
        ├── Conflict           the case changed since it was read
        └── AuditBroken        the audit trail does not verify

Messages say what was attempted, the value that was met, and what would work. They never
quote the content of a record: notes may name patients.
"""


class SecondlookError(Exception):
    """Base of all errors this project raises on purpose."""


class UsageError(SecondlookError):
    """The words of a call name something that does not exist."""


class SettingsError(SecondlookError):
    """A setting is missing, misspelt or of the wrong type."""


class WorkspaceError(SecondlookError):
    """The workspace folder is missing or cannot be used."""


class PluginError(UsageError):
    """Something was asked for by a name that no loaded plugin registered."""


class NotAcknowledged(SecondlookError):
    """Somebody reviews in a domain whose intended use they have not acknowledged."""

    def __init__(self, message: str, domain: str) -> None:
        super().__init__(message)
        self.domain = domain
        """The name of the domain."""


class NotAllowed(SecondlookError):
    """Somebody wants to do what their role does not allow."""

    def __init__(self, message: str, permission: str = "", domain: str = "*") -> None:
        super().__init__(message)
        self.permission, self.domain = permission, domain
        """What was refused, and in which domain; empty where nothing in particular was asked."""


class SignedOut(NotAllowed):
    """The session ended, or there is none."""


class NotSignedIn(SecondlookError):
    """Signing in was refused. What is said is the same for names that exist and others."""

    def __init__(self, message: str, *, wait: int = 0) -> None:
        super().__init__(message)
        self.wait = wait
        """Seconds after which another try is looked at."""


class IntakeError(SecondlookError):
    """A whole source cannot be read."""


class ManifestError(IntakeError):
    """A manifest lacks a column or holds a row that makes no sense."""


class ModelError(SecondlookError):
    """A model cannot be loaded or used."""


class BackboneError(ModelError):
    """A backbone checkpoint is missing, unsafe or damaged."""


class AdapterError(ModelError):
    """An adapter is missing, damaged, or was made for another backbone."""


class StoreError(SecondlookError):
    """The database refuses an operation."""


class BadValue(StoreError):
    """A value cannot be stored, whatever the state of the database."""


class NotFound(StoreError):
    """No row has the given identifier."""


class LeaseLost(StoreError):
    """The lease under which a reviewer acted is no longer theirs."""


class OthersTurn(LeaseLost):
    """A case waits for somebody else: for a second reader, or for a lead."""


class Conflict(StoreError):
    """A row changed since it was read."""


class AuditBroken(StoreError):
    """The audit trail does not verify."""
