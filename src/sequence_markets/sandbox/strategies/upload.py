"""What is asked for when a strategy is created, read and checked before anything is kept of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from sequence_markets.sandbox.journal import canonical
from sequence_markets.sandbox.strategies import artifact
from sequence_markets.sandbox.strategies.limits import (
    LONGEST_RUN_S,
    MAX_SETTINGS_BYTES,
    MAX_VARIABLE_BYTES,
    MAX_VARIABLES,
    Quota,
    Resources,
)
from sequence_markets.sandbox.trading.errors import Refusal

FIELDS: Final = (
    "name",
    "runtime",
    "entrypoint",
    "artifact_base64",
    "start_immediately",
    "manifest",
    "placement",
    "risk",
    "resources",
    "sequence_api_key",
    "env",
    "secrets",
)

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_KEY: Final = re.compile(r"seq_(test|live)_[\x21-\x7e]{1,240}")
RESERVED: Final = frozenset(
    {"SEQUENCE_API_KEY", "SEQ_API_KEY", "SEQUENCE_BASE_URL", "SEQUENCE_STRATEGY_ID", "SEQUENCE_RUN_ID"}
)
"""Variables that the runner sets."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A checked upload.

    Attributes:
        public: What may be shown and kept, as it is journaled.
        entrypoint: The file to run.
        resources: What a run may use.
        env: Environment variables that may be shown.
        start: Start it at once.
        archive: The artifact.
        secrets: Environment variables that are never shown.
        key: The key the program is to use, or ``None``.
    """

    public: Mapping[str, object]
    entrypoint: str
    resources: Resources
    env: Mapping[str, str]
    start: bool
    archive: bytes = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)
    key: str | None = field(repr=False)


def read_upload(fields: Mapping[str, object], quota: Quota) -> Upload:
    """Return what a request to create a strategy asks for.

    Args:
        fields: The fields of its body.
        quota: What the account may have.

    Raises:
        Refusal: 422 with every field that is wrong; 403 for what is more than the quota allows. No message holds a
            secret.
    """
    reader = _Reader(fields)
    title = reader.text("name", 100)
    runtime = reader.text("runtime", 40)
    if runtime and runtime != "python":
        reader.problem("runtime", "must be 'python'")
    entrypoint = reader.text("entrypoint", 512)
    start = reader.flag("start_immediately")
    settings = {name: reader.settings(name) for name in ("manifest", "placement", "risk")}
    resources = reader.resources(quota)
    key = reader.key()
    env, secrets = reader.variables("env"), reader.variables("secrets")
    for both in sorted(env.keys() & secrets.keys()):
        reader.problem(f"secrets.{both}", "is in env as well")
    archive = reader.archive(entrypoint, quota)
    reader.check()
    path = artifact.clean(entrypoint)
    public = {
        "name": title,
        "runtime": runtime,
        "entrypoint": path,
        "artifact_sha256": hashlib.sha256(archive).hexdigest(),
        "artifact_bytes": len(archive),
        **settings,
        "resources": resources.to_dict(),
        "env": env,
        "secret_names": sorted(secrets),
    }
    return Upload(public, path, resources, env, start, archive, secrets, key)


def over_quota(what: str, allowed: int, asked: int) -> Refusal:
    """A 403 that names the quota."""
    return Refusal(403, "FORBIDDEN", f"quota {what}: {allowed} allowed, {asked} asked for")


class _Reader:
    """Reads fields and collects what is wrong with them."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = fields
        self._problems: list[tuple[str, str]] = []
        self._over: Refusal | None = None
        for unknown in fields.keys() - set(FIELDS):
            self.problem(unknown[:60], f"unknown field; the fields are {', '.join(FIELDS)}")

    def problem(self, field: str, message: str) -> None:
        self._problems.append((field, message))

    def check(self) -> None:
        """Raise whatever was wrong, the quota last."""
        if self._problems:
            details = [{"field": field, "message": message} for field, message in sorted(self._problems)]
            words = "; ".join(f"{each['field']}: {each['message']}" for each in details)
            raise Refusal(422, "VALIDATION_ERROR", words, details)
        if self._over is not None:
            raise self._over

    def text(self, field: str, most: int) -> str:
        value = self._fields.get(field)
        if not isinstance(value, str) or not value.strip():
            self.problem(field, "is required, as a string that is not empty")
            return ""
        if len(value) > most or any(ord(character) < 32 for character in value):
            self.problem(field, f"must have at most {most} characters and no control character")
            return ""
        return value

    def flag(self, field: str) -> bool:
        value = self._fields.get(field)
        if value is not None and not isinstance(value, bool):
            self.problem(field, "must be true or false")
        return value is True

    def settings(self, field: str) -> object:
        """Return an object that is kept as it is, or ``None``."""
        value = self._fields.get(field)
        if value is None:
            return None
        settings = cast("dict[str, object]", value) if isinstance(value, dict) else None
        if settings is None:
            self.problem(field, "must be an object")
        elif len(canonical(settings)) > MAX_SETTINGS_BYTES:
            self.problem(field, f"may have at most {MAX_SETTINGS_BYTES} bytes of JSON")
        return settings

    def resources(self, quota: Quota) -> Resources:
        value = self._fields.get("resources")
        if value is None:
            return Resources()
        if not isinstance(value, dict):
            self.problem("resources", "must be an object")
            return Resources()
        given = cast("dict[str, object]", value)
        bounds = {"cpu_millis": (1, 64_000), "memory_mb": (32, 1 << 20), "timeout_secs": (0, LONGEST_RUN_S)}
        read = Resources().to_dict()
        for name, number in given.items():
            least, most = bounds.get(name, (0, 0))
            if name not in bounds:
                self.problem(f"resources.{name[:40]}", f"unknown field; the fields are {', '.join(bounds)}")
            elif isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
                self.problem(f"resources.{name}", f"must be a whole number from {least} to {most}")
            else:
                read[name] = number
                allowed = {"cpu_millis": quota.cpu_millis, "memory_mb": quota.memory_mb}.get(name, most)
                if number > allowed:
                    self._over = over_quota(name, allowed, number)
        cpu, memory, timeout = (cast("int", read[name]) for name in bounds)
        return Resources(cpu, memory, timeout)

    def key(self) -> str | None:
        value = self._fields.get("sequence_api_key")
        if value is None:
            return None
        if not isinstance(value, str) or not _KEY.fullmatch(value):
            self.problem("sequence_api_key", "must be a seq_test_ or seq_live_ key")
            return None
        return value

    def variables(self, field: str) -> dict[str, str]:
        value = self._fields.get(field)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.problem(field, "must be an object of strings")
            return {}
        read: dict[str, str] = {}
        for name, text in cast("dict[str, object]", value).items():
            where = f"{field}.{name[:60]}"
            if not _VARIABLE.fullmatch(name):
                self.problem(where, "is no name of an environment variable")
            elif name in RESERVED:
                self.problem(where, "is set by the runner")
            elif not isinstance(text, str) or "\0" in text or len(text.encode(errors="replace")) > MAX_VARIABLE_BYTES:
                self.problem(where, f"must be a string without NUL of at most {MAX_VARIABLE_BYTES} bytes")
            elif not _encodable(text):
                self.problem(where, "must be valid Unicode")
            else:
                read[name] = text
        if len(read) > MAX_VARIABLES:
            self.problem(field, f"may hold at most {MAX_VARIABLES} variables")
        return read

    def archive(self, entrypoint: str, quota: Quota) -> bytes:
        """Return the artifact. It is looked into only when everything else is right."""
        value = self._fields.get("artifact_base64")
        if not isinstance(value, str):
            self.problem("artifact_base64", "is required, as a string")
            return b""
        try:
            archive = artifact.decode(value)
            if len(archive) > quota.artifact_bytes:
                self._over = over_quota("artifact_bytes", quota.artifact_bytes, len(archive))
            elif not self._problems:
                artifact.check(archive, entrypoint)
        except artifact.ArtifactError as error:
            self.problem("artifact_base64", str(error))
            return b""
        return archive


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
