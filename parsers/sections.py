"""Lines under the header lines between them, for logs whose headers are recognised by their names.

It must never take a record for a header: whoever asks says which lines are, by all that is on them.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl


def sections(
    lines: pl.DataFrame, likely: pl.Expr, is_header: Callable[[str], bool], state: str
) -> tuple[list[str], list[tuple[str, pl.DataFrame]]]:
    """Return the header lines, and the other lines under each distinct one; those before the first are under `state`.

    likely: true of every header and of few other lines; `is_header` is asked of those only.
    """
    marked = lines.select(likely).to_series()
    if not marked.any():
        return [], [(state, lines)] if lines.height else []
    names = [line for line in lines["line"].filter(marked).unique() if is_header(line)]
    headed = marked & lines["line"].is_in(names)
    headers = lines["line"].filter(headed).to_list()
    texts = [state, *headers]
    first = {text: place for place, text in reversed(list(enumerate(texts)))}
    section = pl.Series([first[text] for text in texts], dtype=pl.UInt32).gather(headed.cum_sum())
    found = [(text, lines.filter((section == place) & ~headed)) for text, place in first.items()]
    return headers, [(text, rows) for text, rows in found if rows.height]
