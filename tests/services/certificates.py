"""Certificates for servers of the tests, made with openssl."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.services.provision import missing


class Certificates(NamedTuple):
    """Files in PEM form."""

    authority: Path
    """Whom to trust."""

    server: Path
    """The server's key, and its certificate behind it."""


def make_certificates(folder: Path, name: str) -> Certificates:
    """Make an authority, and a server's certificate that it signed, for a name such as `IP:127.0.0.1`."""
    openssl = shutil.which("openssl")
    if openssl is None:
        missing("certificates", "openssl is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    authority, key, server = folder / "authority.pem", folder / "authority.key", folder / "server.pem"
    new: list[str | Path] = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subject: list[str | Path] = ["-subj", "/CN=authority of the tests", "-keyout", key, "-out", authority]
    _run(*new, *subject, "-addext", "basicConstraints=critical,CA:TRUE")
    own_key, certificate = folder / "server.key", folder / "server.crt"
    signed: list[str | Path] = [
        "-subj",
        "/CN=server of the tests",
        "-CA",
        authority,
        "-CAkey",
        key,
        "-addext",
        f"subjectAltName={name}",
    ]
    _run(*new, *signed, "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", own_key, "-out", certificate)
    server.write_bytes(own_key.read_bytes() + certificate.read_bytes())
    return Certificates(authority, server)


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)
