"""All settings: read from `THREADLOG_*` once, in bootstrap, and passed on as plain values."""

from pathlib import Path
from typing import Literal

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

FIRST_KEY_CHARACTERS = 16


class Settings(BaseSettings):
    """Every field has a unit and an example; an empty variable is as good as none."""

    model_config = SettingsConfigDict(
        env_prefix="THREADLOG_",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL, run-time login",
        examples=["postgresql://threadlog:secret@db:5432/threadlog"],
    )
    owner_database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL, login for migrations; default: the run-time login",
        examples=["postgresql://postgres:secret@db:5432/threadlog"],
    )
    redis_url: SecretStr | None = Field(
        default=None, description="Redis or Valkey", examples=["redis://cache:6379/0"]
    )
    redis_prefix: str = Field(
        default="", description="before every key and channel", examples=["staging:"]
    )
    data_dir: Path = Field(
        default=Path(".threadlog"),
        description="folder of the embedded servers and of the first key",
        examples=["/var/lib/threadlog"],
    )
    host: str = Field(default="127.0.0.1", description="address of the API", examples=["0.0.0.0"])  # noqa: S104
    port: int = Field(default=8000, ge=0, le=65535, description="port of the API", examples=[8080])
    api_key: SecretStr | None = Field(
        default=None,
        min_length=FIRST_KEY_CHARACTERS,
        description="the first administrator's key, at least 16 characters; default: one is made",
        examples=["tl_…"],
    )
    model: str = Field(
        default="demo",
        description="the model of agents that name none",
        examples=["openai-chat:gpt-5", "openai-responses:gpt-5", "anthropic:claude-sonnet-5"],
    )
    agents: str = Field(
        default="interfaces.agents.assistant:assistant",
        description="the agents, the first one is the default: module:name, …",
        examples=["support.agents:get_support_agent_spec"],
    )
    projections: str = Field(
        default="",
        description="read models beside the built-in ones: module:NAME, …",
        examples=["support.read_models:QUESTIONS_PER_DAY"],
    )
    workers: PositiveInt = Field(
        default=2, description="worker processes of `threadlog up`", examples=[4]
    )
    tool_workers: NonNegativeInt = Field(
        default=1,
        description="those of `up` for background tools alone; 0: every worker does both",
        examples=[0],
    )
    slots: PositiveInt = Field(
        default=50, description="completions at once in one worker process", examples=[20]
    )
    tool_slots: PositiveInt = Field(
        default=20, description="background tools at once in one worker process", examples=[5]
    )
    worker_only: Literal["chat", "tools"] | None = Field(
        default=None,
        description="what a worker process does, of answers and background tools; default: both",
        examples=["tools"],
    )
    drain_seconds: PositiveFloat = Field(
        default=30.0,
        description="seconds that a worker waits for its running answers before it hands over",
        examples=[10],
    )
    idle_timeout_seconds: PositiveFloat = Field(
        default=60.0,
        description="seconds of a model's silence after which the answer has failed",
        examples=[120],
    )
    run_timeout_seconds: PositiveFloat = Field(
        default=900.0, description="seconds after which an answer has failed", examples=[3600]
    )
    model_retries: NonNegativeInt = Field(
        default=2,
        description="how often a model in trouble is asked again, in each step of an answer",
        examples=[0],
    )
    answer_characters: PositiveInt = Field(
        default=1_000_000,
        description="characters after which an answer has failed, reasoning and arguments included",
        examples=[200_000],
    )
    streams: PositiveInt = Field(
        default=4_000, description="streams open at once in one API process", examples=[500]
    )
    streams_each: PositiveInt = Field(
        default=1_000, description="those of one account", examples=[50]
    )
    keep_requests: bool = Field(
        default=False,
        description="keep the bodies of requests to models, for auditors",
        examples=["true"],
    )
    hosts: str = Field(
        default="",
        description="names that requests may be addressed to; default: any",
        examples=["chat.example.com,localhost"],
    )
    webhook_private: bool = Field(
        default=False,
        description="let webhooks be at http:// addresses and in private networks",
        examples=["true"],
    )
    allow_unsafe_database: bool = Field(
        default=False,
        description="for tests only: start on a PostgreSQL that may lose what it has acknowledged",
        examples=["true"],
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level", examples=["debug"]
    )

    @property
    def host_names(self) -> list[str]:
        """`hosts` as a list, in lower case."""
        return [name.strip().lower() for name in self.hosts.split(",") if name.strip()]

    @field_validator("database_url", "owner_database_url")
    @classmethod
    def _is_postgres(cls, url: SecretStr | None) -> SecretStr | None:
        return _begins(url, "postgresql://", "postgresql+asyncpg://")

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, url: SecretStr | None) -> SecretStr | None:
        return _begins(url, "redis://", "rediss://", "unix://")


def _begins(url: SecretStr | None, *schemes: str) -> SecretStr | None:
    if url is not None and not url.get_secret_value().startswith(schemes):
        raise ValueError(f"must begin with {' or '.join(schemes)}")
    return url
