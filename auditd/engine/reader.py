"""Reading and parsing for ingest: chunks of the tailer parsed on all cores, the next ones while these are committed.

It must never let a chunk be parsed from a state that is not its own, nor lose one that could not be parsed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from auditd.engine.parallel import parse_in_parts
from auditd.engine.tally import Read, quarantined
from auditd.tail.chunk import Chunk
from auditd.tail.cursor import Cursor
from auditd.tail.tailer import Tailer
from parsers.format import Format


@dataclass(frozen=True, slots=True)
class Batch:
    """Chunks that were read together, what became of those that could be parsed, and why others could not."""

    chunks: Sequence[Chunk]
    reads: Sequence[Read] = ()
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """Bytes of the chunks."""
        return sum(len(chunk.block.data) for chunk in self.chunks)


class Reader:
    """Hands out parsed batches; with a backlog the next one is in the making while one is out."""

    def __init__(self, *, parsers: Mapping[str, Format], tailer: Tailer, pool: Executor, cores: int) -> None:
        self._parsers = parsers
        self._tailer = tailer
        self._pool = pool
        self._cores = cores
        self._ahead_pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead")
        self._ahead: Future[Batch] | None = None
        self._states: dict[str, tuple[Chunk, str]] = {}

    @property
    def has_ahead(self) -> bool:
        """Whether a batch is in the making."""
        return self._ahead is not None

    def close(self) -> None:
        """Give back what was read ahead, let the thread go."""
        self.give_back()
        self._ahead_pool.shutdown()

    def cursors_changed(self) -> list[Cursor]:
        """Return the cursors that changed without a chunk."""
        return self._tailer.cursors_changed()

    def next(self, budget_bytes: int, now: datetime) -> Batch:
        """Return what was read ahead, else what there is to read now; chunks that cannot be parsed are given back."""
        if self._ahead is not None:
            batch, self._ahead = self._ahead.result(), None
        else:
            batch = self._parse(self._with_states(self._tailer.read(budget_bytes)), now)
        parsed = {id(read.chunk) for read in batch.reads}
        for chunk in batch.chunks:
            if id(chunk) not in parsed:
                self._tailer.refuse(chunk)
        for read in batch.reads:
            self._states[read.chunk.before.file] = (read.chunk, read.parsed.state)
        return batch

    def read_ahead(self, budget_bytes: int, now: datetime) -> None:
        """Have the next chunks parsed while these are committed."""
        chunks = self._tailer.read(budget_bytes, ahead=2)
        if chunks:
            self._ahead = self._ahead_pool.submit(self._parse, self._with_states(chunks), now)

    def accept(self, reads: Sequence[Read]) -> None:
        """Move on past what was committed."""
        for read in reads:
            self._tailer.accept(read.chunk, read.parsed.state)
            if self._states.get(read.chunk.before.file, (None, ""))[0] is read.chunk:
                del self._states[read.chunk.before.file]

    def refuse(self, reads: Sequence[Read]) -> None:
        """Take back what could not be committed: it comes again."""
        for read in reads:
            self._tailer.refuse(read.chunk)

    def _with_states(self, chunks: Sequence[Chunk]) -> list[tuple[Chunk, str]]:
        """Return each chunk with the parser's state before it, known here also where its predecessor is not committed."""
        return [
            (
                chunk,
                self._states[file][1] if (file := chunk.before.file) in self._states else chunk.before.state,
            )
            for chunk in chunks
        ]

    def give_back(self) -> None:
        """Refuse what was read ahead: it rests on what is not committed."""
        if self._ahead is not None:
            for chunk in self._ahead.result().chunks:
                self._tailer.refuse(chunk)
        self._ahead = None
        self._states.clear()

    def _parse(self, chunks: Sequence[tuple[Chunk, str]], now: datetime) -> Batch:
        reads: list[Read] = []
        failures: dict[str, str] = {}
        for chunk, state in chunks:
            parser = self._parsers[chunk.source]
            try:
                parsed = parse_in_parts(parser, chunk.block, state, pool=self._pool, parts=self._cores)
            except Exception as error:  # noqa: BLE001  a parser's bug must not stop the other sources
                failures[chunk.source] = f"{type(error).__name__} in format {parser.name}"
                continue
            reads.append(Read(chunk, parsed, quarantined(chunk, parsed, parser.name, now)))
        return Batch([chunk for chunk, _ in chunks], reads, failures)
