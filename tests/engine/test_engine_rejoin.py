"""A record split by rotation through the whole installation, on each database: one event, and accounts that agree."""

from __future__ import annotations

import json
import os
import time

import pytest
from click.testing import CliRunner
from engine_rig import Rig, at

from auditd.archive.archive import Archive
from auditd.cli import main
from auditd.demo.formats import Lookup, pnc_line

END = at(days=3)
LINES = [pnc_line(Lookup(at(minutes=n), "auser", "vehicle", "AB12CDE", f"T{n}", "")) for n in range(3)]


@pytest.mark.case("T12", "T40")
def test_t12_a_record_split_by_rotation_is_one_event_and_both_files_are_accounted_for(
    rig_on_each: Rig,
) -> None:
    rig = rig_on_each
    log = rig.log("pnc", [LINES[0], LINES[1][:40]])
    rig.once(END)
    log.rename(log.with_name("pnc1.csv.1"))
    log.write_text(LINES[1][40:])
    long_ago = time.time() - 600
    os.utime(log.with_name("pnc1.csv.1"), (long_ago, long_ago))
    rig.once(END)
    with log.open("a") as out:
        out.write(LINES[2])
    rig.once(END)
    events = Archive(rig.root / "archive", rig.engine).scan("access").sort("timestamp").collect()
    assert events["pnc_txn_ref"].to_list() == ["T0", "T1"]  # T2 has no header above it in its own file
    assert events["event_original"][1] == LINES[1].rstrip("\n").encode()
    found = CliRunner().invoke(main, ["--config", str(rig.config_file), "accounts", "--verify", "--json"])
    assert found.exit_code == 0, found.output
    old, new = sorted(json.loads(found.stdout), key=lambda account: account["found_at"], reverse=True)
    assert (old["lines"], old["lines_on_disk"], old["event_lines"], old["rejects"]) == (3, 3, 2, {})
    assert (new["lines"], new["lines_on_disk"], new["non_records"]["rejoined"]) == (2, 2, 1)
