"""Every SQL table of the project, imported in one place so that `Base.metadata` is whole."""

from __future__ import annotations

from alerts import approval_tables as _approvals
from alerts import models as _alerts
from alerts import shadow_tables as _shadow
from alerts import suppression_tables as _suppressions
from alerts.tables import Base
from auditd.archive import tables as _archive
from auditd.engine import tables as _engine
from auditd.gaps import tables as _gaps
from auditd.health import tables as _health
from auditd.quality import tables as _quality
from auditd.reference import tables as _reference

__all__ = ["Base"]
_MODULES = (
    _alerts,
    _approvals,
    _archive,
    _engine,
    _gaps,
    _health,
    _quality,
    _reference,
    _shadow,
    _suppressions,
)
