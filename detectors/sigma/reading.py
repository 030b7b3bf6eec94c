"""From the texts of files to the detectors of their Sigma rules, and every fault with its file and line.

It must never pass over a document: each becomes a rule, or a fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from detectors.detector import Detector
from detectors.sigma.compiling import Rule, detector_of, name_of
from detectors.sigma.faults import LocatedFault, RuleFault


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The detectors that rules became, by name, with the file of each; what is wrong with the others."""

    detectors: Mapping[str, type[Detector]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[LocatedFault, ...] = ()


@dataclass(frozen=True, slots=True)
class _Document:
    """One document of a file: its rule, and its nodes to find lines by."""

    file: str
    rule: Rule
    node: yaml.Node

    def fault(self, why: str, hint: str = "", at: tuple[str, ...] = ()) -> LocatedFault:
        return LocatedFault(self.file, self.rule.title or "", _line(self.node, at), why, hint)


def read_rules(texts: Mapping[str, str]) -> RuleSet:
    """Return the rules of files (name -> text). A rule that correlations refer to is run by itself where they say `generate`."""
    faults: list[LocatedFault] = []
    documents = [one for file, text in sorted(texts.items()) for one in _documents(file, text, faults)]
    known = SigmaCollection([one.rule for one in documents], resolve_references=False)
    referred: dict[int, bool] = {}
    sound = []
    for one in documents:
        if isinstance(one.rule, SigmaCorrelationRule):
            try:
                one.rule.resolve_rule_references(known)
            except SigmaError as error:
                faults.append(one.fault(_said(error), at=("correlation", "rules")))
                continue
            for reference in one.rule.referenced_rules:
                referred[id(reference.rule)] = referred.get(id(reference.rule), False) or one.rule.generate
        sound.append(one)
    return _compiled([one for one in sound if referred.get(id(one.rule), True)], faults)


def _compiled(documents: list[_Document], faults: list[LocatedFault]) -> RuleSet:
    detectors: dict[str, type[Detector]] = {}
    files: dict[str, str] = {}
    for one in documents:
        try:
            name = name_of(one.rule)
            if name in detectors:
                faults.append(
                    one.fault(
                        f"its id is that of a rule in {files[name]}", "give it an id of its own", ("id",)
                    )
                )
                continue
            detectors[name], files[name] = detector_of(one.rule), one.file
        except RuleFault as fault:
            faults.append(one.fault(fault.why, fault.hint, fault.at))
        except SigmaError as error:
            faults.append(one.fault(_said(error), at=("detection",)))
    ordered = sorted(faults, key=lambda fault: (fault.file, fault.line or 0))
    return RuleSet(dict(sorted(detectors.items())), files, tuple(ordered))


def _documents(file: str, text: str, faults: list[LocatedFault]) -> Iterator[_Document]:
    try:
        loaded = list(yaml.safe_load_all(text))
        nodes = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or "it cannot be read"
        faults.append(LocatedFault(file, "", mark.line + 1 if mark else None, f"not YAML: {why}"))
        return
    for raw, node in zip(loaded, nodes, strict=False):
        if raw is None:
            continue
        if why := _no_rule(raw):
            title = str(raw.get("title", "")) if isinstance(raw, dict) else ""
            faults.append(LocatedFault(file, title, _line(node, ()), why, "one rule per document, whole"))
            continue
        rule, errors = _parsed(raw)
        if rule is None or errors:
            title = str(raw.get("title", ""))
            faults += [LocatedFault(file, title, _line(node, ()), why) for why in errors]
            continue
        yield _Document(file, rule, node)


def _no_rule(raw: Any) -> str:
    """Return why a document is no rule we run, "" where it is one."""
    if not isinstance(raw, dict):
        return "this document is no rule"
    if "action" in raw:
        return f"documents with action {raw['action']!r} are not supported"
    return "filters are not supported" if "filter" in raw else ""


def _parsed(raw: dict[str, Any]) -> tuple[Rule | None, list[str]]:
    try:
        parse = SigmaCorrelationRule.from_dict if "correlation" in raw else SigmaRule.from_dict
        rule = parse(raw, collect_errors=True)
    except SigmaError as error:
        return None, [_said(error)]
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        return None, [f"it cannot be read as a rule: {error}"]
    return rule, [_said(error) for error in rule.errors]


def _said(error: SigmaError) -> str:
    return str(error.args[0]) if error.args else type(error).__name__


def _line(node: yaml.Node, at: tuple[str, ...]) -> int:
    """Return the line (from 1) of the innermost key of a path that is there; a field may lie deeper than the path says."""
    line = node.start_mark.line + 1
    for name in at:
        found = next(_keys(node, name), None)
        if found is None:
            break
        key, node = found
        line = key.start_mark.line + 1
    return int(line)


def _keys(node: yaml.Node, name: str) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Yield the keys of that name, whatever their modifiers, and their values: the outermost first."""
    inner: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value.partition("|")[0] == name:
                yield key, value
            inner.append(value)
    elif isinstance(node, yaml.SequenceNode):
        inner = list(node.value)
    for one in inner:
        yield from _keys(one, name)
