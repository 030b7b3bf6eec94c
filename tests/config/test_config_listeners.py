"""Faults of the listeners: each is found, located and told with a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditd.config import Config, ConfigError, load

ONE = '[[listeners]]\nname = "soc"\nbind = "127.0.0.1:6514"\n'
TLS = ONE + 'protocol = "tls"\ncertificate = "c.pem"\nkey = "k.pem"\n'


def loaded(folder: Path, text: str) -> Config:
    path = folder / "a.toml"
    path.write_text(text, "utf-8")
    return load(path)


def faults(folder: Path, text: str) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text)
    assert all(fault.line for fault in caught.value.faults)
    return [(fault.key, fault.why) for fault in caught.value.faults]


def test_paths_are_relative_to_the_folder_of_the_file(tmp_path: Path) -> None:
    config = loaded(tmp_path, '[listen]\nspool = "spool"\n' + TLS + 'client_ca = "ca.pem"\n')
    assert config.listen.spool == tmp_path / "spool"
    [listener] = config.listeners
    assert (listener.certificate, listener.key) == (tmp_path / "c.pem", tmp_path / "k.pem")
    assert listener.client_ca == tmp_path / "ca.pem"


def test_fingerprints_are_taken_with_or_without_colons(tmp_path: Path) -> None:
    text = TLS + f'client_ca = "ca.pem"\nclient_fingerprints = ["{":".join(["AB"] * 32)}"]\n'
    assert loaded(tmp_path, text).listeners[0].client_fingerprints == ("ab" * 32,)


@pytest.mark.parametrize(
    ("text", "key", "why"),
    [
        (ONE.replace("127.0.0.1", "0.0.0.0"), "listeners[0].bind", "other machines could reach this address"),
        ("[listen]\nhttp = '0.0.0.0:1'\n", "listen.http", "other machines could reach this address"),
        (ONE + ONE.replace("6514", "1"), "listeners[1].name", "the name 'soc' is taken by listeners[0]"),
        (ONE + ONE.replace("soc", "b"), "listeners[1].bind", "the bind '127.0.0.1:6514' is taken by listeners[0]"),
        (ONE + 'protocol = "tls"\nkey = "k"\n', "listeners[0].certificate", "is missing"),
        (ONE + 'client_ca = "ca"\n', "listeners[0].client_ca", "has no meaning for tcp"),
        (ONE + 'protocol = "udp"\nframing = "octet"\n', "listeners[0].framing", "has no meaning for udp"),
        (TLS + f'client_fingerprints = ["{"ab" * 32}"]\n', "listeners[0].client_fingerprints", "without client_ca no sender shows a certificate"),
        (ONE + 'routes = [{ folder = "pnc" }]\n', "listeners[0].routes[0]", "this route would take everything"),
        (ONE + 'routes = [{ folder = "../x", app_names = ["a"] }]\n', "listeners[0].routes[0].folder", 'must be a name, not "../x"'),
        (ONE + 'allow = ["192.0.2.1/24"]\n', "listeners[0].allow[0]", "'192.0.2.1/24' is not a network: 192.0.2.1/24 has host bits set"),
        (ONE + "max_mesage_bytes = 1\n", "listeners[0].max_mesage_bytes", "unknown setting"),
    ],
)  # fmt: skip
def test_a_fault_is_told_where_it_is(tmp_path: Path, text: str, key: str, why: str) -> None:
    assert faults(tmp_path, text) == [(key, why)]


def test_the_same_port_for_datagrams_and_for_streams_is_no_clash(tmp_path: Path) -> None:
    assert loaded(tmp_path, ONE + ONE.replace("soc", "udp") + 'protocol = "udp"\n').listeners[1].name == "udp"


def test_a_remote_address_is_fine_when_it_is_meant(tmp_path: Path) -> None:
    assert loaded(tmp_path, ONE.replace("127.0.0.1", "0.0.0.0") + "allow_remote = true\n").listeners


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    text = (
        ONE.replace("127.0.0.1", "0.0.0.0")
        + 'protocol = "tls"\nframing = "lines"\n[listen]\nsync_bytes = 1\n'
    )
    assert [key for key, _ in faults(tmp_path, text)] == [
        "listeners[0].certificate",
        "listeners[0].key",
        "listeners[0].bind",
        "listeners[0].framing",
        "listen.sync_bytes",
    ]


def test_a_change_of_a_listener_changes_the_digest(tmp_path: Path) -> None:
    assert loaded(tmp_path, ONE).digest() != loaded(tmp_path, ONE + "max_connections = 7\n").digest()
