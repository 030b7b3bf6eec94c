"""Files of the archive that no manifest row names: left by a crash between write and commit, or by a lost database.

Which of the two, nobody can tell from here: so it must never delete a whole segment at once. They are set aside in a
hidden folder, out of every reader's way, and go a month later.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from auditd.archive.segment import PART_SUFFIX

ASIDE: Final = ".orphans"
KEPT: Final = timedelta(days=30)


def set_aside(root: Path, named: Collection[str]) -> int:
    """Move segments that are not `named` (paths relative to root) aside, drop unfinished ones; return how many."""
    unfinished = list(root.glob(f"family=*/day=*/*{PART_SUFFIX}"))
    for path in unfinished:
        path.unlink()
    whole = [
        path
        for path in root.glob("family=*/day=*/*.parquet")
        if path.relative_to(root).as_posix() not in named
    ]
    for path in whole:
        place = root / ASIDE / path.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
        place.touch()  # a month from now
    return len(unfinished) + len(whole)


def drop_old(root: Path, now: datetime) -> int:
    """Delete what was set aside more than a month ago; return how many files."""
    old = [
        path
        for path in (root / ASIDE).glob("family=*/day=*/*.parquet")
        if path.stat().st_mtime < (now - KEPT).timestamp()
    ]
    for path in old:
        path.unlink()
    if old and not any((root / ASIDE).rglob("*.parquet")):
        shutil.rmtree(root / ASIDE)
    return len(old)
