"""Every format by itself: parsing and normalising in blocks, as the daemon does it, beside a plain Python loop over the same lines.

The loops (csv, json or re) read every line, hash it, make its time a moment and its numbers and addresses canonical; they
check nothing, account for nothing and give no evidence. pyarrow and DuckDB, where they are installed, only split delimited
lines into columns.
"""

from __future__ import annotations

import importlib.util
import io
import os
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from auditd.engine.parallel import parse_in_parts
from benchmarks.lines import DOMAIN, Sample, samples
from benchmarks.loops import LOOPS
from parsers.force import Force
from parsers.format import Block, Context, all_formats

BLOCK_BYTES: Final = 2 << 20
MALFORMED_EVERY: Final = 1_500
BROKEN: Final = b'broken,"line\n'


def main(runs: int, lines: int, only: str = "") -> None:
    """Print a line a format: ours, with broken lines in between, and each peer with ours in proportion."""
    print(
        f"\n{'formats: parse and normalise':<28} {'lines/s':>10} {'CPU us':>7} {'broken':>10} {'loop':>10} {'x':>6}  others"
    )
    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as pool:
        for sample in samples(lines):
            if only in sample.name:
                _row(sample, runs, pool, cores)


def _row(sample: Sample, runs: int, pool: Executor, cores: int) -> None:
    data = sample.data
    total = len(sample.lines)
    broken = _with_broken(sample)
    ours, cpu, damaged, loop = [], [], [], []
    for _ in range(runs):
        began = time.process_time()
        ours.append(total / _seconds(lambda: _parse(sample, data, pool, cores)))
        cpu.append((time.process_time() - began) / total * 1e6)
        damaged.append(total / _seconds(lambda: _parse(sample, broken, pool, cores)))
        loop.append(total / _seconds(lambda: LOOPS[sample.loop](sample.lines)))
    rate = median(ours)
    others = []
    for name, peer in _peers(sample):
        theirs = total / median(_seconds(partial(peer, data)) for _ in range(runs))
        others.append(f"{name} {rate / theirs:.2f}x")
    print(
        f"{sample.name:<28} {rate:>10,.0f} {median(cpu):>7.2f} {median(damaged):>10,.0f} {median(loop):>10,.0f} "
        f"{rate / median(loop):>5.2f}x  {', '.join(others)}",
        flush=True,
    )


def _parse(sample: Sample, data: bytes, pool: Executor, cores: int) -> None:
    """Parse the whole log in blocks; every line must be told of, and every one as it was made must be an event line or a record."""
    kind = all_formats()[sample.format]
    context = Context(
        source="bench",
        zone=ZoneInfo("Europe/London"),
        force=Force(domains=(DOMAIN,), number_ranges=("+441632960",)),
    )
    parser = kind(context, kind.Options(**sample.options))
    state, at, told, refused = "", 0, 0, 0
    while at < len(data):
        end = data.rfind(b"\n", at, at + BLOCK_BYTES) + 1
        block = Block(data[at:end], file="bench", offset=at)
        parsed = parse_in_parts(parser, block, state, pool=pool, parts=cores)
        state, at = parsed.state, end
        told, refused = told + parsed.lines, refused + parsed.rejects.height
    if told != data.count(b"\n") or refused > data.count(BROKEN):
        raise SystemExit(f"{sample.name}: {told} of {data.count(NEWLINE)} lines told of, {refused} refused")


NEWLINE: Final = b"\n"


def _with_broken(sample: Sample) -> bytes:
    lines = [line.encode() for line in sample.lines]
    lines[::MALFORMED_EVERY] = [BROKEN + line for line in lines[::MALFORMED_EVERY]]
    return sample.header.encode() + b"".join(lines)


def _peers(sample: Sample) -> list[tuple[str, Callable[[bytes], object]]]:
    peers: list[tuple[str, Callable[[bytes], object]]] = []
    if sample.loop == "csv" and importlib.util.find_spec("pyarrow"):
        peers.append(("pyarrow csv", _pyarrow))
    if sample.loop == "csv" and importlib.util.find_spec("duckdb"):
        peers.append(("duckdb csv", _duckdb))
    return peers


def _pyarrow(data: bytes) -> object:
    from pyarrow import csv

    options = csv.ReadOptions(autogenerate_column_names=True)
    return csv.read_csv(
        io.BytesIO(data),
        read_options=options,
        parse_options=csv.ParseOptions(invalid_row_handler=lambda _: "skip"),
    )


def _duckdb(data: bytes) -> object:
    import tempfile

    import duckdb

    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(data)
        file.flush()
        return duckdb.sql(
            "select count(columns(*)) from read_csv(?, all_varchar=true, header=false, ignore_errors=true)",
            params=[file.name],
        ).fetchall()


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
