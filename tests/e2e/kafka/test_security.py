"""A broker that lets in only who shows a password over TLS, and lets each do only what it may."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType
from kafka.admin import ACLResourcePatternType as PatternType

from adapters.kafka.probe import probe
from adapters.kafka.refused import RelayRefused
from adapters.kafka.settings import KafkaSettings, Security
from domain.ports import Unavailable
from infra.kafka.kafka import LOOPBACK, LocalKafka, free_port
from projections.follower import Follower
from tests.e2e.conftest import NewService
from tests.e2e.kafka.conftest import NewRelay
from tests.e2e.kafka.consumer import assert_every_event_is_there_once, positions, up_to
from tests.e2e.kafka.log import MemoryLog
from tests.e2e.service import Service, eventually
from tests.e2e.test_doctor import findings
from tests.services.certificates import Certificates, make_certificates
from tests.services.kafka import local_broker

USER, PASSWORD = "convgroups", "correct-horse"
RIGHTS = {
    "topics": (ResourceType.TOPIC, [ACLOperation.ALL]),
    "transactions": (ResourceType.TRANSACTIONAL_ID, [ACLOperation.WRITE, ACLOperation.DESCRIBE]),
}
"""What the service's user needs, on names that begin with its prefix."""


class Guarded(NamedTuple):
    """The broker."""

    broker: LocalKafka
    open: str
    """Where the tests come in, and may do everything."""

    certificates: Certificates

    def settings(self, prefix: str, password: str = PASSWORD) -> KafkaSettings:
        security = Security("SASL_SSL", "SCRAM-SHA-256", USER, password, self.certificates.authority)
        return KafkaSettings(self.broker.bootstrap, prefix, partitions=2, security=security)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    certificates = make_certificates(folder, f"IP:{LOOPBACK}")
    port, inside, controller = free_port(), free_port(), free_port()
    more = {
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
        "listeners": f"SASL_SSL://{LOOPBACK}:{port},INSIDE://{LOOPBACK}:{inside},CONTROLLER://{LOOPBACK}:{controller}",
        "advertised.listeners": f"SASL_SSL://{LOOPBACK}:{port},INSIDE://{LOOPBACK}:{inside}",
        "listener.security.protocol.map": "SASL_SSL:SASL_SSL,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "INSIDE",
        "sasl.enabled.mechanisms": "SCRAM-SHA-256",
        "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificates.server),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }
    with local_broker(folder / "kafka", port=port, more=more, scram={USER: PASSWORD}) as broker:
        yield Guarded(broker, f"{LOOPBACK}:{inside}", certificates)


def permit(guarded: Guarded, prefix: str, *rights: str) -> None:
    """Give the service's user rights on what begins with the prefix."""
    with KafkaAdminClient(bootstrap_servers=guarded.open) as admin:
        admin.create_acls(
            [
                ACL(
                    f"User:{USER}",
                    "*",
                    operation,
                    ACLPermissionType.ALLOW,
                    ResourcePattern(kind, prefix, PatternType.PREFIXED),
                )
                for right in rights
                for kind, operations in [RIGHTS[right]]
                for operation in operations
            ]
        )


@pytest.fixture
def settings(guarded: Guarded, kafka_prefix: str) -> KafkaSettings:
    return guarded.settings(kafka_prefix)


def test_with_a_password_over_tls_every_event_is_published_once(
    guarded: Guarded, new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog
) -> None:
    permit(guarded, settings.topic_prefix, *RIGHTS)
    log.grow(300)
    Follower("kafka", log, new_relay()).catch_up()
    assert_every_event_is_there_once(guarded.open, settings.events_topic, log.head())
    assert probe(settings).has_groups


def test_a_wrong_password_is_refused_and_not_shown(guarded: Guarded, new_relay: NewRelay, kafka_prefix: str) -> None:
    wrong = guarded.settings(kafka_prefix, "wrong-battery")
    relay, deadline = new_relay(settings=wrong), monotonic() + 30

    def insist() -> None:
        while monotonic() < deadline:
            with suppress(Unavailable):  # a busy broker may close the connection before its answer is read
                relay.checkpoint()

    with pytest.raises(RelayRefused, match=f"does not let {USER} in") as refused:
        insist()
    assert "CONVGROUPS_KAFKA_SASL_PASSWORD" in str(refused.value)
    assert "wrong-battery" not in f"{refused.value!r} {wrong!r}"


def test_a_certificate_of_somebody_else_is_refused(
    guarded: Guarded, new_relay: NewRelay, settings: KafkaSettings, tmp_path: Path
) -> None:
    other = make_certificates(tmp_path, f"IP:{LOOPBACK}").authority
    for file in (other, None):
        wrong = replace(settings, security=replace(settings.security, ca_file=file))
        with pytest.raises(RelayRefused, match=r"is not trusted: .*CONVGROUPS_KAFKA_SSL_CAFILE"):
            new_relay(settings=wrong).checkpoint()


def test_a_certificate_for_another_name_is_refused(
    guarded: Guarded, new_relay: NewRelay, settings: KafkaSettings
) -> None:
    port = guarded.broker.port
    with pytest.raises(RelayRefused, match=r"localhost:\d+ is not trusted: Hostname mismatch"):
        new_relay(settings=replace(settings, bootstrap_servers=f"localhost:{port}")).checkpoint()


def test_tls_where_the_broker_speaks_none_is_said(
    guarded: Guarded, new_relay: NewRelay, settings: KafkaSettings
) -> None:
    with pytest.raises(Unavailable, match="does not speak TLS as CONVGROUPS_KAFKA_SECURITY_PROTOCOL says"):
        new_relay(settings=replace(settings, bootstrap_servers=guarded.open)).checkpoint()


@pytest.mark.parametrize(
    ("rights", "said"), [((), "looking up the topics"), (("topics",), "asking how its last transaction ended")]
)
def test_a_right_that_is_missing_is_named(
    guarded: Guarded, new_relay: NewRelay, settings: KafkaSettings, rights: tuple[str, ...], said: str
) -> None:
    if rights:
        permit(guarded, settings.topic_prefix, *rights)
    with pytest.raises(RelayRefused, match=f"does not permit .*Give {USER} that right") as refused:
        new_relay().checkpoint()
    assert said in str(refused.value)


def set_up(service: Service, settings: KafkaSettings) -> None:
    service.environment |= {
        "CONVGROUPS_KAFKA_PARTITIONS": str(settings.partitions),
        "CONVGROUPS_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "CONVGROUPS_KAFKA_SASL_MECHANISM": "SCRAM-SHA-256",
        "CONVGROUPS_KAFKA_SASL_USERNAME": USER,
        "CONVGROUPS_KAFKA_SASL_PASSWORD": PASSWORD,
        "CONVGROUPS_KAFKA_SSL_CAFILE": str(settings.security.ca_file),
    }


def test_a_service_without_the_right_says_so_and_goes_on_when_it_has_it(
    guarded: Guarded, new_service: NewService, settings: KafkaSettings
) -> None:
    service = new_service(settings.bootstrap_servers, settings.topic_prefix)
    set_up(service, settings)
    service.start()
    with service.client() as client:
        client.post("/v1/users/alice/commands", json={"command": "CreateGroup", "groupName": "x"}).raise_for_status()
    eventually(lambda: service.readiness()[0] == 503, "the relay is refused")
    assert f"Give {USER} that right" in service.readiness()[1]["relay"]["detail"]
    doctor = service.run("doctor")
    assert doctor.returncode == 3
    assert PASSWORD not in doctor.stdout + doctor.stderr + service.said()
    found = findings(service)
    assert found["CONVGROUPS_KAFKA_SASL_PASSWORD"]["found"] == "**********"
    assert found["service: relay"]["state"] == "bad"

    permit(guarded, settings.topic_prefix, *RIGHTS)
    service.stop()
    assert service.run("relay-from", "0").returncode == 0
    service.start()
    eventually(lambda: positions(guarded.open, settings.topic_prefix) == up_to(1), "the event is published")
