"""`access-auditd evaluate`: how good explanations, detectors and ranking are, measured against labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditd.cli.context import CliError, open_state
from auditd.cli.output import count, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditd.cli.context import State
    from auditd.evaluation.caught import AtBudget, CaughtReport, QueueReport
    from auditd.evaluation.explained import ExplainedReport, Share
    from auditd.evaluation.labels import Labels
    from auditd.evaluation.measure import Evaluation

MOST_BUDGET = 10_000


@click.command()
@click.argument("labels", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--per-day",
    "budgets",
    default="5,10,20,50",
    show_default=True,
    help="Alerts looked at a day: several numbers.",
)
@click.option(
    "--picture",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw recall and precision over alerts a day: an .svg or .png file. Needs the extra `plot`.",
)
@click.option(
    "--tuning",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also judge again with each setting of each detector changed, which takes minutes, and write what that is worth: a .md file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context, labels: Path, budgets: str, picture: Path | None, tuning: Path | None, as_json: bool
) -> None:
    """Measure explanations, detectors and ranking against a labelled data set.

    LABELS is a folder of CSV files that say what is true. Findings are those in the database, made under the
    authorities there were; explanations are asked again with reference data as known now. Nothing is changed, and the
    daemon may run.
    """
    from auditd.archive.archive import SegmentsDamaged
    from auditd.cli.context import BAD_ANSWER
    from auditd.database import reading
    from auditd.evaluation.labels import LabelError, read_labels
    from auditd.evaluation.measure import evaluate

    numbers = _budgets(budgets)
    if picture is not None and picture.suffix.lower() not in (".svg", ".png"):
        raise CliError(f"--picture {picture}: the name must end in .svg or .png")
    if tuning is not None and tuning.suffix.lower() != ".md":
        raise CliError(f"--tuning {tuning}: the name must end in .md")
    try:
        known = read_labels(labels)
    except LabelError as error:
        raise CliError(str(error), hint="the layout is described in docs/evaluate.md") from None
    state = open_state(ctx)
    try:
        with reading(state.engine) as conn:
            report = evaluate(
                conn, state.config, state.archive, state.reference_store, known, budgets=numbers
            )
    except SegmentsDamaged as error:
        hint = "restore them from a backup; access-auditd status counts them"
        raise CliError(str(error), hint=hint, exit_code=BAD_ANSWER) from None
    if picture is not None:
        _draw(picture, report)
    if tuning is not None:
        _tune(state, known, tuning)
    if as_json:
        print_json(report)
    else:
        _print(report)


def _tune(state: State, labels: Labels, page: Path) -> None:
    from rich.console import Console

    from auditd.evaluation.matching import events_of_cases
    from auditd.evaluation.trying import Trials
    from auditd.evaluation.tuning import measure_tuning
    from auditd.evaluation.tuning_page import tuning_page
    from parsers.event import FAMILIES

    if labels.cases.is_empty():
        raise CliError("--tuning needs labelled cases", hint="cases.csv and case_events.csv")
    config, archive = state.config, state.archive
    detectors = [one for one in config.detectors() if one.about.audience != "soc"]
    trials = Trials(archive, state.engine, state.reference_store, config.force, now=state.now())
    with Console(stderr=True).status("judging") as status:
        report = measure_tuning(
            trials,
            detectors,
            labels,
            events_of_cases(archive, labels),
            config.score,
            events=sum(one.rows for family in FAMILIES for one in archive.segments(family)),
            progress=lambda what: status.update(f"judging again: {what}"),
        )
    try:
        page.write_text(tuning_page(report), encoding="utf-8")
    except OSError as error:
        raise CliError(f"{page}: {error.strerror or error}") from None


def _budgets(text: str) -> tuple[int, ...]:
    try:
        numbers = sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise CliError(f"--per-day {text!r} is not a list of whole numbers, such as 5,10,20,50") from None
    if not 0 < numbers[0] <= numbers[-1] <= MOST_BUDGET:
        raise CliError(f"--per-day: numbers from 1 to {MOST_BUDGET}")
    return tuple(numbers)


def _draw(picture: Path, report: Evaluation) -> None:
    from auditd.evaluation.picture import PlotMissing, save_curve

    if report.caught is None:
        raise CliError("--picture needs labelled cases", hint="cases.csv and case_events.csv")
    try:
        save_curve(picture, report.caught.curve, title="Labelled cases within the first alerts of each day")
    except PlotMissing as error:
        raise CliError(str(error), hint="pip install 'access-auditd[plot]'") from None
    except OSError as error:
        raise CliError(f"{picture}: {error.strerror or error}") from None


def _print(report: Evaluation) -> None:
    from detectors.detector import all_detectors

    if report.explained:
        _print_explained(report.explained)
    if report.caught:
        _print_caught(report.caught)
        _print_carried(report.carried)
    for name in report.not_found_by:
        detector = all_detectors().get(name)
        listed = detector is not None and detector.about.needs_authority
        click.echo(
            f"{name} has found nothing{' (it uses contact lists: is there an authority?)' if listed else ''}",
            err=True,
        )


def _print_explained(report: ExplainedReport) -> None:
    whole = (
        report.innocent, report.with_record, report.without_record, report.misuse, report.misuse_without_record,
    )  # fmt: skip
    _print_shares("look-ups", whole)
    _print_shares("innocent, with a record, by role", report.by_role)
    _print_shares("innocent, with a record, by what explains it", report.unexplained)
    rows = [(name, count(number)) for name, number in report.by_template.items()]
    print_table(("template", "innocent look-ups"), rows, right=("innocent look-ups",))
    click.echo(f"\nexplained only after the grace of unlinked_lookup: {count(report.late)}")
    click.echo(
        f"labels without a look-up: {count(report.unmatched)}; look-ups without a label: {count(report.unlabelled)}"
    )
    for event_id in report.wrongly:
        click.echo(f"misuse explained away: {event_id}")
    click.echo()


def _print_shares(title: str, shares: Sequence[Share]) -> None:
    rows = [(one.name, count(one.total), count(one.explained), _percent(one.share)) for one in shares]
    columns = (title, "look-ups", "explained", "share")
    print_table(columns, rows, right=columns[1:])
    click.echo()


def _print_caught(report: CaughtReport) -> None:
    budgets = [point.per_day for point in report.overall.budgets]
    numbers = [f"{word} @{budget}" for budget in budgets for word in ("recall", "precision")]
    columns = ("detector", "alerts", "a day", *numbers, "median h", "longest h")
    rows = [_queue_row(one) for one in (report.overall, *report.detectors)]
    print_table(columns, rows, right=columns[1:])
    click.echo()
    within = f"in the first {budgets[-1]}"
    kinds = [
        (one.truth, one.kind, count(one.cases), count(one.alerted), count(one.within)) for one in report.kinds
    ]
    print_table(
        ("truth", "kind of case", "cases", "alerted", within), kinds, right=("cases", "alerted", within)
    )
    if report.cases_without_events:
        click.echo(f"\ncases of which the archive has no event: {count(report.cases_without_events)}")


def _print_carried(points: Sequence[AtBudget]) -> None:
    click.echo("\nwhere what is not looked at waits for the next day")
    rows = [
        (count(one.per_day), count(one.shown), _percent(one.recall), _percent(one.precision))
        for one in points
    ]
    columns = ("a day", "alerts shown", "recall", "precision")
    print_table(columns, rows, right=columns)


def _queue_row(one: QueueReport) -> tuple[str, ...]:
    shares = [_percent(share) for point in one.budgets for share in (point.recall, point.precision)]
    hours = (one.median_hours_to_alert, one.longest_hours_to_alert)
    return (
        one.name, count(one.alerts), f"{one.alerts_a_day:.1f}", *shares,
        *("-" if number is None else f"{number:.1f}" for number in hours),
    )  # fmt: skip


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
