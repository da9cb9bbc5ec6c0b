"""Configuration: one YAML file, checked at start; an error says what to mend. Secrets are references only."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

from gateway.loopback import is_guarded, is_loopback
from schemas.identifiers import SCHEMES
from schemas.members import unknown_setting
from schemas.yaml_text import read_yaml


class ConfigurationError(Exception):
    """The configuration cannot be used; the text says what to mend, a line a fault."""


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="forbid", frozen=True)


class Tls(_Part):
    """Certificate chain and private key, PEM files."""

    certificate: Path
    key: Path


class IssuerSettings(_Part):
    """An identity provider whose tokens speak for persons. Exactly one of `jwksUri` and `jwksFile`."""

    issuer: str
    audiences: Annotated[list[str], Field(min_length=1)]
    acr_values: Annotated[list[str], Field(min_length=1)]
    identifier_claims: Annotated[dict[str, str], Field(min_length=1)]
    jwks_uri: str | None = None
    jwks_file: Path | None = None

    @field_validator("identifier_claims")
    @classmethod
    def _known_schemes(cls, claims: dict[str, str]) -> dict[str, str]:
        unknown = [scheme for scheme in claims if scheme not in SCHEMES]
        if unknown:
            raise ValueError(f"there is no scheme {unknown[0]!r}; known are: {', '.join(SCHEMES)}")
        return claims

    @field_validator("jwks_uri")
    @classmethod
    def _fetched_safely(cls, uri: str | None) -> str | None:
        try:
            parts = urlsplit(uri or "https://none")
        except ValueError:
            raise ValueError("this is no URL") from None
        if not parts.hostname or not is_guarded(parts.scheme, parts.hostname):
            raise ValueError(
                "it must be https://…, or http:// on loopback: whoever changes these keys speaks for anybody"
            )
        return uri

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.jwks_uri is None) == (self.jwks_file is None):
            raise ValueError("give either jwksUri or jwksFile")
        return self


class AdapterConfiguration(_Part):
    """An adapter by its kind. `deadline` in seconds; `mostAtOnce` fetches under way at a time."""

    kind: str
    settings: dict[str, Any] = Field(default_factory=dict)
    deadline: Annotated[float, Field(gt=0, le=120)] = 5.0
    most_at_once: Annotated[int, Field(ge=1, le=10_000)] = 64
    retries: Annotated[int, Field(ge=0, le=5)] = 1


_BASE_URL = re.compile(r"https?://([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?")
"""No name or password in it, nor anything behind: it stands in every problem, and in the ledger's name for good."""


class Settings(_Part):
    """Everything that a gateway is told. Paths are relative to the file.

    `mostConnections` at a time, or requests under way; beyond it requests are answered with 503. `caFile`: PEM of
    authorities to trust, beside the machine's, where the gateway fetches key sets.
    """

    base_url: str
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8400
    tls: Tls | None = None
    behind_proxy: bool = False
    database: str = "sqlite:///threekeys.db"
    busy_timeout: Annotated[float, Field(gt=0, le=60)] = 5.0
    keys: Path = Path("keys")
    ledger_origin: str | None = None
    ca_file: Path | None = None
    issuers: list[IssuerSettings] = Field(default_factory=list)
    adapters: dict[str, AdapterConfiguration] = Field(default_factory=dict)
    decisions_per_minute: Annotated[int, Field(ge=1)] = 300
    drain_seconds: Annotated[int, Field(ge=1, le=600)] = 30
    drain_notice_seconds: Annotated[int, Field(ge=0, le=600)] = 0
    most_connections: Annotated[int, Field(ge=1)] = 4_000
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    sandbox: bool = False

    @model_validator(mode="after")
    def _safe(self) -> Self:
        named = _BASE_URL.fullmatch(self.base_url)
        if named is None or not 0 < int(named["port"] or 1) < 65_536:
            raise ValueError("baseUrl is a scheme, a host and perhaps a port, such as https://gateway.example:8400")
        parts = urlsplit(self.base_url)
        if not is_loopback(self.host) and self.tls is None and not self.behind_proxy:
            raise ValueError(
                f"plain HTTP on {self.host} is refused: give tls.certificate and tls.key, or set behindProxy: true "
                "where a proxy in front ends TLS"
            )
        if not is_guarded(parts.scheme, parts.hostname):
            raise ValueError("baseUrl must be https:// for callers beyond this machine")
        names = [issuer.issuer for issuer in self.issuers]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"issuers: {twice[0]} stands here twice; which of the two was meant?")
        if self.base_url in names:
            raise ValueError("issuers: the gateway itself cannot be an issuer of persons' tokens")
        if any(f"{self.base_url}/explicit-requests" in issuer.audiences for issuer in self.issuers):
            raise ValueError("issuers: nobody signs in by a token for /explicit-requests; leave it out of audiences")
        if self.drain_notice_seconds > self.drain_seconds:
            raise ValueError("drainNoticeSeconds lies within drainSeconds: at most as many")
        if self.sandbox and not is_loopback(self.host):
            raise ValueError("the sandbox listens on loopback only")
        return self

    @property
    def origin(self) -> str:
        """The name of a ledger that has none yet: a schema-less URL (C2SP tlog-checkpoint). One that was signed
        before keeps its own, whatever the settings say (`ledger.repository.name`)."""
        return self.ledger_origin or self.base_url.split("://", 1)[1] + "/ledger"


def load(path: Path) -> Settings:
    """Read a configuration file. Raises `ConfigurationError`."""
    try:
        document = read_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"{path}: {error.strerror}; name the file with --config, or let `threekeys init` write a commented one"
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: this is not text in UTF-8") from None
    except ValueError as error:
        raise ConfigurationError(f"{path}: {error}") from None
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path}: a mapping of settings is expected; `threekeys init` writes one")
    try:
        settings = Settings.model_validate(document)
    except ValidationError as error:
        raise ConfigurationError("\n".join(f"{path}: {line}" for line in _said(error))) from None
    return _anchored(settings, path.parent)


def _said(error: ValidationError) -> list[str]:
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        where = ".".join(str(part) for part in fault["loc"])
        text = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            text = unknown_setting(Settings, fault["loc"])
        lines.append(f"{where}: {text}" if where else text)
    return lines


def _anchored(settings: Settings, folder: Path) -> Settings:
    """Paths relative to the file, made absolute."""
    update: dict[str, Any] = {"keys": folder / settings.keys}
    scheme, _, rest = settings.database.partition("sqlite:///")
    if not scheme and not rest.startswith("/"):
        update["database"] = f"sqlite:///{(folder / rest).absolute()}"
    if settings.ca_file:
        update["ca_file"] = folder / settings.ca_file
    if settings.tls:
        update["tls"] = Tls(certificate=folder / settings.tls.certificate, key=folder / settings.tls.key)
    issuers = [
        issuer.model_copy(update={"jwks_file": folder / issuer.jwks_file}) if issuer.jwks_file else issuer
        for issuer in settings.issuers
    ]
    update["issuers"] = issuers
    update["adapters"] = {name: _anchored_adapter(one, folder) for name, one in settings.adapters.items()}
    return settings.model_copy(update=update)


def _anchored_adapter(one: AdapterConfiguration, folder: Path) -> AdapterConfiguration:
    """The files that settings of every kind name by these words are relative to this file too."""
    named = {word: one.settings.get(word) for word in ("mapping", "caFile")}
    found = {word: str(folder / name) for word, name in named.items() if isinstance(name, str)}
    return one.model_copy(update={"settings": {**one.settings, **found}}) if found else one
