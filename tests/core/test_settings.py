"""Settings: file, environment and plugin tables, and errors that say what is wrong."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from secondlook.errors import SettingsError
from secondlook.settings import Settings, load_settings, plugin_settings


def test_defaults_need_no_file(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings.database_url is None
    assert settings.limits.max_pixels == 50_000_000


def test_the_file_is_read_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secondlook.toml").write_text(
        'lease_minutes = 3\nvision_backbone = "a"\n[limits]\nmax_pages = 7\n'
    )
    monkeypatch.setenv("SECONDLOOK_LEASE_MINUTES", "4")
    monkeypatch.setenv("SECONDLOOK_LIMITS__MAX_PIXELS", "99")
    settings = load_settings(tmp_path)
    assert (settings.lease_minutes, settings.vision_backbone) == (4, "a")
    assert (settings.limits.max_pages, settings.limits.max_pixels) == (7, 99)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("leese_minutes = 3", "leese_minutes"),
        ("lease_minutes = 0", "greater than 0"),
        ("lease_minutes = ", "not valid TOML"),
        ("[limits]\nmax_pixel = 3", "limits.max_pixel"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_setting(
    tmp_path: Path, text: str, part: str
) -> None:
    (tmp_path / "secondlook.toml").write_text(text)
    with pytest.raises(SettingsError, match=r"secondlook\.toml") as caught:
        load_settings(tmp_path)
    assert part in str(caught.value)


class _Weld(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit_mm: float = 2.0


def test_a_plugin_gets_its_table_typed() -> None:
    settings = Settings(plugins={"weld": {"limit_mm": "3.5"}})
    assert plugin_settings(settings, "weld", _Weld).limit_mm == 3.5
    assert plugin_settings(settings, "other", _Weld).limit_mm == 2.0


def test_a_wrong_plugin_table_names_table_and_setting() -> None:
    settings = Settings(plugins={"weld": {"limit": 1}})
    with pytest.raises(SettingsError, match=r"\[plugins\.weld\].*limit"):
        plugin_settings(settings, "weld", _Weld)
