"""Lives of the command that end at a chosen moment: asks `dying_process` for them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from engine_rig import Rig

KILLED = -9


class Launcher:
    """Starts processes of the command that die where told. Use as a context manager."""

    def __enter__(self) -> Launcher:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("dying_process.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def live(
        self,
        rig: Rig,
        *arguments: str,
        die_at: tuple[str, int] | None = None,
        kill_after: float = 60.0,
    ) -> int:
        """Run a command to its end, or kill it: at the n-th moment of a name, at the latest after so many seconds."""
        request = {
            "arguments": ["--config", str(rig.config_file), *arguments],
            "root": str(rig.root),
            "log": str(rig.root / "dying.log"),
            "moments": str(rig.root / ("died-at" if die_at else "moments")),
            "die_at": die_at,
            "kill_after": kill_after,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the launcher is gone"
        return int(answer)


def moments(rig: Rig) -> list[str]:
    """The moments that lives passed which were not to die at any."""
    return _lines(rig.root / "moments")


def deaths(rig: Rig) -> list[str]:
    """The moments at which lives ended."""
    return _lines(rig.root / "died-at")


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
