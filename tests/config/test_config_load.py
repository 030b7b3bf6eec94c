"""A configuration file becomes a Config, or every one of its faults at once."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from auditd.config import Config, ConfigError, Fault, load
from parsers.force import Force

SOURCE = """
[[sources]]
name = "pnc"
files = ["logs/*.csv", "/abs/*.csv"]
format = "pnc"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "a.toml"
    path.write_text(text, encoding="utf-8")
    return path


def loaded(folder: Path, text: str) -> Config:
    return load(write(folder, text))


def faults(folder: Path, text: str) -> tuple[Fault, ...]:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text)
    return caught.value.faults


def fault(folder: Path, text: str) -> tuple[str, int | None, str, str]:
    """The only fault of a text: key, line, why, hint."""
    (only,) = faults(folder, text)
    return only.key, only.line, only.why, only.hint


def test_an_empty_file_is_a_configuration_of_defaults(tmp_path: Path) -> None:
    config = loaded(tmp_path, "")
    assert config.run.tick_seconds == 0.1
    assert config.http_address() == ("127.0.0.1", 9464)
    assert config.sources == ()
    assert config.force == Force()


def test_the_force_is_what_parsers_take(tmp_path: Path) -> None:
    text = '[force]\ndomains = ["Example.ORG"]\nnumber_ranges = ["+441632960"]\nextension_digits = 5'
    assert loaded(tmp_path, text).force == Force(("example.org",), ("+441632960",), "GB", ("9",), 5)


def test_relative_paths_are_relative_to_the_folder_of_the_file(tmp_path: Path) -> None:
    text = '[storage]\narchive = "kept"\ndatabase = "sqlite:///state.db"\n' + SOURCE
    config = loaded(tmp_path, text)
    assert config.storage.archive == tmp_path / "kept"
    assert config.storage.database == f"sqlite:///{tmp_path}/state.db"
    assert config.sources[0].files == (f"{tmp_path}/logs/*.csv", "/abs/*.csv")


def test_a_source_builds_its_parser_with_its_context_and_options(tmp_path: Path) -> None:
    text = SOURCE + 'zone = "UTC"\nsite = "hq"\nkeep_raw = false\n[sources.options]\nsystem = "leds"'
    parser = loaded(tmp_path, text).sources[0].parser()
    assert (parser.name, parser.options.system) == ("pnc", "leds")
    context = parser.context
    assert (context.source, context.zone, context.site, context.keep_raw) == (
        "pnc",
        ZoneInfo("UTC"),
        "hq",
        False,
    )


def test_a_source_tells_the_tailer_what_to_read(tmp_path: Path) -> None:
    source = loaded(tmp_path, SOURCE + "max_line_bytes = 4096").sources[0].tail_source()
    assert (source.name, source.files[1], source.max_line_bytes) == ("pnc", "/abs/*.csv", 4096)


def test_a_feed_keeps_its_columns_and_zone(tmp_path: Path) -> None:
    text = '[[feeds]]\nname = "hr"\nfeed = "staff"\nfiles = ["s.csv"]\ncomplete = true\ncolumns = {staff_id = "No"}'
    (feed,) = loaded(tmp_path, text).feeds
    assert (feed.feed, feed.complete, dict(feed.columns)) == ("staff", True, {"staff_id": "No"})
    assert feed.zone == ZoneInfo("Europe/London")


class TestFaults:
    """Each fault says which key, on which line, why, and what to do."""

    def test_all_faults_of_a_file_come_at_once_in_its_order(self, tmp_path: Path) -> None:
        text = '[run]\ntick_seconds = "1"\n[force]\ncontry = "GB"\n[http]\nbind = "nowhere"\n[zzz]\n' + SOURCE
        found = faults(tmp_path, text + 'zone = "Europe/Londn"')
        keys = ["run.tick_seconds", "force.contry", "http.bind", "zzz", "sources[0].zone"]
        assert [one.key for one in found] == keys
        assert [one.line for one in found] == [2, 4, 6, 7, 13]

    def test_a_misspelt_setting_suggests_the_nearest(self, tmp_path: Path) -> None:
        key, line, why, hint = fault(tmp_path, SOURCE + 'zoen = "UTC"')
        assert (key, line) == ("sources[0].zoen", 6)
        assert (why, hint) == ("unknown setting", "did you mean 'zone'?")

    def test_text_that_is_not_toml_is_located(self, tmp_path: Path) -> None:
        key, line, why, _ = fault(tmp_path, "[run]\ntick_seconds = = 1\n")
        assert (key, line) == ("", 2)
        assert why.startswith("not TOML at column 16")

    def test_text_that_ends_early_is_located_at_its_end(self, tmp_path: Path) -> None:
        assert fault(tmp_path, '[run]\n\nx = """abc\n')[1] == 3

    def test_bytes_that_are_not_utf8_are_located(self, tmp_path: Path) -> None:
        path = tmp_path / "a.toml"
        path.write_bytes(b"[force]\nname = '\xff'\n")
        with pytest.raises(ConfigError) as caught:
            load(path)
        assert (caught.value.faults[0].line, caught.value.faults[0].why) == (2, "is not UTF-8 text")

    def test_a_file_that_is_not_there_is_a_fault(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be read: No such file"):
            load(tmp_path / "absent.toml")

    def test_a_missing_setting_is_located_at_its_table(self, tmp_path: Path) -> None:
        key, line, why, hint = fault(tmp_path, '\n[[feeds]]\nfeed = "staff"\nfiles = ["x"]')
        assert (key, line, why) == ("feeds[0].name", 2, "is missing")
        assert hint.startswith("Name of the delivery")

    def test_an_unknown_format_is_a_fault(self, tmp_path: Path) -> None:
        key, _, why, hint = fault(tmp_path, SOURCE.replace('format = "pnc"', 'format = "pcn"'))
        assert (key, why, hint) == ("sources[0].format", "there is no format 'pcn'", "did you mean 'pnc'?")

    def test_an_unknown_option_of_a_format_is_a_fault(self, tmp_path: Path) -> None:
        key, line, _, hint = fault(tmp_path, SOURCE + '[sources.options]\nsytem = "x"')
        assert (key, line, hint) == ("sources[0].options.sytem", 7, "did you mean 'system'?")

    def test_options_take_no_value_of_another_type(self, tmp_path: Path) -> None:
        key, _, why, _ = fault(tmp_path, SOURCE + "[sources.options]\nsystem = 3")
        assert (key, why) == ("sources[0].options.system", "must be text in quotes, not 3")

    def test_an_unknown_feed_is_a_fault(self, tmp_path: Path) -> None:
        key, _, _, hint = fault(tmp_path, '[[feeds]]\nname = "a"\nfeed = "staf"\nfiles = ["x"]')
        assert (key, hint) == ("feeds[0].feed", "did you mean 'staff'?")

    def test_an_unknown_column_of_a_feed_is_a_fault(self, tmp_path: Path) -> None:
        text = '[[feeds]]\nname = "a"\nfeed = "staff"\nfiles = ["x"]\n[feeds.columns]\nstaffid = "No"'
        key, line, _, hint = fault(tmp_path, text)
        assert (key, line, hint) == ("feeds[0].columns.staffid", 6, "did you mean 'staff_id'?")

    def test_an_unknown_detector_is_a_fault(self, tmp_path: Path) -> None:
        assert fault(tmp_path, "[detectors.no_such_thing]")[:3] == (
            "detectors.no_such_thing", 1, "there is no detector 'no_such_thing'"
        )  # fmt: skip

    def test_a_name_is_used_once_over_sources_and_feeds(self, tmp_path: Path) -> None:
        text = SOURCE + '[[feeds]]\nname = "pnc"\nfeed = "staff"\nfiles = ["x"]'
        assert fault(tmp_path, text)[:3] == ("feeds[0].name", 7, "the name 'pnc' is taken by sources[0]")

    def test_names_that_differ_in_hyphens_alone_are_the_same(self, tmp_path: Path) -> None:
        second = SOURCE.replace('"pnc"\nfiles', '"p_nc"\nfiles').replace("logs", "x").replace("/abs", "/y")
        text = SOURCE.replace('"pnc"\nfiles', '"p-nc"\nfiles') + second
        assert fault(tmp_path, text)[0] == "sources[1].name"

    def test_a_pattern_belongs_to_one_source(self, tmp_path: Path) -> None:
        second = SOURCE.replace('name = "pnc"', 'name = "other"').replace('"logs/*.csv", ', "")
        assert fault(tmp_path, SOURCE + second)[0] == "sources[1].files"

    def test_another_machine_may_not_reach_the_port_unasked(self, tmp_path: Path) -> None:
        key, _, why, hint = fault(tmp_path, '[http]\nbind = "0.0.0.0:9464"')
        assert (key, why) == ("http.bind", "other machines could reach this address")
        assert "allow_remote = true" in hint

    @pytest.mark.parametrize("bind", ['"0.0.0.0:9464"\nallow_remote = true', '"[::1]:1"', '"localhost:1"'])
    def test_these_binds_are_fine(self, tmp_path: Path, bind: str) -> None:
        assert loaded(tmp_path, f"[http]\nbind = {bind}").http_address()[1] in {1, 9464}

    @pytest.mark.parametrize("bind", ["9464", "host:1", "127.0.0.1:", "127.0.0.1:70000", "::1:1", ":80"])
    def test_these_binds_are_no_addresses(self, tmp_path: Path, bind: str) -> None:
        assert fault(tmp_path, f'[http]\nbind = "{bind}"')[0] == "http.bind"

    @pytest.mark.parametrize(
        ("url", "hint"),
        [
            ("mysql://u@h/d", "supported: sqlite:////path"),
            ("postgresql+psycopg2://u@h/d", "write postgresql+psycopg://"),
            ("sqlite://", "give a file"),
            ("/var/lib/x.db", "write it like"),
        ],
    )
    def test_other_databases_are_refused(self, tmp_path: Path, url: str, hint: str) -> None:
        assert hint in fault(tmp_path, f'[storage]\ndatabase = "{url}"')[3]

    def test_the_database_url_is_never_shown(self, tmp_path: Path) -> None:
        found = faults(tmp_path, '[storage]\ndatabase = "mysql://u:hush@h/d"')
        assert "hush" not in str(found)
        assert "7" not in faults(tmp_path, "[storage]\ndatabase = 7")[0].why

    @pytest.mark.parametrize(
        ("setting", "hint"),
        [
            ('domains = ["a@example.org"]', "write 'example.org'"),
            ('domains = ["*.example.org"]', "without a leading dot"),
            ('number_ranges = ["01632960"]', "write it like '+441632960'"),
            ('country = "UK"', "like 'GB'"),
        ],
    )
    def test_who_we_are_is_checked(self, tmp_path: Path, setting: str, hint: str) -> None:
        assert hint in fault(tmp_path, f"[force]\n{setting}")[3]

    def test_infinity_is_no_number_of_seconds(self, tmp_path: Path) -> None:
        assert fault(tmp_path, "[run]\nreconcile_seconds = inf")[0] == "run.reconcile_seconds"

    def test_a_fault_reads_as_one_line(self, tmp_path: Path) -> None:
        (only,) = faults(tmp_path, SOURCE + "colour = 1")
        assert str(only).startswith(
            f"{tmp_path}/a.toml:6: sources[0].colour: unknown setting (settings here: "
        )


class TestDigest:
    """The digest names what is in effect: it moves when something changes, and only then."""

    def test_comments_and_spelt_out_defaults_change_nothing(self, tmp_path: Path) -> None:
        plain = loaded(tmp_path, SOURCE).digest()
        assert loaded(tmp_path, "# note\n[run]\ntick_seconds = 0.1\n" + SOURCE).digest() == plain

    @pytest.mark.parametrize(
        "change", ["keep_raw = false", '[sources.options]\nsystem = "leds"', "[run]\nblock_bytes=65536"]
    )
    def test_a_change_shows(self, tmp_path: Path, change: str) -> None:
        assert loaded(tmp_path, SOURCE + change).digest() != loaded(tmp_path, SOURCE).digest()

    def test_the_password_is_no_part_of_it(self, tmp_path: Path) -> None:
        one, two = (
            loaded(tmp_path, f'[storage]\ndatabase = "postgresql+psycopg://u:{word}@h/d"')
            for word in ("a", "b")
        )
        assert one.digest() == two.digest()
        assert one.storage.database.endswith("u:a@h/d")
