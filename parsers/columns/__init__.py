"""The columns an event can have: name, type, meaning and unit, and their places in ECS and OCSF, family by family.

It must never hold anything but that: parsers/event.py makes schemas of it, docs/schema.md lists it.

Names are ECS field names with dots written as underscores; `call_*`, `pnc_*`, `subject_*` and `web_*` are extensions
where ECS has nothing. `ecs` is empty for those. `ocsf` is a path in the class of the family (parsers/ocsf.py).
"""

from __future__ import annotations

from parsers.columns.access import ACCESS
from parsers.columns.call import CALL
from parsers.columns.column import TEXT, TEXTS, UTC_MICROSECONDS, Column
from parsers.columns.common import COMMON
from parsers.columns.email import EMAIL
from parsers.columns.web import WEB

__all__ = ["ACCESS", "CALL", "COMMON", "EMAIL", "TEXT", "TEXTS", "UTC_MICROSECONDS", "WEB", "Column"]
