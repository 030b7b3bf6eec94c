"""When people work: shifts, weekends, nights, leave, sickness, overtime, on-call; the same person and day, the same answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal

from auditd.force.lines.text import LONDON
from auditd.force.people import CHIEF, DETECTIVE, Person

State = Literal["duty", "overtime", "on_call", "rest", "leave", "sick"]
_EARLY: Final = (time(7), 9.0)
_LATE: Final = (time(14), 10.0)
_NIGHT: Final = (time(22), 9.0)
# Ten days: two early, two late, two nights, four off; each team is two days further on than the one before.
_CYCLE: Final = (_EARLY, _EARLY, _LATE, _LATE, _NIGHT, _NIGHT, None, None, None, None)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch of work, times in UTC; `overtime_from` where the end of it was not planned."""

    start: datetime
    end: datetime
    overtime_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rota:
    """The rota of one seed."""

    seed: int

    def shift(self, person: Person, day: date) -> Shift | None:
        """Return the shift that begins on a day, None on days off. One in thirty-three runs on for two hours."""
        if not person.serves(day) or self.absence(person, day):
            return None
        planned = _planned(person, day)
        if planned is None:
            return None
        begin, hours = planned
        start = london(day, begin)
        end = start + timedelta(hours=hours)
        if not person.serves(end.date()):  # nobody's last night runs over their last midnight
            return None
        overtime = self._drawn(person.number, day.toordinal(), 33) == 0
        return Shift(start, end + timedelta(hours=2), end) if overtime else Shift(start, end)

    def absence(self, person: Person, day: date) -> State | None:
        """Return leave or sick where the person has it: a week of leave in five or six, two sick days in a hundred."""
        if self._drawn(person.number, day.toordinal() // 7, 6) == 0:
            return "leave"
        return "sick" if self._drawn(person.number + 31, day.toordinal() // 2, 50) == 0 else None

    def on_call(self, person: Person, day: date) -> Shift | None:
        """Return the night a detective or chief officer is on call, from the end of office hours: a week in eight."""
        there = person.serves(day) and person.serves(day + _DAY) and not self.absence(person, day)
        if person.role not in (DETECTIVE, CHIEF) or not there:
            return None
        if (person.number + day.toordinal() // 7) % 8:
            return None
        start = london(day, time(18))
        return Shift(start, start + timedelta(hours=13))

    def rows(self, person: Person, day: date) -> Iterator[dict[str, str]]:
        """Yield the person's rows of the roster feed for a day."""
        if not person.serves(day):
            return
        midnight, next_midnight = london(day, time(0)), london(day + _DAY, time(0))
        shift, absence, on_call = (
            self.shift(person, day),
            self.absence(person, day),
            self.on_call(person, day),
        )
        if shift is None:
            yield _row(person, midnight, next_midnight, absence or "rest")
        else:
            yield _row(person, shift.start, shift.overtime_from or shift.end, "duty")
            if shift.overtime_from:
                yield _row(person, shift.overtime_from, shift.end, "overtime")
        if on_call:
            yield _row(person, on_call.start, on_call.end, "on_call")

    def _drawn(self, number: int, period: int, out_of: int) -> int:
        """Return a number below `out_of`, the same for the same person and period."""
        mixed = (number * 2_654_435_761 + period * 40_503 + self.seed * 69_069) & 0xFFFFFFFF
        mixed = ((mixed ^ (mixed >> 15)) * 2_246_822_519) & 0xFFFFFFFF
        return (mixed ^ (mixed >> 13)) % out_of


def london(day: date, clock: time) -> datetime:
    """Return a time of London's clocks as UTC."""
    return datetime.combine(day, clock, tzinfo=LONDON).astimezone(UTC)


def _planned(person: Person, day: date) -> tuple[time, float] | None:
    weekend = day.weekday() >= 5
    match person.role.pattern:
        case "shift":
            return _CYCLE[(day.toordinal() + 2 * person.team) % len(_CYCLE)]
        case "neighbourhood":
            even = (day.toordinal() // 7 + person.number) % 2 == 0
            if weekend:
                return (time(12), 8.0) if even and day.weekday() == 5 else None
            return (time(8), 8.0) if even else (time(14), 8.0)
        case "office":
            return None if weekend else (time(8, person.number % 4 * 15), 8.0)


def _row(person: Person, start: datetime, end: datetime, state: State) -> dict[str, str]:
    return {"staff_id": person.staff_id, "from": start.isoformat(), "to": end.isoformat(), "state": state}
