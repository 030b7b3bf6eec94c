"""`access-auditd explain mine`, `approve`, `revoke`, `list`: patterns that explain, proposed by counting, decided by people.

It must never approve what nobody asked for, nor hide that a pattern would excuse known misuse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from auditd.cli.acting import by_option, refusals
from auditd.cli.context import open_state
from auditd.cli.ground import ground_of
from auditd.cli.moments import MOMENT
from auditd.cli.output import clean, count, london, print_json, print_table

if TYPE_CHECKING:
    from alerts.approvals import Approval
    from detectors.mining import Proposal


@click.command()
@click.option(
    "--from", "start", type=MOMENT, help="Start of the look-ups.  [default: 28 days before the end]"
)
@click.option("--to", "end", type=MOMENT, help="End of the look-ups.  [default: the latest there is]")
@click.option(
    "--min-support", type=click.IntRange(min=2), default=20, show_default=True,
    help="Fewest look-ups a pattern must take away to be proposed.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def mine(
    ctx: click.Context, /, *, start: datetime | None, end: datetime | None, min_support: int, as_json: bool
) -> None:
    """Propose patterns that would explain what nothing explains now. Nothing is stored, nothing is approved.

    Each is counted, held against chance (the same look-ups made by other people) and against look-ups of alerts that
    were closed as misuse. `explain approve PATTERN` makes one count.
    """
    from detectors.mining import propose

    state = open_state(ctx)
    ground = ground_of(state, start, end)
    proposals = propose(ground.unexplained, ground.reference, ground.options, min_support=min_support)
    excuses = [ground.excuses(proposal.pattern) for proposal in proposals]
    if as_json:
        print_json(
            {
                "from": ground.start,
                "to": ground.end,
                "unexplained": ground.unexplained.height,
                "min_support": min_support,
                "proposals": [_entry(one, bad) for one, bad in zip(proposals, excuses, strict=True)],
            }
        )
        return
    click.echo(
        f"{count(ground.unexplained.height)} look-ups are unexplained from {london(ground.start, seconds=False)} to "
        f"{london(ground.end, seconds=False)}."
    )
    if not proposals:
        click.echo(
            "No pattern takes at least --min-support of them away, and clearly more than chance would."
        )
    for proposal, bad in zip(proposals, excuses, strict=True):
        click.echo("")
        for line in _lines(proposal, bad):
            click.echo(clean(line))


@click.command()
@click.argument("pattern")
@click.option("--reason", required=True, help="Why look-ups of this pattern are work, in words.")
@click.option(
    "--from",
    "start",
    type=MOMENT,
    help="Start of the look-ups it is weighed by.  [default: 28 days before the end]",
)
@click.option("--to", "end", type=MOMENT, help="End of those look-ups.  [default: the latest there is]")
@click.option(
    "--despite-misuse",
    is_flag=True,
    help="Approve although it would excuse known misuse; kept with the approval.",
)
@by_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def approve(
    ctx: click.Context,
    /,
    *,
    pattern: str,
    reason: str,
    start: datetime | None,
    end: datetime | None,
    despite_misuse: bool,
    by: str,
    as_json: bool,
) -> None:
    """Have a pattern count as an explanation from now on, until it is revoked.

    PATTERN is text as `explain mine` prints it. What it takes away is counted and stored with the approval. Findings that
    it explains are withdrawn when the daemon has judged them again.
    """
    from alerts.approvals import ApprovalError
    from alerts.approvals import approve as approve_pattern
    from detectors.mining import weigh
    from detectors.patterns import PatternError, parse

    with refusals(PatternError):
        chosen = parse(pattern)
    state = open_state(ctx)
    ground = ground_of(state, start, end)
    weight = weigh(ground.unexplained, chosen, ground.reference, ground.options)
    with refusals(ApprovalError), state.engine.begin() as conn:
        approval = approve_pattern(
            conn, chosen, by=by, reason=reason, now=state.now(), support=weight.support, share=weight.share,
            excuses=ground.excuses(chosen), despite_misuse=despite_misuse,
        )  # fmt: skip
    said = f"approved, version {approval.version}: takes away {_taken(weight)}"
    _tell(approval, said, as_json=as_json)


@click.command()
@click.argument("approval")
@click.option("--reason", required=True, help="Why it no longer counts, in words.")
@by_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def revoke(ctx: click.Context, /, *, approval: str, reason: str, by: str, as_json: bool) -> None:
    """End an approval at once. What the pattern alone explained is found again when the daemon has judged it."""
    from alerts.approvals import ApprovalError
    from alerts.approvals import revoke as revoke_pattern

    state = open_state(ctx)
    with refusals(ApprovalError), state.engine.begin() as conn:
        ended = revoke_pattern(conn, approval, by=by, reason=reason, now=state.now())
    _tell(ended, "revoked", as_json=as_json)


@click.command("list")
@click.option("--live", "only_live", is_flag=True, help="Only those that count now.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def list_(ctx: click.Context, /, *, only_live: bool, as_json: bool) -> None:
    """List approved patterns, the newest first, revoked ones too."""
    from alerts.approvals import list_approvals
    from auditd.database import reading

    state = open_state(ctx)
    with reading(state.engine) as conn:
        found = [one for one in list_approvals(conn) if one.revoked_at is None or not only_live]
    if as_json:
        print_json(found)
        return
    columns = (
        "approval",
        "state",
        "pattern",
        "version",
        "support",
        "approved by",
        "approved",
        "excuses",
        "reason",
    )
    rows = [
        (
            one.approval_id, "revoked" if one.revoked_at else "live", one.pattern, one.version, count(one.support),
            one.approved_by, london(one.approved_at, seconds=False), ", ".join(one.excuses) or "-", one.reason,
        )
        for one in found
    ]  # fmt: skip
    print_table(columns, rows, right=("version", "support"))


def _lines(proposal: Proposal, excuses: Sequence[str]) -> Iterator[str]:
    words = proposal.pattern.words()
    yield str(proposal.pattern)
    yield f"  {words[:1].upper()}{words[1:]}."
    yield f"  Takes away {_taken(proposal)}, of {count(proposal.people)} people; by chance {proposal.by_chance:.1%}."
    yield f"  For example {', '.join(proposal.examples)}."
    if excuses:
        yield f"  Would also excuse known misuse: {', '.join(excuses)}."


def _taken(proposal: Proposal) -> str:
    return f"{count(proposal.support)} look-ups, {proposal.share:.1%} of the unexplained"


def _entry(proposal: Proposal, excuses: Sequence[str]) -> dict[str, Any]:
    return {
        "pattern": str(proposal.pattern),
        "words": proposal.pattern.words(),
        "support": proposal.support,
        "people": proposal.people,
        "share": proposal.share,
        "by_chance": proposal.by_chance,
        "examples": list(proposal.examples),
        "excuses": list(excuses),
    }


def _tell(approval: Approval, done: str, *, as_json: bool) -> None:
    if as_json:
        print_json(approval)
    else:
        click.echo(f"{approval.approval_id} {done}")
