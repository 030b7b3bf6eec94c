"""The contacts view: who of ours was in touch with whom outside, each message and call once."""

from history import DESK, OURS, at, call, email, history

from detectors.contacts import CONTACT_SCHEMA, contacts

MOBILE = "+447700900001"


def seen(*rows):
    """Contacts as (first event, direction, ours, other), sorted."""
    frame = contacts(history(*rows).__getitem__, OURS).collect()
    assert frame.schema == CONTACT_SCHEMA
    return sorted(frame.select("event_id", "direction", "own_value", "other_value").rows())


def test_our_sender_contacts_each_external_recipient():
    row = email("e1", email_to_address=["a@news.example", "joe@force.example", "b@news.example"])
    assert seen(row) == [
        ("e1", "outbound", "jane@force.example", "a@news.example"),
        ("e1", "outbound", "jane@force.example", "b@news.example"),
    ]


def test_an_external_sender_contacts_each_of_our_recipients():
    row = email(
        "e1",
        email_from_address="desk@news.example",
        email_to_address=["joe@force.example", "x@other.example", "ann@cid.force.example"],
    )
    assert seen(row) == [
        ("e1", "inbound", "ann@cid.force.example", "desk@news.example"),
        ("e1", "inbound", "joe@force.example", "desk@news.example"),
    ]


def test_the_direction_that_the_source_claims_is_ignored():
    row = email("e1", email_directionality_raw="Incoming", email_direction="inbound")
    assert seen(row)[0][1] == "outbound"


def test_a_mailbox_that_redirects_outside_is_in_contact():
    row = email("e1", email_from_address="x@other.example", email_related_address="jane@force.example")
    assert seen(row) == [("e1", "outbound", "jane@force.example", "desk@news.example")]


def test_what_a_mailbox_passes_on_is_its_contact_not_that_of_who_wrote_it():
    """The message leaves under its sender's name, in rows that come with or after the one that tells who passed it on."""
    told = email("e2", event_action="email-forwarded", email_related_address="joe@force.example")
    left = email("e1", event_action="email-sent")
    assert seen(told, left) == [("e2", "outbound", "joe@force.example", "desk@news.example")]
    assert seen(left) == [("e1", "outbound", "jane@force.example", "desk@news.example")]


def test_a_list_of_ours_that_was_expanded_passes_nothing_on():
    row = email("e1", event_action="email-expanded", email_related_address="all@force.example")
    assert seen(row) == [("e1", "outbound", "jane@force.example", "desk@news.example")]


def test_transport_rows_and_rows_without_parties_are_no_contacts():
    assert (
        seen(
            email("e1", event_action="email-transport"),
            email("e2", email_from_address=None),
            email("e3", email_to_address=None),
            email("e4", email_to_address=[]),
            email("e5", email_to_address=[None]),
            email("e6", email_from_address=None, email_to_address=["jane@force.example"]),
        )
        == []
    )


def test_an_unknown_action_is_no_reason_to_drop_a_message():
    assert len(seen(email("e1", event_action=None))) == 1


def test_rows_of_one_message_fold_to_the_first():
    """Whatever system wrote them, and whether or not they carry the inner id as well."""
    rows = (
        email("e3", at(minutes=2), source="mail"),
        email("e1", at(seconds=1), email_network_message_id="n1"),
        email("e2", at(minutes=1)),
    )
    assert [row[0] for row in seen(*rows)] == ["e1"]


def test_a_chain_of_repeats_folds_as_long_as_no_gap_exceeds_an_hour():
    rows = [email(f"e{number}", at(minutes=60 * number)) for number in range(4)]
    assert [row[0] for row in seen(*rows, email("e9", at(hours=4, seconds=1)))] == ["e0", "e9"]


def test_messages_without_any_id_never_fold():
    assert len(seen(email("e1", email_message_id=None), email("e2", email_message_id=None))) == 2


def test_rows_at_one_moment_fold_to_the_lowest_event_id():
    assert [row[0] for row in seen(email("e2"), email("e1"))] == ["e1"]


def test_an_outbound_call_contacts_every_external_number_that_took_part():
    row = call("c1", call_to_final=MOBILE, call_numbers=["50009", DESK, MOBILE, "+441632960009"])
    assert seen(row) == [("c1", "outbound", "50009", DESK), ("c1", "outbound", "50009", MOBILE)]


def test_an_inbound_call_contacts_the_numbers_dialled_reached_and_forwarding():
    row = call(
        "c1",
        call_from=DESK,
        call_to_dialled="+441632960001",
        call_to_final="50002",
        call_redirected_by="50001",
    )
    assert seen(row) == [("c1", "inbound", own, DESK) for own in ("+441632960001", "50001", "50002")]


def test_an_extension_that_forwards_outside_is_in_contact():
    row = call(
        "c1", call_from="50001", call_to_dialled="50009", call_redirected_by="50009", call_to_final=DESK
    )
    assert seen(row) == [("c1", "outbound", "50001", DESK), ("c1", "outbound", "50009", DESK)]


def test_a_caller_from_outside_who_is_forwarded_outside_is_two_contacts_of_the_extension():
    row = call(
        "c1", call_from=MOBILE, call_to_dialled="50009", call_redirected_by="50009", call_to_final=DESK
    )
    assert seen(row) == [("c1", "inbound", "50009", MOBILE), ("c1", "outbound", "50009", DESK)]


def test_recordings_internal_and_withheld_calls_are_no_contacts():
    assert (
        seen(
            call("c1", call_is_recording=True),
            call("c2", call_to_dialled="50001", call_to_final="50001"),
            call("c3", call_from=None, call_to_dialled="50001", call_to_final="50001"),
            call("c4", call_to_dialled=None, call_to_final=None, call_numbers=None),
        )
        == []
    )


def test_legs_of_one_call_fold_and_the_longest_of_one_moment_speaks():
    legs = (call("c1", call_talk_seconds=0), call("c2"), call("c3", at(minutes=5), call_talk_seconds=900))
    [contact] = contacts(history(*legs).__getitem__, OURS).collect().rows(named=True)
    assert (contact["event_id"], contact["talk_seconds"], contact["own_kind"]) == ("c2", 360, "extension")


def test_the_number_is_kept_as_written():
    row = call("c1", call_to_dialled_raw="902079460123", call_to_final_raw="02079460123")
    assert contacts(history(row).__getitem__, OURS).collect()["other_written"].to_list() == ["902079460123"]
