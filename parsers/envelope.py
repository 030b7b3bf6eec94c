"""Takes the envelope off the lines of a block: formats see the message alone, the evidence keeps the whole line.

It must never let a line through that has no envelope, or whose message did not arrive whole: they come back as rejects.
"""

from __future__ import annotations

from typing import Final, Literal

import polars as pl

from parsers.syslog import ESCAPED, SHORTENED, WHOLE

Envelope = Literal["none", "syslog"]

_GROUPS: Final = ("flags", "host", "app", "message", "old_host", "tag", "old_message")
_MESSAGE: Final = pl.coalesce("message", "old_message").fill_null("").str.strip_prefix("\ufeff")
_IS_SHORT: Final = (
    pl.col("flags").str.contains(rf"(?:^|,)(?:{'|'.join(SHORTENED)})(?:=|,|$)").fill_null(value=False)
)
_IS_ESCAPED: Final = pl.col("flags").str.contains(rf"(?:^|,){ESCAPED}(?:,|$)").fill_null(value=False)
# One pass from left to right, as escaping was: an escaped backslash hides what follows it. A record is one line for
# every format, so a newline inside a message is a space to them; the raw line has it as it was.
_UNESCAPED: Final = _MESSAGE.str.replace_many(["\\\\", "\\n", "\\0"], ["\\", " ", " "])


def take_off(lines: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """Return the messages in a column of syslog lines, and a reject reason per line, None when there is none.

    Where there is a reason the message means nothing.
    """
    groups = lines.to_frame("line").select(found=pl.col("line").str.extract_groups(WHOLE))["found"]
    found = groups.struct.rename_fields(list(_GROUPS)).struct.unnest()
    # Every line has a priority or a time before its message, so a line that fits has a message, if an empty one.
    has_none = pl.col("app").is_null() & pl.col("old_message").is_null()
    verdict = found.select(
        pl.when(has_none)
        .then(pl.lit("no_envelope"))
        .when(_IS_SHORT)
        .then(pl.lit("cut_short"))
        .alias("reason"),
        pl.when(_IS_ESCAPED).then(_UNESCAPED).otherwise(_MESSAGE).alias("line"),
    )
    reason = verdict["reason"]
    return verdict["line"], reason if reason.null_count() < reason.len() else None
