"""Which cases are planted, and how many of each, for a force of some size and length.

It must never leave a kind out where the stretch is long enough for all: a force to test against has every misuse and
every innocent cause.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

from auditd.force import innocent, misuse_of_contacts, misuse_of_records
from auditd.force.casting import Casting
from auditd.force.misuse_of_records import Scenario
from auditd.force.records import Told
from auditd.force.rota import london

MISUSE: Final[tuple[Scenario, ...]] = (
    misuse_of_records.self_lookup,
    misuse_of_records.ex_partner,
    misuse_of_records.family_lookup,
    misuse_of_records.neighbour,
    misuse_of_records.colleague_lookup,
    misuse_of_records.public_figure,
    misuse_of_records.dating,
    misuse_of_records.off_duty_lookup,
    misuse_of_records.serial_interest,
    misuse_of_records.curiosity_surge,
    misuse_of_records.false_reason,
    misuse_of_records.padding,
    misuse_of_records.own_investigation,
    misuse_of_records.bulk_harvest,
    misuse_of_contacts.leak_by_phone,
    misuse_of_contacts.leak_by_mail,
    misuse_of_contacts.unregistered_contact,
    misuse_of_contacts.proxy_searcher,
    misuse_of_contacts.mailed_home,
    misuse_of_contacts.forwarding_rule,
    misuse_of_contacts.victim_contact,
    misuse_of_contacts.after_access_end,
    misuse_of_contacts.lent_account,
    misuse_of_contacts.web_exfiltration,
)
INNOCENT: Final[tuple[Scenario, ...]] = (
    innocent.late_record,
    innocent.registered_contact,
    innocent.press_briefing,
    innocent.helpline,
    innocent.called_out,
    innocent.overtime,
    innocent.missing_person,
    innocent.vetted_colleague,
    innocent.namesake,
    innocent.bulk_task,
    innocent.open_case_contact,
    innocent.partner_upload,
    innocent.newsletter_read,
)
SHIFTS_PER_CASE: Final = 3_700
"""Days of staff for one case of a kind: 400 people for 28 days make three of each."""
SHORTEST_DAYS: Final = 7


def planned(cast: Casting) -> Told:
    """Return every planted case of the stretch; none where it is shorter than SHORTEST_DAYS, for they need room."""
    told = Told()
    if cast.days < SHORTEST_DAYS:
        return told
    rounds = max(1, round(len(cast.scene.people.staff) * cast.days / SHIFTS_PER_CASE))
    for _ in range(rounds):
        for scenario in (*MISUSE, *INNOCENT):
            told.add(scenario(cast))
    begin = london(cast.start, time(1))
    return _within(told, begin, begin + timedelta(days=cast.days) - timedelta(hours=2))


def _within(told: Told, begin: datetime, end: datetime) -> Told:
    """Leave out what would happen outside the stretch; a case goes with its last trace."""
    kept = _part(told, begin, end)
    kept.incidents, kept.rows = told.incidents, told.rows
    parts = ((case, _part(own, begin, end)) for case, own in told.cases)
    kept.cases = [(case, part) for case, part in parts if part.looked or part.contacts]
    return kept


def _part(told: Told, begin: datetime, end: datetime) -> Told:
    """Return the look-ups and contacts of a stretch."""
    return Told(
        looked=[looked for looked in told.looked if begin <= looked.lookup.at < end],
        contacts=[contact for contact in told.contacts if begin <= contact.at < end],
    )
