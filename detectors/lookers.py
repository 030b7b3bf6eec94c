"""How sure it is who made a look-up, and for whom, of the few look-ups that are to be told of.

It must never be asked of all look-ups: it is for those that became findings.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.confidence import IDENTITY_DTYPE, Asked, identity
from detectors.identity import resolve
from detectors.reference import Reference
from parsers.force import Force
from parsers.subjects import canonical_collar

_KIND: Final = pl.col("actor").str.split_exact(":", 1).struct.field("field_0")
_VALUE: Final = pl.col("actor").str.strip_prefix("account:").str.strip_prefix("terminal:")


def with_identities(look_ups: pl.DataFrame, reference: Reference, force: Force) -> pl.DataFrame:
    """Return look-ups (ACCESS_SCHEMA) with `identity` and `originator_identity` (IDENTITY_DTYPE, null: certain, or none).

    An account that several people share may lead to one of them through the terminal and the originator's collar number of
    the same record. Of the originator the collar number is all there is.
    """
    collar = canonical_collar(pl.col("originator_collar"))
    looked = Asked(_KIND, _VALUE, terminal=pl.col("terminal"), collar=collar)
    return look_ups.with_columns(
        identity(look_ups, reference, force, looked), _originators(look_ups, reference, force, collar)
    )


def _originators(look_ups: pl.DataFrame, reference: Reference, force: Force, collar: pl.Expr) -> pl.Series:
    name = "originator_identity"
    given = look_ups["originator_collar"].is_not_null()
    if not given.any():
        return pl.Series(name, [None], IDENTITY_DTYPE).new_from_index(0, look_ups.height)
    asked = look_ups.filter(given).select("row", "timestamp", collar.alias("collar"))
    people = resolve(asked, reference, kind="collar", value=pl.col("collar"), time="timestamp")
    told = identity(people, reference, force, Asked(pl.lit("collar"), pl.col("collar")))
    found = people.select("row", told.alias(name))
    return look_ups.select("row").join(found, on="row", how="left", maintain_order="left")[name]
