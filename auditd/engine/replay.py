"""Replay: the same detectors over the archive again, and what would change.

It must never judge past where a detector has judged live (with these settings or those before): that is live
judging's to do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from auditd.engine.judge import Judge, Judged
from auditd.engine.spans import until
from detectors.detector import Span


def replay(
    judge: Judge,
    span: Span,
    *,
    now: datetime,
    keep: bool,
    only: Collection[str] = (),
    progress: Callable[[str, Span], None] = lambda _name, _piece: None,
) -> dict[str, Judged]:
    """Judge a span of the past again with every detector (or `only` some); return what came out per detector.

    added, withdrawn, changed and same count findings against those stored; `keep` stores the difference. `progress` is
    told of each piece done. A detector without the authority it needs is left out of the result.
    """
    report: dict[str, Judged] = {}
    for detector in judge.detectors:
        if only and detector.name not in only:
            continue
        authorities = judge.authorities(detector, now)
        if detector.about.needs_authority and not authorities:
            continue
        limit = judge.agenda.reached(detector.name)
        done = report.setdefault(detector.name, Judged())
        for piece in judge.pieces(detector, until([span], limit) if limit else []):
            done.add(judge.judge_piece(detector, piece, authorities, now, keep=keep))
            progress(detector.name, piece)
    return report
