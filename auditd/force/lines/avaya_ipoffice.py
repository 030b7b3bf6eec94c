"""Lines of the SMDR of Avaya IP Office, thirty fields (docs/formats/avaya_ipoffice.md)."""

from __future__ import annotations

from auditd.force.happenings import Call
from auditd.force.lines.text import local


def ipoffice_line(call: Call) -> str:
    """Return the record of one call; its time is London's."""
    hours, rest = divmod(call.seconds, 3600)
    first = "T9001" if call.comes_in else f"E{call.caller}"
    second = "T9001" if call.leaves else f"E{call.called}"
    caller_name = "Line 1" if call.comes_in else call.caller_login
    fields = (
        f"{local(call.at):%Y/%m/%d %H:%M:%S}", f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}", "5", call.caller,
        "I" if call.comes_in else "O", call.called, call.called, "", "0" if call.leaves or call.comes_in else "1",
        str(1_000_000 + call.call_id), "0", first, caller_name, second, "Line 1" if call.leaves else "",
        *("0", "0"), *("",) * 13,
    )  # fmt: skip
    return ",".join(fields) + "\n"
