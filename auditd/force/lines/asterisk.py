"""Lines of Asterisk's Master.csv, eighteen columns (docs/formats/asterisk.md)."""

from __future__ import annotations

from datetime import timedelta

from auditd.force.happenings import Call
from auditd.force.lines.text import local


def asterisk_line(call: Call) -> str:
    """Return the record of one call; its times are London's."""
    start = local(call.at)
    ring = 5
    answered = call.seconds > 0
    answer = f'"{start + timedelta(seconds=ring):%Y-%m-%d %H:%M:%S}"' if answered else ""
    end = start + timedelta(seconds=ring + call.seconds)
    trunk = f"SIP/trunk-{call.call_id:08x}"
    here = trunk if call.comes_in else f"SIP/{call.caller}-{call.call_id:08x}"
    there = trunk if call.leaves else f"SIP/{call.called}-{call.call_id + 1:08x}"
    context = "from-trunk" if call.comes_in else "from-internal"
    return (
        f'"","{call.caller}","{call.called}","{context}","""{call.caller_login}"" <{call.caller}>","{here}","{there}",'
        f'"Dial","SIP/{call.called},30,tT","{start:%Y-%m-%d %H:%M:%S}",{answer},"{end:%Y-%m-%d %H:%M:%S}",'
        f'{ring + call.seconds},{call.seconds},"{"ANSWERED" if answered else "NO ANSWER"}","DOCUMENTATION",'
        f'"{int(call.at.timestamp())}.{call.call_id}",""\n'
    )
