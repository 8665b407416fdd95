"""Settings come from the environment once, and contradictions stop a start."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from libs.common.settings import DEVELOPMENT_ISSUER, Settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)


def test_nothing_needs_to_be_set() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 8000, Path(".data"))
    assert settings.database_url is None
    assert not settings.real_issuer


def test_the_environment_sets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "0")
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/yangguang_{service}")
    monkeypatch.setenv("LOG_FORMAT", "json")
    monkeypatch.setenv("CURSOR_SECRET", "hush")
    settings = Settings()
    assert (settings.port, settings.log_format) == (0, "json")
    assert settings.cursor_secret is not None
    assert settings.cursor_secret.get_secret_value() == "hush"


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("OIDC_ISSUER", "")
    settings = Settings()
    assert settings.database_url is None
    assert settings.oidc_issuer == DEVELOPMENT_ISSUER


def test_secrets_do_not_show() -> None:
    assert "hush" not in repr(Settings.model_validate({"cursor_secret": "hush"}))


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc] # that it cannot be assigned is the point


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DATABASE_URL", "postgresql://db/yangguang", "must contain {service}"),
        ("OIDC_ISSUER", "https://sso.example", "OIDC_JWKS_URL is required"),
        ("INDEX_NUMBER_PATTERN", "{uscc}/{year}", "must contain {serial}"),
        ("PORT", "70000", "less than or equal"),
        ("PORT", "http", "valid integer"),
        ("POOL_SIZE", "0", "greater than or equal"),
        ("LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("BODY_LIMIT_BYTES", "1", "greater than or equal"),
    ],
)
def test_what_cannot_work_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=says):
        Settings()


def test_a_real_issuer_needs_its_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_ISSUER", "https://sso.example")
    monkeypatch.setenv("OIDC_JWKS_URL", "https://sso.example/keys")
    assert Settings().real_issuer


def test_a_platform_with_a_real_issuer_does_not_break_on_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILPOINTS", "sequencer.after_commit=kill")
    assert Settings().failpoints
    monkeypatch.setenv("OIDC_ISSUER", "https://sso.example")
    monkeypatch.setenv("OIDC_JWKS_URL", "https://sso.example/keys")
    with pytest.raises(ValidationError, match="FAILPOINTS are for tests"):
        Settings()
