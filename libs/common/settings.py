"""Everything that may differ between a laptop and a cluster, read from the environment once.

`services/__main__.py` builds one `Settings` and passes it down; no module reads the environment on import.
Every setting is documented in `docs/running.md` (a test compares the two).
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_ISSUER = "urn:yangguang:development"


class Settings(BaseSettings):
    """The settings of one process. Names are the environment variables in lower case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    data_dir: Path = Field(
        Path(".data"), description="Folder of the embedded PostgreSQL, its lock and the development secrets."
    )
    database_url: str | None = Field(
        None,
        description="PostgreSQL with `{service}` where the database name varies, for example "
        "`postgresql://yangguang@db/yangguang_{service}`. Unset: the embedded PostgreSQL under `DATA_DIR`.",
    )
    pool_size: int = Field(
        8, ge=1, le=100, description="Write connections per service; reads, which are short, have half as many."
    )
    kafka_bootstrap_servers: str | None = Field(
        None,
        description="Kafka brokers as `host:port`, comma-separated. Unset: the journal bus, which needs no broker.",
    )
    kafka_replication_factor: int = Field(
        1, ge=1, le=9, description="Copies of each partition, for topics that a worker has to create."
    )
    kafka_topic_prefix: str = Field(
        "yangguang",
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        description="First part of every topic's name; platforms that share brokers need different ones.",
    )
    oidc_issuer: str = Field(DEVELOPMENT_ISSUER, description="Issuer of staff tokens. Unset: the development issuer.")
    oidc_jwks_url: str | None = Field(
        None, description="Where the issuer's public keys are. Required with a real issuer."
    )
    oidc_audience: str = Field("yangguang", description="Audience that a token must name.")
    cursor_secret: SecretStr | None = Field(
        None, description="Key that signs page cursors. Unset: one is made and kept under `DATA_DIR`."
    )
    calendar_file: Path | None = Field(
        None, description="Holiday arrangement (holiday-cn JSON) for years after the built-in ones."
    )
    index_number_pattern: str = Field(
        "{uscc}/{year}-{serial:05d}",
        description="Pattern of the 索引号. Names: uscc, organisation, region, year, month, serial.",
    )
    body_limit_bytes: int = Field(2_000_000, ge=1_000, description="Largest request body accepted.")
    public_cache_seconds: int = Field(5, ge=0, le=3600, description="`max-age` of public pages and listings.")
    demo: bool = Field(True, description="Whether `all` loads the demo county into an empty embedded default.")
    failpoints: str | None = Field(
        None,
        description="Named faults for tests, as `sequencer.after_commit=kill`; refused where a real issuer is set.",
    )
    log_format: Literal["text", "json"] = Field("text", description="Log lines for people or for machines.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        if self.database_url is not None and "{service}" not in self.database_url:
            raise ValueError("DATABASE_URL must contain {service}: each service has a database of its own")
        if self.real_issuer and self.oidc_jwks_url is None:
            raise ValueError("OIDC_JWKS_URL is required when OIDC_ISSUER names a real issuer")
        if self.failpoints and self.real_issuer:
            raise ValueError("FAILPOINTS are for tests: a platform with a real issuer does not break on purpose")
        if not self.index_number_pattern.count("{serial"):
            raise ValueError("INDEX_NUMBER_PATTERN must contain {serial}: an index number is never reused")
        return self

    @property
    def real_issuer(self) -> bool:
        """Whether staff sign in with a real issuer; the development issuer then refuses to start."""
        return self.oidc_issuer != DEVELOPMENT_ISSUER
