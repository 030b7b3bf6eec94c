"""`make bench`: print how fast the product is on this machine, all figures in one run."""

from __future__ import annotations

import argparse
import os
import platform

import polars as pl

from benchmarks import backlog, detectors, explanations, formats, late, latency, peers, rotation


def main() -> None:
    """Run everything, or one part."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "part",
        nargs="?",
        choices=(
            "all",
            "backlog",
            "detectors",
            "explanations",
            "formats",
            "late",
            "latency",
            "rotation",
            "peers",
        ),
        default="all",
    )
    parser.add_argument("--lines", type=int, default=1_000_000, help="lines of the mixed backlog")
    parser.add_argument("--runs", type=int, default=3, help="runs of each backlog; the median is shown")
    options = parser.parse_args()
    print(
        f"Python {platform.python_version()}, polars {pl.__version__}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}"
    )
    if options.part in ("all", "backlog"):
        backlog.main(options.runs, options.lines)
    if options.part in ("all", "explanations"):
        explanations.main(options.runs, options.lines)
    if options.part in ("all", "detectors"):
        detectors.main(options.runs, options.lines)
    if options.part in ("all", "formats"):
        formats.main(options.runs, options.lines // 5)
    if options.part in ("all", "late"):
        late.main()
    if options.part in ("all", "latency"):
        latency.main()
    if options.part in ("all", "rotation"):
        rotation.main(options.runs, options.lines // 2)
    if options.part in ("all", "peers"):
        peers.main(options.runs, options.lines // 5)


if __name__ == "__main__":
    main()
