"""Every detector over a million events of an invented force: seconds and memory of each, of all, of a live tick, and of a minute.

The world is that of `benchmarks explanations`: sixty days of two thousand people, with mail, calls and, at the end, a minute
at a thousand events a second. Live, detectors that wait a day judge such a minute at once, the others every tick. Each measured run is a process of its own, over Parquet files such as the archive keeps.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl

from benchmarks import explanations
from detectors.detector import Detector, Span, Window, all_detectors
from detectors.reference import FEEDS, Reference
from parsers.event import SCHEMA, Family
from parsers.force import Force

END: Final = explanations.START + timedelta(days=explanations.DAYS)
SHARES: Final[dict[Family, float]] = {"access": 0.6, "email": 0.25, "call": 0.15}
LISTED_EVERY: Final = 2_000
PIECES: Final = 12
"""Into how many spans the engine cuts so many events: about 100,000 rows each."""
RATE: Final = 1_000
BURST: Final = timedelta(minutes=1)
TICK: Final = timedelta(milliseconds=100)
TICKS: Final = 20
_JOURNALIST: Final = "desk@herald.example"
_OURS: Final = Force(domains=("police.example",), number_ranges=("+441632960",))


def main(runs: int, rows: int) -> None:
    """Print what each detector costs, what all cost together, and what a tick costs; medians of some runs."""
    with tempfile.TemporaryDirectory(prefix="access-auditd-bench-") as folder:
        subprocess.run([sys.executable, "-m", "benchmarks.detectors", "write", folder, str(rows)], check=True)
        for name in (*_judging_events(), "all", "tick", "minute"):
            taken = sorted((_run(folder, name) for _ in range(runs)), key=lambda one: float(one["seconds"]))
            _report(name, taken[len(taken) // 2])


def _report(name: str, told: dict[str, Any]) -> None:
    if name in ("tick", "minute"):
        print(
            f"  a {name} of {told['events']:,} events, {told['behind']:,} behind it: {told['seconds'] * 1000:.0f} ms in the middle ({told['cpu'] * 1000:.0f} ms of CPU), {told['worst'] * 1000:.0f} ms at worst"
        )
        return
    print(
        f"  {name:<26} {told['seconds']:>6.2f} s   {told['cpu']:>6.2f} s CPU   peak {told['peak'] / 1e6:>6.0f} MB   {told['findings']:>7,} findings",
        flush=True,
    )


def _run(folder: str, name: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.detectors", "measure", folder, name]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def _judging_events() -> list[str]:
    return [name for name, kind in all_detectors().items() if not (kind.judges_gaps or kind.judges_feeds)]


# -- the world


def write(root: Path, rows: int) -> None:
    """Write the events, a file per family and day, and the feeds."""
    known = explanations.reference()
    frames = {**known.frames, **_more_feeds(known)}
    for feed, frame in frames.items():
        (root / "feeds").mkdir(exist_ok=True)
        frame.write_parquet(root / "feeds" / f"{feed}.parquet")
    burst = int(RATE * BURST.total_seconds())
    for family, share in SHARES.items():
        steady = _events(family, int(rows * share))
        live = _events(family, int(burst * share)).with_columns(
            (END - BURST + pl.int_range(pl.len()) * (BURST / max(1, int(burst * share)))).alias("timestamp"),
            pl.concat_str(pl.lit("live-"), "event_id").alias("event_id"),
        )
        for [day], part in (
            pl.concat((steady, live)).sort("timestamp").group_by(pl.col("timestamp").dt.date())
        ):
            file = root / family / f"{day}.parquet"
            file.parent.mkdir(exist_ok=True)
            part.sort("timestamp").write_parquet(file, compression="zstd", row_group_size=65_536)


def _events(family: Family, rows: int) -> pl.DataFrame:
    if family == "access":
        return explanations.accesses(rows).with_columns(
            pl.format("T{}", pl.col("user_id").hash(3) % 900).alias("source_address")
        )
    n = pl.col("n")
    at = explanations.START + pl.duration(seconds=n.hash(4) % (explanations.DAYS * 86_400))
    person, listed = n.hash(5) % explanations.STAFF, n % LISTED_EVERY == 0
    told = pl.int_range(rows, eager=True, dtype=pl.UInt64).to_frame("n").select(
        pl.format(family + "{}", n).alias("event_id"), at.cast(pl.Datetime("us", "UTC")).alias("timestamp"), pl.lit(family).alias("source"),
        *((
            pl.format("u{}@police.example", person).alias("email_from_address"),
            pl.concat_list(pl.when(listed).then(pl.lit(_JOURNALIST)).otherwise(pl.format("r{}@mail.example", n % 999))).alias("email_to_address"),
            pl.format("m{}", n).alias("email_message_id"), pl.lit("email-sent").alias("event_action"),
        ) if family == "email" else (
            pl.format("{}", 50_000 + person).alias("call_from"), pl.lit("+447700900123").alias("call_to_final"),
            pl.concat_list(pl.format("{}", 50_000 + person), pl.lit("+447700900123")).alias("call_numbers"),
            pl.lit("call").alias("event_action"), pl.lit(60).alias("call_talk_seconds"),
        )),
    )  # fmt: skip
    schema = SCHEMA[family]
    return pl.concat(
        (schema.to_frame(), told.cast({c: schema[c] for c in told.columns})), how="diagonal"
    ).sort("timestamp")


def _more_feeds(known: Reference) -> dict[str, pl.DataFrame]:
    """Return staff with homes, vehicles and kin, their mailboxes and extensions, and a listed journalist."""
    number = known["staff"]["staff_id"].str.strip_prefix("S")
    staff = known["staff"].with_columns(
        home_postcode=pl.format("NM{} 1AA", number), vehicles=pl.concat_list(pl.format("ZB{}", number)),
        next_of_kin_surnames=pl.concat_list(pl.format("KIN{}", number)),
        name=pl.format("Alex Tarn{}", number),
    )  # fmt: skip
    held = known["staff"].select("staff_id", number.alias("number"))
    more = pl.concat(
        held.select("staff_id", pl.lit(kind).alias("kind"), value.alias("value"))
        for kind, value in (
            ("email", pl.format("u{}@police.example", "number")),
            ("extension", (pl.col("number").cast(pl.Int64) + 50_000).cast(pl.String)),
        )
    )
    contact = {
        "contact_id": "M1", "outlet": "Northmere Herald", "kind": "email", "value": _JOURNALIST, "source": "press office",
        "owner": "press office", "review_by": date(2030, 1, 1),
    }  # fmt: skip
    return {
        "staff": staff,
        "identifiers": pl.concat((known["identifiers"], more), how="diagonal"),
        "media_contacts": pl.DataFrame([contact], schema=FEEDS["media_contacts"].schema),
    }


# -- one measured run


def measure(root: Path, name: str) -> dict[str, float]:
    """Return what one detector, all of them or a tick costs; seconds are of the wall."""
    frames = {file.stem: pl.read_parquet(file) for file in (root / "feeds").iterdir()}
    known = Reference(frames, frozenset(frames))
    detectors = [
        all_detectors()[one]() for one in (_judging_events() if name in ("all", "tick", "minute") else [name])
    ]
    if name == "tick":
        return _ticks(root, known, [one for one in detectors if one.patience <= TICK], TICK, TICKS)
    if name == "minute":
        return _ticks(root, known, [one for one in detectors if one.patience > TICK], BURST / 3, 3)
    cpu, wall = time.process_time(), time.perf_counter()
    findings = sum(_judged(root, known, detectors, span) for span in _spans())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    spent = time.perf_counter() - wall
    return {"seconds": spent, "cpu": time.process_time() - cpu, "peak": peak, "findings": findings}


def _ticks(
    root: Path, known: Reference, detectors: Sequence[Detector], length: timedelta, count: int
) -> dict[str, float]:
    start = END - BURST
    taken = []
    for number in range(count):
        span = Span(start + number * length, start + (number + 1) * length)
        begun = time.perf_counter(), time.process_time()
        _judged(root, known, detectors, span)
        taken.append((time.perf_counter() - begun[0], time.process_time() - begun[1]))
    rest = sorted(taken[1:])  # the first makes what every later one shares
    middle, cpu = rest[len(rest) // 2]
    behind = sum(
        _scan(root, family, explanations.START, END).select(pl.len()).collect().item() for family in SHARES
    )
    return {
        "seconds": middle,
        "cpu": cpu,
        "worst": rest[-1][0],
        "events": RATE * length.total_seconds(),
        "behind": behind,
    }


def _spans() -> Iterator[Span]:
    length = (END - explanations.START) / PIECES
    for piece in range(PIECES):
        yield Span(explanations.START + piece * length, explanations.START + (piece + 1) * length)


def _judged(root: Path, known: Reference, detectors: Sequence[Detector], span: Span) -> int:
    """Return how many findings there are on a span, which detectors judge one after the other as in the engine."""
    made: dict[Any, Any] = {}
    return sum(detector.judge(_window(root, known, detector, span, made)).height for detector in detectors)


def _window(root: Path, known: Reference, detector: Detector, span: Span, made: dict[Any, Any]) -> Window:
    near, far, end = span.start - detector.recalls, span.start - detector.before, span.end + detector.after
    scan, past = (partial(_scan, root, start=start, end=end) for start in (near, far))
    return Window(
        span, lambda family: scan(family), known, _OURS, made=made, past=lambda family: past(family)
    )


def _scan(root: Path, family: Family, start: datetime, end: datetime) -> pl.LazyFrame:
    files = [
        file
        for file in sorted((root / family).glob("*.parquet"))
        if start.date() <= date.fromisoformat(file.stem) <= end.date()
    ]
    if not files:
        return pl.LazyFrame(schema=SCHEMA[family])
    return pl.scan_parquet(files, schema=SCHEMA[family]).filter(
        pl.col("timestamp") >= start, pl.col("timestamp") < end
    )


if __name__ == "__main__":
    what, folder, value = sys.argv[1:]
    if what == "write":
        write(Path(folder), int(value))
    else:
        print(json.dumps(measure(Path(folder), value)))
