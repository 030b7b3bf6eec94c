"""Small feed files, invented, and the one step from text to loaded."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from auditd.reference.reading import read_feed
from auditd.reference.store import FeedFile, LoadReport, ReferenceStore

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

STAFF = "staff_id,name,rank,role,unit,employer,force,start_date\n"
IDENTIFIERS = "staff_id,kind,value,valid_from,valid_to\n"
INCIDENTS = "incident_ref,kind,opened_at,recorded_at,unit\n"
SUBJECTS = "incident_ref,subject_type,subject_key\n"
ASSIGNMENTS = "incident_ref,staff_id,unit,from,to,recorded_at\n"
MEDIA = "contact_id,outlet,kind,value,valid_from,valid_to,source,owner,review_by\n"
PROTECTED = "kind,value,category\n"


def person(number: int, unit: str = "Ashwick CID") -> str:
    return f"S{number},Ruth Alder,DC,detective,{unit},Force,Exampleshire,2019-04-01\n"


def incident(number: int, unit: str = "Ashwick CID") -> str:
    return f"INC{number},crime,2026-03-01T10:00:00Z,2026-03-01T10:05:00Z,{unit}\n"


def listed(
    number: int, kind: str, value: str, *, outlet: str = "Example Herald", since: str = "", until: str = ""
) -> str:
    return f"M{number},{outlet},{kind},{value},{since},{until},published,Comms,2026-12-31\n"


def load(
    store: ReferenceStore, conn: Connection, feed: str, text: str, *, now: datetime = NOW, **options: Any
) -> LoadReport:
    """Load one file; `name`, `complete` and `read_as` as in the store, everything else as in `read_feed`."""
    data = text.encode()
    file = FeedFile(
        options.pop("name", f"{feed}.csv"), sha256(data).hexdigest(), options.pop("read_as", "as usual")
    )
    complete = options.pop("complete", False)
    return store.load(conn, read_feed(data, feed, **options), now=now, file=file, complete=complete)
