"""The closed vocabularies of alerts and authorities: states, outcomes, categories, purposes.

It must never grow a free-text value: returns to the inspectorate are counted by these words.
"""

from __future__ import annotations

from typing import Final, Literal

from detectors import categories

SYSTEM: Final = "access-auditd"
"""Who history rows name when the daemon acted; no person may act under this name."""

AlertState = Literal["open", "in_review", "closed"]
ALERT_STATES: Final[tuple[AlertState, ...]] = ("open", "in_review", "closed")

FindingState = Literal["active", "withdrawn"]
FINDING_STATES: Final[tuple[FindingState, ...]] = ("active", "withdrawn")

OUTCOMES: Final = (
    "no further action",
    "management advice or warning",
    "misconduct proceedings",
    "left the organisation",
    "referred to an external body",
    "continuing",
)
"""How a person closes an alert."""

MISUSE_OUTCOMES: Final = OUTCOMES[1:]
"""Those that say there was something to it: whatever would have excused that is to be looked at twice."""

EXPLAINED_LATE: Final = "explained late"
MOVED: Final = "found to concern someone else"
SUPPRESSED: Final = "suppressed"
AUTOMATIC_OUTCOMES: Final = (EXPLAINED_LATE, MOVED, SUPPRESSED)
"""How the daemon closes an alert on which nobody has acted and whose findings are gone. Undone when one returns."""

GATHERED: Final = "gathered in another alert"
"""How the upgrade to alerts by concern closed an alert whose findings it moved to another; nothing opens it again."""

CATEGORIES: Final = categories.CATEGORIES
"""The twelve national corruption categories."""

PURPOSES: Final[dict[str, str]] = {
    "verify_lawfulness": "verifying that processing was lawful",
    "self_monitoring": "self-monitoring, including internal disciplinary proceedings",
    "integrity_security": "ensuring the integrity and security of the data",
    "criminal_proceedings": "criminal proceedings",
}
"""The only purposes for which such logs may be used (DPA 2018 s.62(4)), by code, in words."""
