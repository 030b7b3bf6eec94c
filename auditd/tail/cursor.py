"""Where reading of one file stands. The caller stores it in the transaction that stores what was read.

It must never hold log content: prints are hashes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything needed to find a file again after any restart, and to read on without loss or repetition.

    file: identity given at first sight, 16 hex digits. path: where new lines of this log are written; once finished,
    where the file was last seen. offset: bytes consumed, at a line boundary unless finished. head_hash, tail_hash:
    SHA-256 (hex) of the first head_length bytes, and of the tail_length bytes before offset (each at most 1024).
    state: the parser's state after offset. finished: the file was rotated away or is gone, and was read to its end.
    modified_ns: the file's modification time as last seen at `path`; 0 when not known. It tells rotated copies that
    were never seen from history that was there before us.
    """

    file: str
    source: str
    path: str
    device: int
    inode: int
    offset: int
    head_length: int
    head_hash: str
    tail_length: int
    tail_hash: str
    state: str
    finished: bool
    modified_ns: int = 0
