"""Lines of every format, as many as wanted, from a seed: what `benchmarks.formats` parses.

Values vary as they do in a force: some thousand accounts, numbers and addresses, times that go on.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from auditd.demo.formats import Call, cucm_header, cucm_line

BEGIN: Final = datetime(2026, 3, 2, 6, 0, 0)  # noqa: DTZ001 - written as logs write it, on the clock of the wall
DOMAIN: Final = "police.northmere.example"


@dataclass(frozen=True, slots=True)
class Sample:
    """A log: its header (may be empty), its lines, how to read it. loop names the plain Python loop beside it."""

    name: str
    format: str
    header: str
    lines: list[str]
    loop: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        """The file."""
        return (self.header + "".join(self.lines)).encode()


class _Chance:
    """What varies from line to line."""

    def __init__(self) -> None:
        self.rng = random.Random(7)
        self._people = [f"u{number}" for number in range(10_000, 12_000)]
        self._outside = [f"0770090{number:04}" for number in range(10_000)]
        self._vehicles = [f"{a}{b}{n:02}XYZ" for a in "ABCDEFGH" for b in "ABCDEFGH" for n in range(1, 70)]

    def person(self) -> str:
        return self.rng.choice(self._people)

    def number(self) -> str:
        return self.rng.choice(self._outside)

    def vehicle(self) -> str:
        return self.rng.choice(self._vehicles)

    def extension(self) -> str:
        return str(self.rng.randint(50_000, 52_000))

    def address(self) -> str:
        return f"{self.person()}@mail{self.rng.randint(1, 40)}.example"

    def ours(self) -> str:
        return f"{self.person()}@{DOMAIN}"

    def ip(self) -> str:
        return f"192.0.2.{self.rng.randint(1, 254)}"


def samples(count: int) -> Iterator[Sample]:
    """Yield about `count` lines of each format, one format after another."""
    for kind in _KINDS:
        chance = _Chance()
        lines = [kind.line(chance, number, BEGIN + timedelta(seconds=number // 4)) for number in range(count)]
        yield Sample(kind.name, kind.format, kind.header, lines, kind.loop, kind.options)


Line = Callable[["_Chance", int, datetime], str]


@dataclass(frozen=True, slots=True)
class _Kind:
    """How the lines of one sample are made."""

    name: str
    format: str
    loop: str
    line: Line
    header: str = ""
    options: dict[str, Any] = field(default_factory=dict)


def _pnc(chance: _Chance, number: int, at: datetime) -> str:
    return (
        f"{at.isoformat()},pnc,VE,{chance.person()},Northmere,T{number % 300:03},BRIAR {number % 9000 + 1000}/TRAFFIC/HB,"
        f"02,,vehicle,vehicle,{chance.vehicle()},hit,1,TX{number:08},NM-{number % 4000:06}\n"
    )


def _record_system(chance: _Chance, number: int, at: datetime) -> str:
    born = f"{number % 28 + 1:02}/{number % 12 + 1:02}/19{number % 60 + 40}"
    return (
        f"{number};{at:%d/%m/%Y;%H:%M:%S};{chance.person()};HB-{number % 50:02};VIEW;NOM;N{number % 9000};Fern;Jo;{born};"
        f";;;;crime enquiry\n"
    )


def _mobile_bill(chance: _Chance, number: int, at: datetime) -> str:
    return f"{chance.number()},{at:%d/%m/%y,%H:%M:%S},{chance.number()},00:{number % 60:02}:05,V\n"


def _flat_json(chance: _Chance, number: int, at: datetime) -> str:
    record = {
        "when": at.isoformat() + "Z", "login": chance.person(), "op": "READ", "terminal": f"T{number % 300}",
        "kind": "vehicle", "key": chance.vehicle(), "ref": f"R{number}", "reason": "traffic", "ip": chance.ip(),
    }  # fmt: skip
    return json.dumps(record, separators=(",", ":")) + "\n"


def _nested_json(chance: _Chance, number: int, at: datetime) -> str:
    record = {
        "@timestamp": at.isoformat() + "Z", "event": {"id": f"e-{number}", "action": "record-viewed", "outcome": "success"},
        "user": {"id": chance.person(), "name": "Jo"}, "source": {"ip": chance.ip()}, "subject_type": "vehicle",
        "subject_key": chance.vehicle(), "host": {"name": "hb", "id": "h-1"},
    }  # fmt: skip
    return json.dumps(record, separators=(",", ":")) + "\n"


def _exchange(chance: _Chance, number: int, at: datetime) -> str:
    to = ";".join((chance.address(), chance.ours(), chance.ours()))
    sender, mail_id = chance.ours(), f"{number:08x}"
    return (
        f"{at.isoformat()}.000Z,{chance.ip()},pc7,192.0.2.10,MAIL01,08D;2026,Default MAIL01,SMTP,RECEIVE,{number},"
        f"<{mail_id}@{DOMAIN}>,{mail_id}-13fb-42ab-4d44-08cf7f55890f,{to},To;To;Cc,14336,3,,,Minutes of {number},{sender},"
        f"{sender},,Originating,,{chance.ip()},192.0.2.10,S:x=1;S:y=2,Email,{mail_id}-13fb-42ab-4d44-08cf7f55890e,15.01\n"
    )


def _postfix(chance: _Chance, number: int, at: datetime) -> str:
    queue, host = f"3D74{number // 5:08X}", f"{at.isoformat()}.100000+00:00 mx1 postfix/"
    match number % 5:
        case 0:
            return f"{host}smtpd[101]: {queue}: client=pc7.{DOMAIN}[{chance.ip()}], sasl_method=PLAIN, sasl_username=JBriar\n"
        case 1:
            return f"{host}cleanup[102]: {queue}: message-id=<{number}@pc7.{DOMAIN}>\n"
        case 2:
            return f"{host}qmgr[104]: {queue}: from=<{chance.ours()}>, size=2140, nrcpt=1 (queue active)\n"
        case 3:
            return (
                f"{host}smtp[106]: {queue}: to=<{chance.address()}>, relay=mx.paper.example[198.51.100.5]:25, delay=1.7, "
                "delays=0.02/0/1.7/0.06, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as F12DF84004)\n"
            )
        case _:
            return f"{host}qmgr[104]: {queue}: removed\n"


def _audit(chance: _Chance, number: int, at: datetime) -> str:
    user = chance.ours()
    record: dict[str, Any] = {
        "CreationTime": at.isoformat(), "Id": f"{number:08x}-0000-4000-8000-000000000001", "RecordType": 50,
        "Operation": "MailItemsAccessed" if number % 2 else "Send", "OrganizationName": "northmere.example", "ResultStatus": "Succeeded",
        "UserKey": "1003200000000001", "UserType": 0, "Version": 1, "Workload": "Exchange", "UserId": user,
        "ClientIPAddress": f"{chance.ip()}:50111", "ClientInfoString": "Client=OWA;Action=ViaProxy", "LogonType": 0,
        "ExternalAccess": False, "InternalLogonType": 0, "MailboxGuid": f"{number % 2000:08x}-1111-4000-8000-000000000001",
        "MailboxOwnerUPN": user, "OrganizationId": "0a1b2c3d-0000-4000-8000-000000000001", "SessionId": f"s-{number}",
    }  # fmt: skip
    if number % 2:
        record["OperationProperties"] = [{"Name": "MailAccessType", "Value": "Bind"}]
        record["Folders"] = [
            {"FolderItems": [{"InternetMessageId": f"<{number}@x>"}], "Id": "Lg", "Path": "\\Inbox"}
        ]
    else:
        record["Item"] = {
            "Id": "RgA",
            "InternetMessageId": f"<{number}@{DOMAIN}>",
            "SizeInBytes": 2140,
            "Subject": "Re: rota",
        }
        record["recipientList"] = [{"Address": chance.address(), "Name": "Desk"}]
    return json.dumps(record, separators=(",", ":")) + "\n"


def _trace(chance: _Chance, number: int, at: datetime) -> str:
    return (
        f'{at.isoformat()}.1234567Z,{chance.ours()},"{chance.address()}##Receive, Send;{chance.ours()}##Receive, Deliver",'
        f'"A, subject",2140,<{number}@{DOMAIN}>,{number:08x}-13fb-42ab-4d44-08cf7f55890f,{chance.ip()},2,Outbound,Normal\n'
    )


def _cucm(chance: _Chance, number: int, at: datetime) -> str:
    own, called = chance.extension(), "9" + chance.number()
    return cucm_line(Call(at=at.replace(tzinfo=UTC), caller=own, called=called, seconds=58, call_id=number))


def _asterisk(chance: _Chance, number: int, at: datetime) -> str:
    own = chance.extension()
    return (
        f'"","{own}","9{chance.number()}","from-internal","""Briar, J"" <{own}>","SIP/{own}-{number:08x}","SIP/trunk-{number:08x}",'
        f'"Dial","SIP/trunk,30,tT","{at}","{at + timedelta(seconds=7)}","{at + timedelta(seconds=67)}",67,60,"ANSWERED",'
        f'"DOCUMENTATION","{1772500000 + number}.{number % 9000}",""\n'
    )


def _ipoffice(chance: _Chance, number: int, at: datetime) -> str:
    called, own = "9" + chance.number(), number % 400 + 200
    return (
        f"{at:%Y/%m/%d %H:%M:%S},00:01:00,7,{own},O,{called},{called},,0,{1000000 + number},0,E{own},{chance.person()},T9001,"
        "Line 1.1,0,0,,,,,,,,,,,,,\n"
    )


def _avaya_cm(chance: _Chance, number: int, at: datetime) -> str:
    return f"{at:%H%M} {number % 60:02}10 7           {chance.number():<18}{chance.extension():<5}\n"


def _mitel(chance: _Chance, number: int, at: datetime) -> str:
    return f" {at:%m/%d %H:%M:%S}  0000:00:{number % 60:02} {number % 900 + 7000}    0017 9{chance.number()}              A T3         \n"


def _bt(chance: _Chance, number: int, at: datetime) -> str:
    return f"Mobile,01632960018  ,,,{at:%d/%m/%Y,%H:%M},Mobile Phone,{chance.number()}     ,0000:00:{number % 60:02},  0.000,  0.088\n"


def _teams(chance: _Chance, number: int, at: datetime) -> str:
    key = f"{number:08x}-0000-4000-8000-000000000001"
    return (
        f"{key},sip:{chance.ours()},R Kell,{at.isoformat()}Z,{at.isoformat()}Z,,{(at + timedelta(seconds=60)).isoformat()}Z,60,"
        f"+441632960010,+44{chance.number()[1:]},dr_out,sbc1.{DOMAIN},0,0,BYE,Success,{key}\n"
    )


def _uk_cdr(chance: _Chance, number: int, at: datetime) -> str:
    cells = [""] * 42
    cells[0], cells[2], cells[3], cells[4], cells[5] = (
        "V",
        "01632960010",
        chance.number(),
        f"{at:%d/%m/%Y}",
        f"{at:%H:%M:%S}",
    )
    cells[6], cells[9], cells[10], cells[12], cells[14] = "60", "UK National", "UKN", "0.0600", "4009"
    cells[28], cells[29], cells[30], cells[35] = str(number), "GBP", "01632960009", chance.person()
    return ",".join(f'"{cell}"' for cell in cells) + "\n"


_PNC_COLUMNS: Final = (
    "txn_datetime,system,txn_code,user_id,user_force,terminal_id,originator,reason_code,justification,enquiry_text,subject_type,"
    "subject_key,result,hit_count,txn_ref,incident_ref\n"
)
_EXCHANGE_COLUMNS: Final = (
    "#Fields: date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id,"
    "internal-message-id,message-id,network-message-id,recipient-address,recipient-status,total-bytes,recipient-count,"
    "related-recipient-address,reference,message-subject,sender-address,return-path,message-info,directionality,tenant-id,"
    "original-client-ip,original-server-ip,custom-data,transport-traffic-type,log-id,schema-version\n"
)
_BT_COLUMNS: Final = "ChargeCode,InstallationNo,LineNo,ChargeCardNo,Date,Time,Destination,CalledNo,Duration,TxtDirectRebate,Cost\n"
_TEAMS_COLUMNS: Final = (
    "Correlation ID,SIP Address,Display Name,Invite time (UTC),Start time (UTC),Failure time (UTC),End time (UTC),Duration,"
    "Caller number,Callee number,Call type,SBC FQDN,Final SIP code,Final Microsoft subcode,Final SIP phrase,Event type,"
    "Shared Correlation ID\n"
)
_TRACE_COLUMNS: Final = (
    "origin_timestamp_utc,sender_address,Recipient_status,message_subject,total_bytes,message_id,network_message_id,"
    "original_client_ip,directionality,connector_id,delivery_priority\n"
)
_RECORD_SYSTEM_COLUMNS: Final = "Audit ID;Audit Date;Audit Time;Login;Station;Action;Entity;Nominal;Surname;Forename;DOB;VRM;Postcode;House;Occurrence;Reason\n"
_RECORD_SYSTEM: Final[dict[str, Any]] = {
    "separator": ";",
    "fields": {
        "record_id": "Audit ID", "user_id": "Login", "source_address": "Station", "event_code": "Action",
        "timestamp": {"read": ["Audit Date", "Audit Time"], "format": ["%d/%m/%Y %H:%M:%S"]},
        "event_action": {"read": "Action", "codes": {"VIEW": "record-viewed"}, "otherwise": "record-other"},
        "subject_type": {"read": "Entity", "codes": {"NOM": "person"}}, "event_reason": "Reason",
    },
    "subjects": {"person": {"key": "Nominal", "surname": "Surname", "forename": "Forename", "born": "DOB", "born_format": ["%d/%m/%Y"]}},
}  # fmt: skip
_BILL: Final[dict[str, Any]] = {
    "family": "call",
    "fields": {
        "timestamp": {"read": ["Date", "Time"], "format": "%d/%m/%y %H:%M:%S"}, "call_from": "Our Number",
        "call_to_dialled": "Dialled", "call_talk_seconds": "Duration", "event_code": "Type",
    },
}  # fmt: skip
_FLAT: Final[dict[str, Any]] = {
    "fields": {
        "timestamp": {"read": "when", "format": ["iso"]}, "record_id": "ref", "user_id": "login", "event_action": "op",
        "source_address": "terminal", "source_ip": "ip", "subject_type": "kind", "subject_key": "key", "event_reason": "reason",
    },
}  # fmt: skip
_WRITTEN: Final = {"written_before": "2026-04-01"}

_KINDS: Final = (
    _Kind("pnc", "pnc", "csv", _pnc, _PNC_COLUMNS),
    _Kind(
        "delimited: record system",
        "delimited",
        "csv;",
        _record_system,
        _RECORD_SYSTEM_COLUMNS,
        _RECORD_SYSTEM,
    ),
    _Kind(
        "delimited: mobile bill",
        "delimited",
        "csv",
        _mobile_bill,
        "Our Number,Date,Time,Dialled,Duration,Type\n",
        _BILL,
    ),
    _Kind("jsonlines: flat", "jsonlines", "json", _flat_json, "", _FLAT),
    _Kind("jsonlines: nested, ECS", "jsonlines", "json", _nested_json),
    _Kind("m365_audit", "m365_audit", "json", _audit),
    _Kind("exchange", "exchange", "csv", _exchange, _EXCHANGE_COLUMNS),
    _Kind("postfix", "postfix", "postfix", _postfix),
    _Kind("m365_trace", "m365_trace", "csv", _trace, _TRACE_COLUMNS),
    _Kind("cucm", "cucm", "csv", _cucm, cucm_header()),
    _Kind("asterisk", "asterisk", "csv", _asterisk),
    _Kind("avaya_ipoffice", "avaya_ipoffice", "csv", _ipoffice),
    _Kind("teams_pstn", "teams_pstn", "csv", _teams, _TEAMS_COLUMNS),
    _Kind("uk_cdr", "uk_cdr", "csv", _uk_cdr),
    _Kind("bt_calls", "bt_calls", "csv", _bt, _BT_COLUMNS),
    _Kind("avaya_cm", "avaya_cm", "fixed", _avaya_cm, "00:00 03/02\n", {"calling_prefix": "0", **_WRITTEN}),
    _Kind("mitel", "mitel", "fixed", _mitel, "", dict(_WRITTEN)),
)
