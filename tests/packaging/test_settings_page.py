"""The page of settings names every setting, with what holds unless it is set."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from secondlook.discovery import load_plugins
from secondlook.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)


def told() -> dict[str, str]:
    """Each setting of the table with its default as the page writes it."""
    return {name: value.strip().strip("`") for name, value in ROW.findall(PAGE.read_text())}


def settings(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting with its default, tables unfolded."""
    for name, field in model.model_fields.items():
        value = field.get_default(call_default_factory=True)
        if isinstance(value, BaseModel):
            yield from settings(type(value), f"{prefix}{name}.")
        elif f"{prefix}{name}" != "plugins":
            yield f"{prefix}{name}", value


def all_settings() -> dict[str, Any]:
    """Of the workspace and of the domains that come with it."""
    domains = load_plugins().domains.values()
    of_plugins = [
        x for domain in domains for x in settings(domain.settings_class, f"plugins.{domain.name}.")
    ]
    return dict([*settings(Settings), *of_plugins])


def test_every_setting_is_in_the_table_and_no_other() -> None:
    assert sorted(told()) == sorted(all_settings())


def test_what_holds_unless_it_is_set_is_told() -> None:
    said = told()
    for name, value in all_settings().items():
        if isinstance(value, bool):
            assert said[name] == str(value).lower(), name
        elif isinstance(value, str):
            assert said[name] == value, name
        elif isinstance(value, int | float):
            assert float(said[name]) == value, name
        else:
            assert not value and not said[name].isdigit(), name
