"""The library, compiled with a program that uses it; it speaks TLS only, so the service gets a front that does."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from tests.services.provision import missing

HERE = Path(__file__).parent
PASSWORD = "changeit"


class Library(NamedTuple):
    """What runs the program."""

    command: list[str]
    certificate: Path
    private_key: Path


def install(folder: Path) -> Library:
    """Fetch the library with Maven, compile the program, and make a certificate that it trusts."""
    for program in ("java", "keytool", "mvn", "openssl"):
        if shutil.which(program) is None:
            missing("the product's library for Java", f"{program} is missing")
    jars, classes = folder / "jars", folder / "classes"
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
    fetched = subprocess.run(
        ["mvn", "--batch-mode", "--quiet", f"--file={HERE / 'pom.xml'}", *goal], capture_output=True, check=False
    )
    if fetched.returncode:
        missing("the product's library for Java", fetched.stdout.decode()[-500:])
    compiler = ["java", "-cp", f"{jars}/*", "org.eclipse.jdt.internal.compiler.batch.Main"]
    _run(*compiler, "-17", "-encoding", "UTF-8", "-nowarn", "-d", str(classes), str(HERE / "Calls.java"))
    certificate, private_key, trusted = folder / "cert.pem", folder / "key.pem", folder / "trusted.p12"
    named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(private_key), "-out", str(certificate)]
    _run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *named, *files)
    store = ["-keystore", str(trusted), "-storepass", PASSWORD]
    _run("keytool", "-importcert", "-noprompt", "-alias", "front", "-file", str(certificate), *store)
    trust = [f"-Djavax.net.ssl.trustStore={trusted}", f"-Djavax.net.ssl.trustStorePassword={PASSWORD}"]
    encoding = ["-Dfile.encoding=UTF-8", "-Dsun.stdout.encoding=UTF-8", "-Dsun.jnu.encoding=UTF-8"]
    command = ["java", "-XX:TieredStopAtLevel=1", *trust, *encoding, "-cp", f"{jars}/*:{classes}", "Calls"]
    return Library(command, certificate, private_key)


@contextmanager
def tls_front(library: Library, service: tuple[str, int]) -> Iterator[int]:
    """Speak TLS before the service; give the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(library.certificate, library.private_key)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ssl.SSLError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(*service)
        await asyncio.gather(pass_on(reader, inner_writer), pass_on(inner_reader, writer))

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(connected, "127.0.0.1", 0, ssl=context))
    thread = Thread(target=loop.run_forever)
    thread.start()

    async def close() -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
