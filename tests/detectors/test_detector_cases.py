"""Small logs in real formats, and what each detector finds in them: at least two that fire, at least three that stay quiet."""

import pytest
from case_files import FOLDER, case_names, check_case, load_case

from detectors.detector import all_detectors

WITH_CASES = sorted(folder.name for folder in FOLDER.iterdir() if folder.is_dir())
EVERY_CASE = [(detector, name) for detector in WITH_CASES for name in case_names(detector)]


@pytest.mark.parametrize(
    ("detector", "name"), EVERY_CASE, ids=[f"{detector}-{name}" for detector, name in EVERY_CASE]
)
def test_a_case_ends_as_written(detector: str, name: str) -> None:
    check_case(all_detectors()[detector](), load_case(detector, name))


@pytest.mark.parametrize("detector", WITH_CASES)
def test_every_detector_fires_in_two_cases_and_is_quiet_in_three(detector: str) -> None:
    fires = [bool(load_case(detector, name).get("findings")) for name in case_names(detector)]
    assert sum(fires) >= 2
    assert len(fires) - sum(fires) >= 3
