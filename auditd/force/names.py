"""Invented names and places, and the public: people, vehicles, addresses and telephones that no two are alike.

It must never hold a name of a real outlet, a number that could be dialled or a domain that could be reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

FORENAMES: Final = (
    "Alba Bryn Cora Dara Elis Faye Gwil Hana Idris Jory Kaya Lowri Merryn Nia Orla Perran Quill Rhys Senara Tamsin "
    "Una Vaughn Wenna Yestin Zara Ailsa Blair Callan Deryn Ewan Fintan Greta Huw Isla Jago Kerra Lewin Mabli Ness Owen"
).split()
SURNAMES: Final = (
    "Ashdown Birkmoor Calloway Dunmere Elverton Fernhall Garrowby Hexley Inchbrook Jesmere Kelwick Larkfold Marwood "
    "Netherby Oakhanger Penhallow Quarley Rookhope Selwick Thornleigh Underwell Varley Wexcombe Yarrowby Abbotsley "
    "Brackwell Corfield Dawlish Eastmoor Farrowdale"
).split()
PLACES: Final = ("Marlow Reach", "Fernbridge", "Oldhaven", "Stonecross", "Withymoor", "Carrick End")
AREAS: Final = ("North", "South", "East", "West", "Coast", "Moor", "Vale", "Docks", "Weald", "Fen")
DOMAIN: Final = "police.northmere.example"
TRUNK: Final = "+441632960"
OUTLETS: Final = (
    ("Northmere Herald", "herald.example"), ("Daily Lantern", "lantern.example"), ("Coast Radio", "coastradio.example"),
    ("Weekly Beacon", "beacon.example"),
)  # fmt: skip
PROTECTED_NUMBER: Final = "+442079460099"

_FIRST: Final = (
    "Ash Birk Cold Dun Elm Fern Garr Hex Inch Jes Kel Lark Mar Neth Oak Pen Quar Rook Sel Thorn Und Var Wex Yarr Abb "
    "Brack Cor Daw East Farr Glen Holt Ire Kirk Lang Mel Nor Orm Pick Rad Stan Tarn Ull Wain"
).split()
_LAST: Final = (
    "dale ford ham ley moor mere wick worth by combe stead field brook hurst well gate thorpe wood bridge bourne cote den"
).split()
_LETTERS: Final = "ABCDEFGHJKLMNPRSTUVWXY"
_DAYS: Final = 22_000
_BORN: Final = date(1944, 1, 1)
_PEOPLE: Final = len(_FIRST) * len(_LAST) * len(FORENAMES) * _DAYS
_MARKS: Final = len(_LETTERS) ** 4 * 90
# Steps through all combinations, each once: both are prime and larger than any factor of what they step through.
_PERSON_STEP: Final = 486_187_739
_MARK_STEP: Final = 15_485_863
Subject = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Public:
    """The public of one seed, by number: person 7 keeps vehicle 7 and lives at address 7. Nothing is stored."""

    seed: int

    def person(self, number: int) -> Subject:
        """Return a person as SURNAME/FORENAME/YYYY-MM-DD; different numbers are different people."""
        rest = ((number + 1) * _PERSON_STEP + self.seed * 7_919) % _PEOPLE
        rest, days = divmod(rest, _DAYS)
        rest, forename = divmod(rest, len(FORENAMES))
        first, last = divmod(rest, len(_LAST))
        born = _BORN + timedelta(days=days)
        return "person", f"{_FIRST[first]}{_LAST[last]}/{FORENAMES[forename]}/{born.isoformat()}".upper()

    def record_number(self, number: int) -> Subject:
        """Return the same person by the number of their record, as some enquirers ask."""
        letter = _LETTERS[number % len(_LETTERS)]
        return "person", f"{60 + number % 39}/{100_000 + number}{letter}"

    def vehicle(self, number: int) -> Subject:
        """Return the registration mark of the person's vehicle."""
        rest = ((number + 1) * _MARK_STEP + self.seed * 104_729) % _MARKS
        rest, digits = divmod(rest, 90)
        letters = []
        for _ in range(4):
            rest, letter = divmod(rest, len(_LETTERS))
            letters.append(_LETTERS[letter])
        return "vehicle", f"Z{letters[0]}{digits + 10}{''.join(letters[1:])}"

    def address(self, number: int) -> Subject:
        """Return where the person lives."""
        district, house = divmod(number, 60)
        return "address", f"{postcode(district)}/{house + 1}"

    def telephone(self, number: int) -> str:
        """Return the person's mobile, without trunk prefix; there are only so many invented numbers, so people share."""
        return f"7700900{300 + number % 700:03d}"

    def line(self, number: int) -> Subject:
        """Return the person's mobile as records name it."""
        return "phone", f"0{self.telephone(number)}"


def postcode(district: int) -> str:
    """Return an invented postcode (no area is called ZY), without space."""
    rest, last = divmod(district, len(_LETTERS))
    rest, middle = divmod(rest, 10)
    return f"ZY{rest % 99 + 1}{middle}{_LETTERS[last]}{_LETTERS[(last + 5) % len(_LETTERS)]}"


def mistyped(key: str, place: int) -> str:
    """Return a key with two neighbouring characters exchanged, or the last one doubled where that changes nothing."""
    index = place % (len(key) - 1)
    swapped = key[:index] + key[index + 1] + key[index] + key[index + 2 :]
    return swapped if swapped != key else key + key[-1]
