"""Columns of requests that went through a web proxy. It must never hold anything else."""

from __future__ import annotations

from typing import Final

import polars as pl

from parsers.columns.column import TEXT, Column

WEB: Final[tuple[Column, ...]] = (
    Column(
        "url_full",
        TEXT,
        "Address asked for, without user information, query and fragment.",
        "url.full",
        "http_request.url.url_string",
    ),
    Column(
        "url_domain",
        TEXT,
        "Host asked for, in lower case; an IPv6 address in brackets.",
        "url.domain",
        "http_request.url.hostname",
    ),
    Column("url_port", pl.Int32(), "Port, where the address names one.", "url.port", "http_request.url.port"),
    Column(
        "url_query",
        TEXT,
        "Query string: content, null unless the source keeps it.",
        "url.query",
        "http_request.url.query_string",
    ),
    Column("url_query_hash", TEXT, "Hash of the query string: tells whether two are the same."),
    Column(
        "http_request_method",
        TEXT,
        "GET, POST, CONNECT (a tunnel), ...",
        "http.request.method",
        "http_request.http_method",
    ),
    Column(
        "http_response_status_code",
        pl.Int32(),
        "Status sent to the client; null where none was.",
        "http.response.status_code",
        "http_response.code",
    ),
    Column(
        "http_request_bytes", pl.Int64(), "Bytes from the client.", "http.request.bytes", "traffic.bytes_out"
    ),
    Column(
        "http_response_bytes", pl.Int64(), "Bytes to the client.", "http.response.bytes", "traffic.bytes_in"
    ),
    Column(
        "http_request_referrer",
        TEXT,
        "Page that led there, kept like the address.",
        "http.request.referrer",
        "http_request.referrer",
    ),
    Column(
        "http_response_mime_type",
        TEXT,
        "Type of what was sent.",
        "http.response.mime_type",
        "http_response.content_type",
    ),
    Column(
        "user_agent_original",
        TEXT,
        "Program that asked, in its own words.",
        "user_agent.original",
        "http_request.user_agent",
    ),
    Column("event_duration", pl.Int64(), "How long it took, in nanoseconds.", "event.duration", "duration"),
    Column(
        "destination_ip",
        TEXT,
        "Address of the server, or of the next proxy.",
        "destination.ip",
        "dst_endpoint.ip",
    ),
    Column(
        "destination_address",
        TEXT,
        "Host name of the next proxy.",
        "destination.address",
        "dst_endpoint.name",
    ),
    Column(
        "network_application", TEXT, "Application as the proxy knows it.", "network.application", "app_name"
    ),
    Column(
        "web_category",
        TEXT,
        "Category of the site, in the proxy's words.",
        ocsf="http_request.url.categories",
    ),
    Column("web_action", TEXT, "allowed, blocked, or challenged (asked to log in first)."),
    Column("rule_name", TEXT, "Rule of the proxy that decided.", "rule.name", "firewall_rule.name"),
    Column(
        "organization_name",
        TEXT,
        "Department of the account that acted.",
        "organization.name",
        "actor.user.org.name",
    ),
)
