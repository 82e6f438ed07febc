"""Devices that follow the live feed, each of another user: `python -m benchmarks.feed_readers PORT NUMBER`.

Says `ready` when all of them are told; reads, and takes no notice of what it reads, until it is ended.
"""

import asyncio
import sys

import uvloop

from benchmarks.commands import user_id

ENDS = b"\n\n\r\n"
"""What ends a frame, in the pieces that an answer without a length comes in."""


async def follow(port: int, user: int, told: asyncio.Queue[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET /v1/users/{user_id(user)}/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
    writer.write(request.encode())
    await reader.readuntil(ENDS)
    await reader.readuntil(ENDS)
    told.put_nowait(user)
    while await reader.read(65536):
        pass
    raise ConnectionResetError("the service let a reader go")


async def main(port: int, number: int) -> None:
    told: asyncio.Queue[int] = asyncio.Queue()
    async with asyncio.TaskGroup() as group:
        for user in range(number):
            group.create_task(follow(port, user, told))
        for _ in range(number):
            await told.get()
        print("ready", flush=True)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
