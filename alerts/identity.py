"""Short readable references for alerts and authorities, in letters that cannot be misread (no I, L, O or U).

An alert's reference is derived, never drawn, so that any batching or restart yields the same one.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Final

_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def alert_id(concern: str, person_key: str, ordinal: int) -> str:
    """Return the reference of the n-th alert (from 0) of one concern about one person, like "A-7KQ2M-9XD4T".

    Fifty bits: among 100,000 alerts two share a reference with a chance of one in 200,000.
    """
    digest = sha256(f"{concern}\n{person_key}\n{ordinal}".encode()).digest()
    letters = _spell(int.from_bytes(digest[:8]), 10)
    return f"A-{letters[:5]}-{letters[5:]}"


def new_authority_id() -> str:
    """Return a fresh reference of an authority, like "AU-7KQ2M9XD"."""
    return f"AU-{_spell(secrets.randbits(40), 8)}"


def new_approval_id() -> str:
    """Return a fresh reference of an approved explanation, like "AX-7KQ2M9XD"."""
    return f"AX-{_spell(secrets.randbits(40), 8)}"


def new_suppression_id() -> str:
    """Return a fresh reference of a suppression, like "SU-7KQ2M9XD"."""
    return f"SU-{_spell(secrets.randbits(40), 8)}"


def tidy_reference(text: str) -> str:
    """Return a reference as typed by a person in its stored form: capitals, letters for look-alikes mended."""
    prefix, dash, rest = text.strip().upper().partition("-")
    return prefix + dash + rest.translate(str.maketrans("OIL", "011"))


def _spell(number: int, length: int) -> str:
    return "".join(_LETTERS[(number >> 5 * place) & 31] for place in range(length))
