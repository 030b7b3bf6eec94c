"""The telephone numbers of Cisco CUCM call records: the parties of a call, and every number that took part.

It must never take a user name for a number: what stands in a URI counts only with a scheme or a plus.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Final

import polars as pl

from parsers.cucm_fields import NUMBERS, URIS
from parsers.event import TEXT
from parsers.force import Force
from parsers.numbers import canonical_number

# Where each party is taken from, best first; the first two are also its raw form.
PARTIES: Final = {
    "call_from": ["callingPartyNumber", "callingPartyNumber_uri"],
    "call_to_dialled": ["originalCalledPartyNumber", "originalCalledPartyNumber_uri"],
    "call_to_final": ["finalCalledPartyNumber", "finalCalledPartyNumber_uri", "outpulsedCalledPartyNumber"],
    "call_redirected_by": ["lastRedirectDn", "lastRedirectDn_uri"],
}
NUMBER_URI: Final = r"^(?:(?i:sips?|tel):|\+)"

# A user name of digits may be a collar number: a scheme or a plus makes a URI a telephone number.
_WRITTEN: Final = [
    pl.col(*NUMBERS),
    *(pl.when(pl.col(name).str.contains(NUMBER_URI)).then(pl.col(name)).alias(name) for name in URIS),
]
_PARTIES: Final = [pl.coalesce(names).alias(party) for party, names in PARTIES.items()]
_PARTIES_AS_WRITTEN: Final = [
    pl.coalesce(names[:2]).alias(f"{party}_raw") for party, names in PARTIES.items()
]
# Where nobody forwarded the call, the system repeats the called number here.
_FORWARDED: Final = (
    pl.when(pl.col("call_redirected_by").ne_missing(pl.col("call_to_final")))
    .then("call_redirected_by")
    .alias("call_redirected_by")
)
_AGAIN: Final = pl.all_horizontal(pl.all() == pl.all().shift(1)).fill_null(value=False)


def numbers_of(frame: pl.DataFrame, force: Force) -> pl.DataFrame:
    """Return the parties, as written and canonical, and `call_numbers`, of rows with the columns of COLUMNS."""
    written = frame.select(_WRITTEN)
    used = tuple(name for name in written.columns if written[name].null_count() < frame.height)
    once = written.select(_once(used))
    repeats, fresh = once.select(f"{name} repeats" for name in used[1:]), once.select(used)
    stacked = pl.concat([pl.Series([], dtype=TEXT), *fresh.get_columns()])
    read = canonical_number(stacked, force)
    canonical: list[pl.Series] = []
    for place, name in enumerate(used):
        own = read.slice(place * frame.height, frame.height)
        if place:
            own = canonical[-1].zip_with(repeats[f"{name} repeats"], own)
        canonical.append(own.alias(name))
    return (
        written.with_columns(canonical)
        .select(_PARTIES)
        .with_columns(_FORWARDED)
        .hstack([*frame.select(_PARTIES_AS_WRITTEN), _every_number(read, frame.height)])
    )


@lru_cache(maxsize=16)
def _once(used: tuple[str, ...]) -> list[pl.Expr]:
    """Expressions that keep a number only where it is not that of the column before, and say where it is.

    Most calls reach the number that was dialled: so it is read once.
    """
    repeats = {name: pl.col(name).eq_missing(pl.col(before)) for before, name in pairwise(used)}
    return [
        *(
            pl.when(~repeats[name]).then(name).alias(name) if name in repeats else pl.col(name)
            for name in used
        ),
        *(repeated.alias(f"{name} repeats") for name, repeated in repeats.items()),
    ]


def _every_number(read: pl.Series, height: int) -> pl.Series:
    """Return the distinct numbers of each row, sorted; `read` has one column of `height` rows below the other."""
    place = pl.int_range(pl.len(), dtype=pl.UInt32)
    found = read.to_frame("call_numbers").with_columns((place % height).alias("row")).drop_nulls()
    found = found.sort("row", "call_numbers")
    by_row = found.filter(~_AGAIN).group_by("row", maintain_order=True).agg("call_numbers")
    rows = pl.DataFrame({"row": pl.int_range(height, dtype=pl.UInt32, eager=True)})
    return rows.join(by_row, on="row", how="left", maintain_order="left")["call_numbers"].fill_null([])
