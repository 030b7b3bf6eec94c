"""What the demo showed, as an SVG picture that needs nothing from elsewhere (no fonts are fetched)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

_FONT_FACES: Final = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)
_COMMENT: Final = re.compile(r"<!--.*?-->\s*", re.DOTALL)


def save_picture(console: Console, path: Path) -> None:
    """Write everything a recording console has printed as an SVG file."""
    frame = _COMMENT.sub("", _FONT_FACES.sub("", CONSOLE_SVG_FORMAT)).replace("Fira Code", "DejaVu Sans Mono")
    path.write_text(
        console.export_svg(title="make demo", code_format=frame, unique_id="demo"), encoding="utf-8"
    )
