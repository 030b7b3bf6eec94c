"""The first schema: archive manifest, accounts, reference data, judging, findings, alerts, authorities.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alerts.append_only import append_only_statements

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

HISTORIES = ("alert_history", "authority_history")


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.String(length=16), nullable=False),
        sa.Column("concern", sa.String(length=64), nullable=False),
        sa.Column("person_key", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("finding_count", sa.Integer(), nullable=False),
        sa.Column("first_event_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_event_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.Column("category_closed", sa.String(length=64), nullable=True),
        sa.Column("rationale", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'in_review', 'closed')", name=op.f("ck_alerts_state")),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alerts")),
        sa.UniqueConstraint(
            "concern", "person_key", "ordinal", name=op.f("uq_alerts_concern_person_key_ordinal")
        ),
    )
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alerts_state_severity"), ["state", "severity"], unique=False)

    op.create_table(
        "authorities",
        sa.Column("authority_id", sa.String(length=16), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detectors", sa.JSON(), nullable=False),
        sa.Column("outlets", sa.JSON(), nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("events_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("events_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("review_by", sa.Date(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("revoke_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('verify_lawfulness', 'self_monitoring', 'integrity_security', 'criminal_proceedings')",
            name=op.f("ck_authorities_purpose"),
        ),
        sa.PrimaryKeyConstraint("authority_id", name=op.f("pk_authorities")),
    )
    op.create_table(
        "authorities_applied",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("detector", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("authority_id", "detector", name=op.f("pk_authorities_applied")),
    )
    op.create_table(
        "dirty_spans",
        sa.Column(
            "dirty_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("detector", sa.String(length=64), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("dirty_id", name=op.f("pk_dirty_spans")),
    )
    with op.batch_alter_table("dirty_spans", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dirty_spans_detector"), ["detector"], unique=False)

    op.create_table(
        "file_counts",
        sa.Column("file", sa.String(length=32), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("file", "what", "name", name=op.f("pk_file_counts")),
    )
    op.create_table(
        "files",
        sa.Column("file", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("device", sa.String(length=24), nullable=False),
        sa.Column("inode", sa.String(length=24), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("head_length", sa.Integer(), nullable=False),
        sa.Column("head_hash", sa.String(length=64), nullable=False),
        sa.Column("tail_length", sa.Integer(), nullable=False),
        sa.Column("tail_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column("modified_ns", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("event_lines", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("duplicates", sa.BigInteger(), nullable=False),
        sa.Column("lost_bytes", sa.BigInteger(), nullable=False),
        sa.Column("nul_bytes", sa.BigInteger(), nullable=False),
        sa.Column("first_read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("file", name=op.f("pk_files")),
    )
    with op.batch_alter_table("files", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_files_source"), ["source"], unique=False)

    op.create_table(
        "judged",
        sa.Column("detector", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("settings", sa.String(length=64), nullable=False),
        sa.Column("judged_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("detector", name=op.f("pk_judged")),
    )
    op.create_table(
        "reference_loads",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("feed", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("read_as", sa.String(length=64), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rows", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("accepted", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unchanged", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rejected", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_loads")),
    )
    with op.batch_alter_table("reference_loads", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_reference_loads_feed_file_name_id"), ["feed", "file_name", "id"], unique=False
        )

    op.create_table(
        "segments",
        sa.Column(
            "segment_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("family", sa.String(length=16), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("min_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("max_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("segment_id", name=op.f("pk_segments")),
        sa.UniqueConstraint("path", name=op.f("uq_segments_path")),
    )
    with op.batch_alter_table("segments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_segments_family"), ["family"], unique=False)
        batch_op.create_index(batch_op.f("ix_segments_retired_at"), ["retired_at"], unique=False)

    op.create_table(
        "alert_history",
        sa.Column("entry", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("alert_id", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.alert_id"], name=op.f("fk_alert_history_alert_id_alerts")
        ),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_alert_history")),
    )
    with op.batch_alter_table("alert_history", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alert_history_alert_id"), ["alert_id"], unique=False)

    op.create_table(
        "authority_history",
        sa.Column("entry", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("authority_id", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authority_id"],
            ["authorities.authority_id"],
            name=op.f("fk_authority_history_authority_id_authorities"),
        ),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_authority_history")),
    )
    with op.batch_alter_table("authority_history", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_authority_history_authority_id"), ["authority_id"], unique=False)

    op.create_table(
        "findings",
        sa.Column("finding_id", sa.String(length=32), nullable=False),
        sa.Column("detector", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=True),
        sa.Column("subject_key", sa.Text(), nullable=True),
        sa.Column("outlet", sa.Text(), nullable=True),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("event_ids", sa.JSON(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("withdrawn_reason", sa.Text(), nullable=True),
        sa.Column("first_found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("alert_id", sa.String(length=16), nullable=False),
        sa.CheckConstraint("state IN ('active', 'withdrawn')", name=op.f("ck_findings_state")),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.alert_id"], name=op.f("fk_findings_alert_id_alerts")),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_findings")),
    )
    with op.batch_alter_table("findings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_findings_alert_id"), ["alert_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_findings_detector_timestamp"), ["detector", "timestamp"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_findings_staff_id"), ["staff_id"], unique=False)

    op.create_table(
        "reference_rejects",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("load_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["load_id"], ["reference_loads.id"], name=op.f("fk_reference_rejects_load_id_reference_loads")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_rejects")),
    )
    with op.batch_alter_table("reference_rejects", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reference_rejects_load_id"), ["load_id"], unique=False)

    op.create_table(
        "reference_rows",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("feed", sa.String(length=64), nullable=False),
        sa.Column("row_key", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("load_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ended_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["ended_by"], ["reference_loads.id"], name=op.f("fk_reference_rows_ended_by_reference_loads")
        ),
        sa.ForeignKeyConstraint(
            ["load_id"], ["reference_loads.id"], name=op.f("fk_reference_rows_load_id_reference_loads")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_rows")),
    )
    with op.batch_alter_table("reference_rows", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reference_rows_ended_by"), ["ended_by"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_reference_rows_feed_known_from"), ["feed", "known_from"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_reference_rows_load_id"), ["load_id"], unique=False)
        batch_op.create_index(
            "uq_reference_rows_current",
            ["feed", "row_key"],
            unique=True,
            sqlite_where=sa.text("known_to IS NULL"),
            postgresql_where=sa.text("known_to IS NULL"),
        )

    for history in HISTORIES:
        for statement in append_only_statements(history, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    with op.batch_alter_table("reference_rows", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_reference_rows_current",
            sqlite_where=sa.text("known_to IS NULL"),
            postgresql_where=sa.text("known_to IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_reference_rows_load_id"))
        batch_op.drop_index(batch_op.f("ix_reference_rows_feed_known_from"))
        batch_op.drop_index(batch_op.f("ix_reference_rows_ended_by"))

    op.drop_table("reference_rows")
    with op.batch_alter_table("reference_rejects", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reference_rejects_load_id"))

    op.drop_table("reference_rejects")
    with op.batch_alter_table("findings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_findings_staff_id"))
        batch_op.drop_index(batch_op.f("ix_findings_detector_timestamp"))
        batch_op.drop_index(batch_op.f("ix_findings_alert_id"))

    op.drop_table("findings")
    with op.batch_alter_table("authority_history", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_authority_history_authority_id"))

    op.drop_table("authority_history")
    with op.batch_alter_table("alert_history", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alert_history_alert_id"))

    op.drop_table("alert_history")
    with op.batch_alter_table("segments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_segments_retired_at"))
        batch_op.drop_index(batch_op.f("ix_segments_family"))

    op.drop_table("segments")
    with op.batch_alter_table("reference_loads", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reference_loads_feed_file_name_id"))

    op.drop_table("reference_loads")
    op.drop_table("judged")
    with op.batch_alter_table("files", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_files_source"))

    op.drop_table("files")
    op.drop_table("file_counts")
    with op.batch_alter_table("dirty_spans", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dirty_spans_detector"))

    op.drop_table("dirty_spans")
    op.drop_table("authorities_applied")
    op.drop_table("authorities")
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alerts_state_severity"))

    op.drop_table("alerts")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS access_auditd_refuse_change()")
