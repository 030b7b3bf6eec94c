"""What is not supported, or is no rule, is told with file and line; it is never passed over."""

from __future__ import annotations

import pytest
from sigma_rules import IDS, compiled, correlation, faults, rule

from detectors.finding import Severity

SOUND = rule("s:\n  user.id: jdoe\ncondition: s")


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (rule("s:\n  nosuch: x\ncondition: s"), 8, "no field 'nosuch'"),
        (rule("s:\n  url.full: x\ncondition: s"), 8, "no field 'url.full'"),
        (rule("s:\n  email.subject|contains: x\ncondition: s", category="email"), 8, "is content"),
        (rule("s:\n  event.original|contains: x\ncondition: s"), 8, "is content"),
        (rule("s:\n  - one word\n  - another\ncondition: s"), 6, "keywords"),
        (rule("s:\n  user.id|re: '\\Qx\\E'\ncondition: s"), 8, "regular expression is not supported"),
        (rule("s:\n  user.id|re: '(?=x)y'\ncondition: s"), 1, "invalid"),
        (rule("s:\n  user.id|re: '(x'\ncondition: s"), 1, "invalid"),
        (rule("s:\n  user.id|expand: '%people%'\ncondition: s"), 8, "placeholders"),
        (rule("s:\n  user.id|gt: 5\ncondition: s"), 8, "no number"),
        (rule("s:\n  user.id: true\ncondition: s"), 8, "not true or false"),
        (rule("s:\n  '@timestamp': '2026'\ncondition: s"), 8, "times"),
        (rule("s:\n  event.hash: ab\ncondition: s"), 8, "hashes"),
        (rule("s:\n  user.id|nosuch: x\ncondition: s"), 1, "nosuch"),
        (rule("s:\n  user.id: x\ncondition: s and t"), 6, "'t' not defined"),
        (rule("s:\n  user.id: x\ncondition: s | count() > 5"), 6, "pipe"),
        (
            rule("s:\n  email.to.address|fieldref: user.id\ncondition: s", category="email"),
            8,
            "several values",
        ),
        (
            rule("s:\n  user.id: x\ncondition: s", category="process_creation"),
            5,
            "no category 'process_creation'",
        ),
        (SOUND.replace("category: access", "product: pnc"), 4, "no category"),
        (
            SOUND.replace("category: access", "category: access\n  product: windows"),
            6,
            "no product 'windows'",
        ),
        (SOUND.replace("category: access", "category: access\n  vendor: x"), 4, "log source: vendor"),
        (SOUND.replace(f"id: {IDS.format(1)}\n", ""), 1, "no id"),
        (SOUND.replace("title", "tags: [category.nosuch]\ntitle"), 1, "no category 'nosuch'"),
        ("just text\n", 1, "no rule"),
        ("title: x\naction: global\n", 1, "action 'global'"),
        ("title: x\nfilter:\n  rules: any\n", 1, "filters"),
        ("title: [x\n", 2, "not YAML"),
    ],
)
def test_a_fault_is_told_with_its_line(text: str, line: int, why: str) -> None:
    [fault] = faults(text)
    assert why in fault.why
    assert fault.file == "rules.yml"
    assert fault.line == line


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (correlation("value_sum", "rule_1", "condition: {gte: 3, field: pnc_hit_count}"), "type value_sum"),
        (correlation("event_count", "rule_1", "condition: {lt: 3}"), "conditions with lt"),
        (correlation("event_count", "rule_1", "condition: {gte: 0}"), "no number of events"),
        (correlation("event_count", "nosuch"), "nosuch"),
        (correlation("event_count", "rule_1", "group-by: nosuch\ncondition: {gte: 3}"), "no field 'nosuch'"),
        (
            correlation("value_count", "rule_1", "condition: {gte: 3, field: [user.id, source.ip]}"),
            "several fields",
        ),
        (correlation("temporal_ordered", "[rule_1, rule_1]", "condition: rule_1"), "not referenced|in words"),
        (correlation("temporal_ordered", "[rule_1, rule_1]", "condition: {gte: 1}"), "another number"),
        (correlation("event_count", "rule_1", timespan="soon"), "soon"),
        (
            correlation(
                "event_count",
                "rule_1",
                "group-by: who\naliases: {who: {other: user.id}}\ncondition: {gte: 1}",
            ),
            "says nothing of 'rule_1'",
        ),
    ],
)
def test_a_fault_of_a_correlation_is_told_with_its_line(text: str, why: str) -> None:
    [fault] = faults(SOUND, text)
    assert any(part in fault.why for part in why.split("|"))
    assert fault.line is not None
    assert fault.line > 10


def test_a_correlation_of_correlations_is_a_fault() -> None:
    inner = correlation("event_count", "rule_1").replace("title:", "name: inner\ntitle:")
    outer = correlation("event_count", "inner").replace(IDS.format(99), IDS.format(98))
    assert "a correlation itself" in faults(SOUND, inner, outer)[-1].why


def test_two_rules_of_one_id_are_a_fault() -> None:
    [fault] = faults(SOUND, SOUND.replace("rule_1", "rule_2"))
    assert "its id is that of a rule in rules.yml" in fault.why


def test_every_fault_of_every_document_is_told_at_once() -> None:
    assert (
        len(faults(rule("s:\n  x1: x\ncondition: s"), SOUND, rule("s:\n  x2: x\ncondition: s", number=2)))
        == 2
    )


def test_what_a_rule_says_of_itself_is_what_its_alerts_say() -> None:
    about = compiled(
        SOUND.replace(
            "logsource",
            "level: critical\ndescription: Why it matters.\ntags: [attack.t1114, category.theft-and-fraud]\n"
            "falsepositives: [Training days]\nrunbook: [Ask the supervisor.]\nreferences: [https://example.org/x]\nlogsource",
        )
    ).about
    assert about.severity == Severity.CRITICAL
    assert about.category == "theft and fraud"
    assert about.innocent_causes == ("Training days",)
    assert about.runbook == ("Ask the supervisor.", "Read https://example.org/x")
    assert "Why it matters." in about.meaning
    assert "attack.t1114" in about.meaning


def test_another_text_of_a_rule_is_another_setting_and_its_name_stays() -> None:
    one, other = compiled(SOUND), compiled(SOUND.replace("jdoe", "asmith"))
    assert one.name == other.name
    assert one.settings.model_dump() != other.settings.model_dump()
    assert one.settings.model_dump() == compiled(SOUND).settings.model_dump()


@pytest.mark.parametrize(
    ("category", "selection", "needs"),
    [
        ("email", "email.to.address|endswith: '@news.example'", True),
        ("email", "email.from.address|re: 'news'", True),
        ("call", "call_to_final: '+442079460123'", True),
        ("call", "call_numbers|contains: '0794601'", True),
        ("email", "email.to.address|exists: true", False),
        ("call", "call_talk_seconds|gt: 600", False),
        ("access", "subject_key: AB12CDE", False),
    ],
)
def test_a_rule_that_names_who_ours_were_in_contact_with_needs_an_authority(
    category: str, selection: str, needs: bool
) -> None:
    assert (
        compiled(rule(f"s:\n  {selection}\ncondition: s", category=category)).about.needs_authority is needs
    )
