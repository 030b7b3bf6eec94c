"""What is wrong with a Sigma rule, or is not supported. A feature that is not supported must never be passed over."""

from __future__ import annotations

from dataclasses import dataclass


class RuleFault(Exception):
    """One fault of a rule: where in it (keys from the outermost, as far as known), why, and what to do."""

    def __init__(self, why: str, hint: str = "", *, at: tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.why = why
        self.hint = hint
        self.at = at


@dataclass(frozen=True, slots=True)
class LocatedFault:
    """A fault with the file, the rule's title and the line (from 1) where it stands, as far as known."""

    file: str
    rule: str
    line: int | None
    why: str
    hint: str = ""
