"""Level 4: hosted strategies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sequence_markets.client import checks
from sequence_markets.client.artifacts import ArtifactSource, artifact_text
from sequence_markets.client.operation import NOTHING, Operation, Retry, json_body, one, path, target
from sequence_markets.models import Strategies, Strategy, StrategyLogs
from sequence_markets.models._json import plain

_STRATEGY = one(Strategy)
_STRATEGIES = one(Strategies)
_LOGS = one(StrategyLogs)


def create_strategy(
    name: str,
    runtime: str,
    entrypoint: str,
    artifact_base64: str | None,
    *,
    artifact: ArtifactSource | None,
    manifest: Mapping[str, Any] | None,
    placement: Mapping[str, Any] | None,
    risk: Mapping[str, Any] | None,
    resources: Mapping[str, int] | None,
    start_immediately: bool,
    sequence_api_key: str | None,
    env: Mapping[str, str] | None,
    secrets: Mapping[str, str] | None,
) -> Operation[Strategy]:
    """Create a strategy. A repeat would create a second one."""
    body: dict[str, object] = {
        "name": checks.text(name, "name"),
        "runtime": checks.text(runtime, "runtime"),
        "entrypoint": checks.text(entrypoint, "entrypoint"),
        "artifact_base64": artifact_text(artifact_base64, artifact),
        "start_immediately": checks.boolean(start_immediately, "start_immediately"),
    }
    for field, settings in (("manifest", manifest), ("placement", placement), ("risk", risk), ("resources", resources)):
        if settings is not None:
            body[field] = _settings(settings, field)
    key = _secret_text(sequence_api_key, "sequence_api_key") if sequence_api_key is not None else None
    hidden = _variables(secrets, "secrets")
    visible = _variables(env, "env")
    if hidden.keys() & visible.keys():
        raise ValueError(f"env and secrets both set {', '.join(sorted(hidden.keys() & visible.keys()))}")
    body |= {"sequence_api_key": key} if key else {}
    body |= {"env": visible} if visible else {}
    body |= {"secrets": hidden} if hidden else {}
    return Operation(
        "create_strategy",
        "POST",
        "/v1/strategies",
        _STRATEGY,
        retry=Retry.UNSAFE,
        body=json_body(body),
        lookup="strategies()",
        secrets=tuple(text for text in (key, *hidden.values()) if text),
    )


def strategies() -> Operation[Strategies]:
    """List the strategies."""
    return Operation("strategies", "GET", "/v1/strategies", _STRATEGIES)


def strategy(strategy_id: str) -> Operation[Strategy]:
    """Read one strategy."""
    return Operation("strategy", "GET", path("strategies", checks.path_part(strategy_id, "strategy_id")), _STRATEGY)


def strategy_start(strategy_id: str) -> Operation[Strategy]:
    """Ask for a strategy to run. A late repeat could undo a newer stop."""
    return _asked("strategy_start", strategy_id, "start")


def strategy_stop(strategy_id: str) -> Operation[Strategy]:
    """Ask for a strategy to stop. A late repeat could undo a newer start."""
    return _asked("strategy_stop", strategy_id, "stop")


def strategy_logs(strategy_id: str, run_id: str | None) -> Operation[StrategyLogs]:
    """Read what a run wrote, the newest run's by default."""
    return Operation(
        "strategy_logs",
        "GET",
        target(
            path("strategies", checks.path_part(strategy_id, "strategy_id"), "logs"),
            run_id=checks.optional_text(run_id, "run_id"),
        ),
        _LOGS,
    )


def strategy_delete(strategy_id: str) -> Operation[None]:
    """Delete a strategy. It cannot be deleted twice: a repeat would be told that there is none."""
    return Operation(
        "strategy_delete",
        "DELETE",
        path("strategies", checks.path_part(strategy_id, "strategy_id")),
        NOTHING,
        retry=Retry.UNSAFE,
        lookup=f"strategy({strategy_id!r})",
    )


def _asked(name: str, strategy_id: str, verb: str) -> Operation[Strategy]:
    return Operation(
        name,
        "POST",
        path("strategies", checks.path_part(strategy_id, "strategy_id"), verb),
        _STRATEGY,
        retry=Retry.UNSAFE,
        body=json_body({}),
        lookup=f"strategy({strategy_id!r})",
    )


def _settings(value: object, name: str) -> object:
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a dict, not {type(value).__name__}")
    settings: object = plain(cast("Mapping[str, Any]", value))
    try:
        json_body(settings)
    except (TypeError, ValueError, RecursionError) as error:
        raise type(error)(f"{name} must be JSON: {error}") from None
    return settings


def _variables(value: object, name: str) -> dict[str, str]:
    """Return environment variables. The message never shows a value."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a dict of texts, not {type(value).__name__}")
    checked: dict[str, str] = {}
    for key, text in cast("Mapping[object, object]", value).items():
        variable = checks.text(key, f"a name in {name}")
        if "=" in variable or "\0" in variable:
            raise ValueError(f"{name}: {variable!r} is no name of an environment variable")
        checked[variable] = _secret_text(text, f"{name}[{variable!r}]", empty=True)
    return checked


def _secret_text(value: object, name: str, *, empty: bool = False) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if not (value or empty):
        raise ValueError(f"{name} must not be empty")
    if "\0" in value:
        raise ValueError(f"{name} must not hold a NUL character")
    return value
