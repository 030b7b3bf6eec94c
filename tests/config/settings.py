"""Every setting of the configuration as one list, so that documents can be held against it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from alerts.weights import Weights
from auditd.config import listen_model, model
from detectors.bounds import Duty, ExplanationSettings
from detectors.exempt import ContactExemptions

TABLES: dict[str, type[BaseModel]] = {
    "[force]": model.ForceTable,
    "[storage]": model.StorageTable,
    "[run]": model.RunTable,
    "[http]": model.HttpTable,
    "[logging]": model.LoggingTable,
    "[[sources]]": model.SourceTable,
    "[[feeds]]": model.FeedTable,
    "[listen]": listen_model.ListenTable,
    "[[listeners]]": listen_model.ListenerTable,
    "[[listeners.routes]]": listen_model.RouteTable,
    "[sigma]": model.SigmaTable,
    "[shadows.NAME]": model.ShadowTable,
    "[explanations]": ExplanationSettings,
    "[[explanations.duties]]": Duty,
    "[contacts]": ContactExemptions,
    "[score]": Weights,
}


@dataclass(frozen=True)
class Setting:
    table: str
    key: str
    default: str
    description: str

    @property
    def row(self) -> str:
        """The setting's row in docs/configuration.md."""
        return f"| `{self.key}` | {self.default} | {self.description} |"


def every_setting() -> list[Setting]:
    return [
        Setting(table, key, _default(field.get_default(call_default_factory=True)), field.description or "")
        for table, owner in TABLES.items()
        for key, field in owner.model_fields.items()
    ]


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "required"
    if value == {}:
        return "none"
    if isinstance(value, tuple) and value and isinstance(value[0], Duty):
        return "[four](explanations.md#duty)"
    plain = str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value
    return "unset" if plain is None else f"`{json.dumps(plain)}`"
