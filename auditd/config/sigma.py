"""Sigma rules of a folder, or of files, read: their detectors, or their faults with file and line.

It must never import pySigma for a configuration that names no rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from auditd.config.faults import Fault, Raw
from detectors.detector import Detector

MISSING: Final = "Sigma rules need pySigma, which is not installed"
INSTALL: Final = "pip install 'access-auditd[sigma]'"
_PATTERNS: Final = ("*.yml", "*.yaml")

Rules = Mapping[str, type[Detector]]


def rules_of(folder: Path, raw: Raw) -> tuple[Rules, list[Fault]]:
    """Return the detectors of the rules that `[sigma]` names, relative to the configuration's folder, and every fault."""
    table = raw.get("sigma")
    named = table.get("folder") if isinstance(table, dict) else None
    if not isinstance(named, str):
        return {}, []
    place = folder / named
    if not place.is_dir():
        return {}, [Fault(place, "sigma.folder", None, "is no folder", "make it, or leave sigma.folder out")]
    return read_files(files_in(place))


def files_in(folder: Path) -> list[Path]:
    """Return the files of rules in a folder and below it."""
    return sorted(path for pattern in _PATTERNS for path in folder.rglob(pattern) if path.is_file())


def read_files(paths: Iterable[Path]) -> tuple[Rules, list[Fault]]:
    """Return the detectors of the rules in files, and every fault."""
    texts: dict[str, str] = {}
    faults = []
    for path in sorted(set(paths)):
        try:
            texts[str(path)] = path.read_text("utf-8-sig")
        except UnicodeDecodeError:
            faults.append(Fault(path, "", None, "is not UTF-8 text", "save it as UTF-8"))
        except OSError as error:
            faults.append(Fault(path, "", None, f"cannot be read: {error.strerror}", "check who may read it"))
    if not texts:
        return {}, faults
    try:
        from detectors.sigma.reading import read_rules
    except ModuleNotFoundError:
        return {}, [*faults, Fault(Path(next(iter(texts))), "", None, MISSING, INSTALL)]
    found = read_rules(texts)
    faults += [Fault(Path(one.file), one.rule, one.line, one.why, one.hint) for one in found.faults]
    return found.detectors, faults
