"""Replay: the same detectors over the archive again, and what would change.

It must never judge past where a detector has judged live (with these settings or those before): that is live
judging's to do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

import polars as pl

from auditd.engine.judge import Judge
from auditd.engine.judged import Judged
from auditd.engine.spans import until
from detectors.detector import Span
from detectors.findings import NO_FINDINGS


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
    for run in judge.live:
        detector = run.detector
        if only and detector.name not in only:
            continue
        authorities = judge.authorities(detector, now)
        if detector.about.needs_authority and not authorities:
            continue
        limit = judge.agenda.reached(run.key)
        done = report.setdefault(detector.name, Judged())
        for piece in judge.pieces.of(detector, until([span], limit) if limit else []):
            done.add(judge.verdicts.judge(run, piece, authorities, now, keep=keep))
            progress(detector.name, piece)
    return report


def replay_as_known(
    judge: Judge,
    span: Span,
    *,
    known_on: datetime,
    now: datetime,
    only: Collection[str] = (),
    progress: Callable[[str, Span], None] = lambda _name, _piece: None,
) -> dict[str, tuple[Judged, pl.DataFrame]]:
    """Judge a span with what was known at a time, and store nothing; return per detector the verdicts of then.

    Only what a detector could judge by then: events older than its grace. The counts compare with the findings there are
    now: added are those withdrawn since, withdrawn those found since.
    """
    report: dict[str, tuple[Judged, pl.DataFrame]] = {}
    for run in judge.live:
        detector = run.detector
        if only and detector.name not in only:
            continue
        authorities = judge.authorities(detector, now)
        if detector.about.needs_authority and not authorities:
            continue
        done, found = Judged(), [NO_FINDINGS]
        limit = judge.agenda.reached(run.key)
        ends = min(limit, known_on - detector.waits) if limit else None
        for piece in judge.pieces.of(detector, until([span], ends) if ends else []):
            judged, findings = judge.verdicts.judge_as_known(
                run, piece, authorities, known_on=known_on, now=now
            )
            done.add(judged)
            found.append(findings)
            progress(detector.name, piece)
        report[detector.name] = (done, pl.concat(found))
    return report
