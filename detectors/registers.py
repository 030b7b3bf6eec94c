"""The registers of integrity: gifts, contracts, business interests, diaries, card spending. It must never hold a row.

They name a company in the same columns, `counterparty` and `company_number`, and people by `staff_id`, so that what one
of them says can be held against what the others say ("triangulation", HMIC 2012).
"""

from __future__ import annotations

from typing import Final

from detectors.feed import Feed, Field, optional

GIFT_KINDS: Final = ("gift", "hospitality")
GIFT_DIRECTIONS: Final = ("received", "given")
GIFT_OUTCOMES: Final = ("accepted", "declined", "returned", "surrendered", "pending")
CONTRACT_ROUTES: Final = ("open", "restricted", "framework", "quotations", "direct", "extension")
INTEREST_KINDS: Final = (
    "employment", "self_employment", "directorship", "shareholding", "property", "unpaid_office", "relative",
)  # fmt: skip
INTEREST_OUTCOMES: Final = ("pending", "approved", "conditional", "refused", "withdrawn")
DIARY_KINDS: Final = ("meeting", "meal", "event", "travel", "call", "private", "other")

_COMPANY: Final = (Field("counterparty"), optional("company_number"))
_PERHAPS_COMPANY: Final = (optional("counterparty"), optional("company_number"))

REGISTERS: Final = (
    Feed(
        "gifts",
        "Gifts and hospitality that people were offered or gave, accepted or not",
        (
            Field("entry_id"),
            Field("staff_id"),
            Field("offered_on", "date"),
            Field("kind", choices=GIFT_KINDS),
            Field("direction", choices=GIFT_DIRECTIONS),
            *_COMPANY,
            optional("contact_name"),
            optional("description"),
            optional("estimated_value", "money"),
            Field("outcome", choices=GIFT_OUTCOMES),
            Field("recorded_at", "time"),
            optional("approved_by"),
        ),
        key=("entry_id",),
    ),
    Feed(
        "contracts",
        "Contracts let: to whom, by what route, for how much, and who had a hand in it",
        (
            Field("contract_ref"),
            Field("title"),
            *_COMPANY,
            Field("route", choices=CONTRACT_ROUTES),
            Field("awarded_on", "date"),
            optional("starts_on", "date"),
            optional("ends_on", "date"),
            optional("contract_value", "money"),
            optional("unit"),
            optional("owner_staff_id"),
            optional("involved_staff_ids", "list"),
            optional("approved_by"),
        ),
        key=("contract_ref",),
    ),
    Feed(
        "business_interests",
        "Second jobs, firms, directorships, shares and property that people have declared",
        (
            Field("entry_id"),
            Field("staff_id"),
            Field("kind", choices=INTEREST_KINDS),
            *_COMPANY,
            optional("description"),
            Field("from", "date"),
            optional("to", "date"),
            Field("outcome", choices=INTEREST_OUTCOMES),
            Field("recorded_at", "time"),
            optional("review_by", "date"),
            optional("approved_by"),
        ),
        key=("entry_id",),
    ),
    Feed(
        "diary",
        "Diaries of chief officers: whom they met, when and where",
        (
            Field("entry_id"),
            Field("staff_id"),
            Field("from", "time"),
            optional("to", "time"),
            Field("kind", choices=DIARY_KINDS),
            *_PERHAPS_COMPANY,
            optional("contact_name"),
            optional("title"),
            optional("location"),
            optional("recorded_at", "time"),
        ),
        key=("entry_id",),
    ),
    Feed(
        "card_spend",
        "What was paid with corporate cards: by whom, to whom, how much, for what",
        (
            Field("transaction_id"),
            Field("staff_id"),
            Field("spent_at", "time"),
            *_COMPANY,
            optional("merchant_category"),
            Field("amount", "money"),
            optional("currency"),
            optional("purpose"),
            optional("approved_by"),
            optional("recorded_at", "time"),
        ),
        key=("transaction_id",),
    ),
)
