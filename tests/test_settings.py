"""Settings: environment over file over default; nothing unknown, nothing missing, nothing dangerous."""

from pathlib import Path

import pytest

from recordsvc.settings import Settings, SettingsError, environment
from tests import doors

NEEDED = {
    "RECORDSVC_ENVIRONMENT": "test",
    "RECORDSVC_LOG_ORIGIN": "log.example.test",
    "RECORDSVC_AUDIENCE": "https://records.example.test",
    "RECORDSVC_REGION": "11110000000000000A",
    "RECORDSVC_ISSUER_URL": "https://records.example.test",
    "RECORDSVC_PUBLIC_URL": "https://records.example.test",
}


def load(folder: Path, text: str = "", **environ: str) -> Settings:
    (folder / "recordsvc.toml").write_text(text, "utf-8")
    named = {f"RECORDSVC_{name.upper()}": value for name, value in environ.items()}
    return Settings.load(NEEDED | {"RECORDSVC_DATA_DIR": str(folder)} | named)


def test_the_environment_stands_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    settings = load(tmp_path, 'port = "1"\npool_size = 7\n', port="2")

    assert (settings.port, settings.pool_size, settings.token_seconds) == (2, 7, 300)
    assert settings.data_dir == tmp_path


def test_lists_come_as_lists_or_with_commas(tmp_path: Path) -> None:
    settings = load(tmp_path, 'witness_keys = ["a", "b"]\n', witness_urls="http://one, http://two")

    assert (settings.witness_urls, settings.witness_keys) == (("http://one", "http://two"), ("a", "b"))


def test_a_named_folder_stands_over_the_environments(tmp_path: Path) -> None:
    settings = Settings.load(NEEDED | {"RECORDSVC_DATA_DIR": "elsewhere"}, data_dir=tmp_path)

    assert settings.database == f"sqlite:///{tmp_path}/recordsvc.db"


@pytest.mark.parametrize(
    ("text", "environ", "said"),
    [
        ("colour = 1\n", {}, "unknown setting: colour"),
        ('data_dir = "elsewhere"\n', {}, "unknown setting: data_dir"),
        ("port = [", {}, "not readable TOML"),
        ("", {"port": "many"}, "port must be a whole number"),
        ("metrics_token = 1\n", {}, "metrics_token must be text"),
        ("witness_urls = 1\n", {}, "witness_urls must be a list"),
        ("", {"witness_urls": "http://one"}, "same length"),
        ("", {"messenger": "pigeon"}, "messenger must be one of"),
        ("", {"environment": "play"}, "environment must be one of"),
        ("", {"environment": "demo", "host": "192.0.2.1"}, "loopback only"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, environ: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load(tmp_path, text, **environ)


def test_a_missing_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="missing setting: environment, log_origin"):
        Settings.load({}, data_dir=tmp_path)


def test_secrets_do_not_show(tmp_path: Path) -> None:
    settings = load(tmp_path, metrics_token="hidden-1", owner_database_url="postgresql://u:hidden-2@/x")

    assert "hidden" not in repr(settings)


def test_a_child_gets_the_environment_with_these_settings_and_no_others(monkeypatch) -> None:
    monkeypatch.setenv("RECORDSVC_PORT", "1")
    monkeypatch.setenv("SOMETHING", "else")

    given = environment(host="::1")

    assert given["SOMETHING"] == "else"
    assert {name: value for name, value in given.items() if name.startswith("RECORDSVC_")} == {
        "RECORDSVC_HOST": "::1"
    }


@pytest.mark.parametrize(
    "given",
    [
        {"paper_bytes": 0},
        {"paper_bytes": 16 << 20},
        {"objects_url": "https://store.example/papers"},
        {"objects_url": "ftp://store.example/papers", "objects_key_id": "a", "objects_secret": "b"},
        {"objects_url": "https://store.example", "objects_key_id": "a", "objects_secret": "b"},
        {
            "environment": "production",
            "objects_url": "http://store.example/papers",
            "objects_key_id": "a",
            "objects_secret": "b",
        },
    ],
)
def test_a_store_that_cannot_be_used_safely_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        doors.settings(**given)
