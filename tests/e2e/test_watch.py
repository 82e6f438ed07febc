"""`convgroups watch` while the service is killed, stopped and started: each change is told once, in order."""

from threading import Thread

import httpx

from tests.e2e.conftest import NewService
from tests.e2e.service import Service
from tests.integration.watching import watching

RENAMES = 400


def rename_again_and_again(service: Service) -> None:
    """Record one event after the other, each sent with its key until it is answered."""
    for number in range(RENAMES):
        body = {"command": "RenameGroup", "groupID": 1, "newName": f"产品 {number}"}
        while True:
            service.up.wait()
            try:
                answer = httpx.post(
                    f"{service.url}/v1/users/alice/commands", json=body, headers={"Idempotency-Key": str(number)}
                )
            except httpx.TransportError:
                continue
            if answer.status_code == 200:
                break


def test_a_restart_of_the_service_loses_and_doubles_nothing(new_service: NewService) -> None:
    service = new_service()
    service.start()
    with service.client() as client:
        group = {"command": "CreateGroup", "groupName": "产品"}
        assert client.post("/v1/users/alice/commands", json=group).status_code == 200
    with watching("alice", "--json", "--url", service.url) as watch:
        told = watch.frames(1)
        writer = Thread(target=rename_again_and_again, args=(service,))
        writer.start()
        for end in (service.kill, service.stop, service.kill):
            told += watch.frames(RENAMES // 5)
            end()
            watch.said("waiting")
            service.start()
            watch.said("going on")
        writer.join()
        told += watch.frames(RENAMES + 1 - len(told))
        assert watch.interrupt() == (0, "", "")
    assert [frame["data"]["revision"] for frame in told] == list(range(1, RENAMES + 2))
    names = [frame["data"]["notifications"][0]["data"] for frame in told[1:]]
    assert names == [[f"产品 {number}"] for number in range(RENAMES)]
