"""Settings (设置): environment variables with the prefix ``GONGDAN_``, or a ``.env`` file; ``gongdan settings`` lists them."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_STORE = "sqlite:///gongdan-data/gongdan.db"


class Settings(BaseSettings):
    """The settings in force."""

    model_config = SettingsConfigDict(env_prefix="GONGDAN_", env_file=".env", extra="ignore", frozen=True)

    store: str = Field(DEFAULT_STORE, description="where events are kept: sqlite:///PATH or postgresql://…")
    keys: str = Field("", description="where subjects' keys are kept; default: a SQLite file beside a SQLite store")
    master_key_file: Path | None = Field(None, description="the master key; default: master.key beside a SQLite store")
    policy_file: Path | None = Field(None, description="the company's policy (TOML) instead of the one shipped")
    price_list_file: Path | None = Field(None, description="the company's price list (TOML) instead of the one shipped")
    rule_book_file: Path | None = Field(None, description="the company's scorecard (TOML) instead of the one shipped")
    body_limit: int = Field(1_048_576, ge=1024, description="largest JSON body, in bytes")
    body_seconds: float = Field(10.0, gt=0, description="longest time a body may take to arrive, in seconds")
    queue: int = Field(1000, ge=1, description="commands that may wait for the store; the next gets 503")
    deadline: float = Field(5.0, gt=0, description="longest time a command may take in the store, in seconds")
    patience: float = Field(
        0.4, gt=0, description="longest time a request may take under load, in seconds; what would take longer gets 503 at once"
    )
    stop_seconds: float = Field(
        10.0, ge=1, description="seconds after SIGTERM in which a server has ended; begun requests have six tenths of them"
    )
    streams: int = Field(1000, ge=1, description="live streams open at once, for each server process; the next gets 503")
    follow: bool = Field(
        True, description="whether the server moves read models and processes; false where `gongdan follow` does (PostgreSQL)"
    )
    read_seconds: float = Field(
        20.0, gt=0, description="longest time until the answer to a request that reads begins, in seconds"
    )
    rate: str = Field("1200/minute", description="requests per token, for each server process")
    sign_in_rate: str = Field("30/minute", description="requests with a wrong token, and wrong passwords, per address")
    password_rate: str = Field("10/5minutes", description="wrong passwords per login before even the right one is refused")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="lowest level that is logged")
    token: str = Field("", description="the API token that the command line uses instead of --as")

    @property
    def one_process(self) -> bool:
        """Whether one server process alone may serve the store, because it is a SQLite file."""
        return self.store.startswith("sqlite:///")

    @property
    def keys_url(self) -> str:
        """The key store's URL; if not set, a file beside a SQLite store. Raises SettingsError."""
        if self.keys:
            return self.keys
        if self.one_process:
            return f"sqlite:///{self._beside('gongdan-keys.db')}"
        raise SettingsError("GONGDAN_KEYS must name the key store's own database where the store is PostgreSQL")

    @property
    def master_key_path(self) -> Path:
        """The master key's file; if not set, a file beside a SQLite store. Raises SettingsError."""
        if self.master_key_file is not None:
            return self.master_key_file
        if self.one_process:
            return self._beside("master.key")
        raise SettingsError("GONGDAN_MASTER_KEY_FILE must name the master key's file where the store is PostgreSQL")

    def _beside(self, name: str) -> Path:
        return Path(self.store.removeprefix("sqlite:///")).parent / name


class SettingsError(Exception):
    """A required setting is missing; the message names it and the reason."""
