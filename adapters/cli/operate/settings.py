"""``gongdan settings``: list every setting with its value (passwords hidden) and source."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from dotenv import dotenv_values

from adapters.cli.terminal.console import Json, emit, say, table
from adapters.system.settings import Settings

PREFIX = "GONGDAN_"
SECRET = ("token",)
_PASSWORD = (re.compile(r"(?<=://)([^/@:]*):[^/]*(?=@)"), re.compile(r"(?i)([?&](?:ssl)?password)=[^&]*"))


def hidden(name: str, value: object) -> str:
    """A setting's value with its secrets hidden."""
    text = "" if value is None else str(value)
    if name in SECRET and text:
        return "***"
    text = _PASSWORD[0].sub(r"\1:***", text)
    return _PASSWORD[1].sub(r"\1=***", text)


def sources() -> dict[str, str]:
    """Variables with the prefix, in capitals, and the source of each; the environment takes precedence over ``.env``."""
    found = dict.fromkeys((name.upper() for name in dotenv_values(".env")), ".env") if Path(".env").is_file() else {}
    found |= dict.fromkeys((name.upper() for name in os.environ), "environment")
    return {name: source for name, source in found.items() if name.startswith(PREFIX)}


def unknown() -> list[str]:
    """Variables with the prefix that are no setting, and so most likely misspelt."""
    return sorted(set(sources()) - {PREFIX + name.upper() for name in Settings.model_fields})


def listed() -> Iterator[dict[str, str]]:
    """Yield every setting in the order of declaration; a value derived from others is shown as derived."""
    settings, where = Settings(), sources()
    beside = settings.store.startswith("sqlite:///")
    derived = {"keys": settings.keys_url, "master_key_file": settings.master_key_path} if beside else {}
    for name, field in Settings.model_fields.items():
        source = where.get(PREFIX + name.upper(), "default")
        value = getattr(settings, name)
        if source == "default" and name in derived:
            value = derived[name]
        yield {"name": PREFIX + name.upper(), "value": hidden(name, value), "source": source, "meaning": field.description or ""}


def settings(json: Json = False) -> None:
    """List every setting with its value and source; passwords and tokens are hidden."""
    found = list(listed())
    if json:
        emit({"settings": found, "unknown": unknown()})
        return
    table(("setting", "value", "source", "meaning"), [tuple(one.values()) for one in found])
    for name in unknown():
        say(f"{name} is not a setting of this program")
