"""Settings: one TOML file in the workspace, overridden by environment variables.

`SECONDLOOK_DATABASE_URL=…` overrides a value, `SECONDLOOK_LIMITS__MAX_PIXELS=…` one inside a
table. The table `[plugins.<name>]` is typed by the plugin that owns it.
"""

from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from secondlook.errors import SettingsError
from secondlook.second_reads import SecondRead

FILE = "secondlook.toml"
MIB = 1024 * 1024
S = TypeVar("S", bound=BaseModel)


class Limits(BaseModel):
    """What one file may cost. All are checked before anything is decoded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_file_bytes: int = Field(default=512 * MIB, gt=0)
    max_pixels: int = Field(default=50_000_000, gt=0)
    """Width x height x frames of a picture, as its header states them."""
    max_voxels: int = Field(default=200_000_000, gt=0)
    max_pages: int = Field(default=500, gt=0)
    max_unpacked_bytes: int = Field(default=100 * MIB, gt=0)
    """What a compressed document or volume may unpack to."""
    max_text_chars: int = Field(default=2_000_000, gt=0)
    parse_seconds: float = Field(default=5.0, gt=0)
    parse_memory_bytes: int = Field(default=1024 * MIB, gt=0)
    """Address space of the process that parses files, above what it starts with."""


class Deidentify(BaseModel):
    """What is removed before anything is stored, in domains whose files name patients.

    The `retain_` and `clean_` options are those of DICOM PS3.15 Annex E, by their names there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    keep_link: bool = True
    """Whether the way back from a case to its patient is kept, encrypted, in a table of its own."""
    pixels_checked: tuple[str, ...] = ()
    """Modalities (`US`) whose pictures are taken in although such often show text."""
    retain_uids: bool = False
    retain_device_identity: bool = False
    retain_institution_identity: bool = False
    retain_patient_characteristics: bool = True
    """Sex, age (90 at most), size, weight and the like, which adapters are chosen by."""
    retain_full_dates: bool = False
    retain_modified_dates: bool = True
    """All dates of a patient moved by the same time."""
    clean_descriptors: bool = False
    clean_structured_content: bool = False
    clean_graphics: bool = False
    retain_safe_private: bool = False

    @model_validator(mode="after")
    def _one_kind_of_dates(self) -> Self:
        if self.retain_full_dates and self.retain_modified_dates:
            raise ValueError("retain_full_dates goes only with retain_modified_dates = false")
        return self


class Accounts(BaseModel):
    """How long people stay signed in, and what guessing a passphrase costs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    idle_minutes: int = Field(default=15, gt=0)
    """A session in which nothing is done ends after so long."""
    absolute_hours: int = Field(default=12, gt=0)
    """A session ends after so long in any case."""
    one_time_days: int = Field(default=7, gt=0)
    """How long the passphrase that an owner gives may be used to choose one's own."""
    hash_memory_mib: int = Field(default=46, ge=19)
    hash_passes: int = Field(default=2, ge=2)
    """Memory and passes of argon2id; what OWASP names is the least."""


class Provider(BaseModel):
    """An OpenID Connect provider; none without `client_id`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = "single sign-on"
    """As the button of the sign-in page calls it."""
    metadata_url: str | None = None
    """Where the provider describes itself: `https://…/.well-known/openid-configuration`."""
    client_id: str | None = None
    client_secret: str | None = None
    origin: str | None = None
    """Under which address people open this program: `https://review.example.org`."""
    name_claim: str = "preferred_username"
    """What a new account is called."""
    role_claim: str = "groups"
    roles: dict[str, str] = {}
    """Values of that claim to roles, `reviewer` or `reviewer@radiology-assistant`; they are set
    anew at every sign-in. Without any, roles are given here and nobody unknown comes in."""


class Serving(BaseModel):
    """Where the review UI may be opened from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tls_hosts: tuple[str, ...] = ()
    """Names under which a proxy that ends TLS leads here: `["review.example.org"]`."""


class Settings(BaseSettings):
    """All settings of a workspace."""

    model_config = SettingsConfigDict(
        env_prefix="SECONDLOOK_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    home: Path | None = None
    """Set by SECONDLOOK_HOME; where the workspace lies."""
    database_url: str | None = None
    """SQLAlchemy URL; None is an SQLite file in the workspace."""
    limits: Limits = Limits()
    deidentify: Deidentify = Deidentify()
    vision_backbone: str = "starter"
    text_backbone: str = "minilm"
    lease_minutes: int = Field(default=15, gt=0)
    hand_over_minutes: int = Field(default=60, gt=0)
    """How long a case that was handed over waits for that reviewer alone."""
    second_read: dict[str, SecondRead] = {}
    """By domain, when a second person reads; a domain that is not named asks for none."""
    accounts: Accounts = Accounts()
    provider: Provider = Provider()
    ui: Serving = Serving()
    threads: int | None = Field(default=None, gt=0)
    """Threads for models; None leaves it to the library."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """What networks that see compute in; `auto` is bfloat16 where that is quicker."""
    disabled_plugins: tuple[str, ...] = ()
    plugins: dict[str, dict[str, Any]] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file: what is set for one run wins."""
        file = settings_cls.model_config.get("toml_file")
        return (
            init_settings,
            env_settings,
            TomlConfigSettingsSource(settings_cls, toml_file=file),
        )


def load_settings(home: Path) -> Settings:
    """Read `secondlook.toml` in `home` (it need not exist) and the environment.

    Raises SettingsError that names the file, the setting and what would be right.
    """
    file = home / FILE

    class _FileSettings(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    try:
        return _FileSettings()
    except ValidationError as error:
        raise SettingsError(f"{file} or the environment: {_explain(error)}") from None
    except ValueError as error:  # not TOML at all
        raise SettingsError(f"{file} is not valid TOML: {error}") from None


def plugin_settings(settings: Settings, name: str, settings_class: type[S]) -> S:
    """The table `[plugins.<name>]` as an instance of the plugin's own class."""
    table = settings.plugins.get(name, {})
    try:
        return settings_class.model_validate(table)
    except ValidationError as error:
        raise SettingsError(f"[plugins.{name}] in {FILE}: {_explain(error)}") from None


def _explain(error: ValidationError) -> str:
    problems = (
        f"{'.'.join(str(x) for x in item['loc'])}: {item['msg']}" for item in error.errors()
    )
    return "; ".join(problems)
