"""A real Chroma server of the tests' own on 127.0.0.1, and connections that are closed again."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from index.server import ServerAddress
from index.tables import Server

CHROMA = Path(sys.executable).with_name("chroma")
STARTING_SECONDS = 60


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running_server(folder: Path, port: int | None = None) -> Iterator[str]:
    """Runs `chroma run` over a folder; its URL. It is killed in the end."""
    port = port or free_port()
    command = [str(CHROMA), "run", "--path", str(folder), "--host", "127.0.0.1"]
    process = subprocess.Popen(
        [*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, process)
        yield url
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def opened(url: str, name: str) -> Iterator[Server]:
    """A server, whose connections are closed in the end."""
    server = Server(ServerAddress(url, name))
    try:
        yield server
    finally:
        close(server)


def close(server: Server) -> None:
    """Close a server's connections, as the end of its process would."""
    client: Any = server._client
    if client is not None:
        client._server._session.close()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    with httpx.Client(trust_env=False) as client:
        for _ in range(20 * STARTING_SECONDS):
            assert process.poll() is None, "the server ended while it started"
            with contextlib.suppress(httpx.TransportError):
                if client.get(f"{url}/api/v2/heartbeat").is_success:
                    return
            time.sleep(0.05)
    raise AssertionError("the server didn't start")
