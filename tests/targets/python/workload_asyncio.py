# SPDX-License-Identifier: Apache-2.0
"""A server and its clients in one event loop."""
import asyncio

import driver
from driver import spin


async def light(n):
    spin(20000)
    return n


async def heavy(n):
    spin(40000)
    return await light(n)


async def answer(line):
    return await (heavy if line[0] == 104 else light)(len(line))


async def counted(line):
    """Counting is not under answer(): its time is not among what is counted either."""
    began = driver.now()
    found = await answer(line)
    driver.count("answer", began)
    return found


async def handle(reader, writer):
    while True:
        line = await reader.readline()
        if not line:
            break
        writer.write(b"%d\n" % await counted(line))
        await writer.drain()
    writer.close()


async def client(port, word):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for i in range(5):
        writer.write(word)
        await writer.drain()
        await reader.readline()
    writer.close()


async def all_clients():
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.gather(client(port, b"heavy\n"), client(port, b"light\n"), client(port, b"heavy\n"))
    server.close()
    await server.wait_closed()


def workload():
    loop = asyncio.new_event_loop()

    def serve():
        loop.run_until_complete(all_clients())
    return [serve]
