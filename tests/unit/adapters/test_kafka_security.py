"""The settings of Kafka's security: whole, or refused with what to do."""

from pathlib import Path

import pytest

from adapters.main import kafka_settings
from adapters.settings import SettingRefused, read_settings

WHOLE = {
    "BOOTSTRAP_SERVERS": "kafka:9092",
    "SECURITY_PROTOCOL": "SASL_SSL",
    "SASL_MECHANISM": "SCRAM-SHA-256",
    "SASL_USERNAME": "convgroups",
    "SASL_PASSWORD": "correct-horse",
}


def give(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"CONVGROUPS_KAFKA_{name}", value)


def test_they_reach_kafka_whole_and_the_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, WHOLE)
    settings = read_settings()
    kafka = kafka_settings(settings)
    assert kafka is not None
    security = kafka.security
    assert (security.protocol, security.mechanism) == ("SASL_SSL", "SCRAM-SHA-256")
    assert (security.username, security.password) == ("convgroups", "correct-horse")
    assert security.encrypted
    assert "correct-horse" not in f"{settings!r} {kafka!r}"


def test_without_any_it_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, {"BOOTSTRAP_SERVERS": "kafka:9092"})
    kafka = kafka_settings(read_settings())
    assert kafka is not None
    assert not kafka.security.encrypted


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"SASL_PASSWORD": None}, "CONVGROUPS_KAFKA_SASL_PASSWORD is missing"),
        ({"SASL_USERNAME": None}, "CONVGROUPS_KAFKA_SASL_USERNAME is missing"),
        ({"SASL_MECHANISM": None}, "CONVGROUPS_KAFKA_SASL_MECHANISM is missing"),
        ({"SECURITY_PROTOCOL": "SSL"}, "KAFKA_SASL_MECHANISM is of no use with CONVGROUPS_KAFKA_SECURITY_PROTOCOL=SSL"),
        (
            {"SECURITY_PROTOCOL": None},
            "is of no use with CONVGROUPS_KAFKA_SECURITY_PROTOCOL=PLAINTEXT: set that to SASL",
        ),
        ({"SECURITY_PROTOCOL": "TLS"}, "CONVGROUPS_KAFKA_SECURITY_PROTOCOL=TLS: Input should be 'PLAINTEXT', 'SSL'"),
        ({"SASL_MECHANISM": "GSSAPI"}, "CONVGROUPS_KAFKA_SASL_MECHANISM=GSSAPI: Input should be 'PLAIN'"),
        ({"SSL_CAFILE": "no-such-file"}, "name a file with certificates in PEM form (No such file or directory)"),
        ({"SSL_CAFILE": __file__}, "name a file with certificates in PEM form ("),
        (
            {"SECURITY_PROTOCOL": "SASL_PLAINTEXT", "SSL_CAFILE": "/etc/ssl/certs/ca-certificates.crt"},
            "CONVGROUPS_KAFKA_SSL_CAFILE is of no use",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, str | None], said: str
) -> None:
    given = {name: value for name, value in (WHOLE | changed).items() if value is not None}
    if "ca-certificates" in given.get("SSL_CAFILE", "") and not Path(given["SSL_CAFILE"]).exists():
        pytest.skip("this machine has no certificates")
    give(monkeypatch, given)
    with pytest.raises(SettingRefused) as refused:
        read_settings()
    assert said in str(refused.value)
    assert "correct-horse" not in str(refused.value)
