"""Serves the page on 127.0.0.1, and to nobody else."""

import errno
import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from index.errors import DatelineError, SettingsError
from index.settings import Settings
from qa.page.blocks import build_page
from qa.page.serve.loader import DeskLoader, OpenDesk, PageDesk
from qa.page.theme import build_theme

HOST = "127.0.0.1"
STYLES = Path(__file__).parents[1] / "page.css"
# What the browser may load: this page, and nothing from outside. Gradio needs inline scripts
# and compiles its templates; texts are escaped before they get here.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "worker-src 'self' blob:; object-src 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


def open_desk(*, settings: Settings, on_progress: Callable[[int, int], None]) -> PageDesk:
    """The real desk. Imported here because it brings the models' libraries along."""
    from qa import desk  # noqa: PLC0415

    opened: PageDesk = desk.open_desk(settings=settings, on_progress=on_progress)
    return opened


def say(sentence: str) -> None:
    """Tell whoever looks at the terminal."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def serve(
    settings: Settings,
    *,
    desk_factory: OpenDesk = open_desk,
    say: Callable[[str], None] = say,
) -> None:
    """Serve the page until Ctrl+C. Raises SettingsError where the port is in use."""
    listener = listen(settings.page.port)
    loader = DeskLoader(desk_factory, settings, say=say)
    server = build_server(loader)
    say(f"Dateline is at http://{HOST}:{settings.page.port} (Ctrl+C stops it).")
    loader.start()
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        return  # how it is meant to end
    finally:
        listener.close()


def listen(port: int) -> socket.socket:
    """A socket that listens on the port. Raises SettingsError where that can't be had."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise _port_error(port, error) from error
    return listener


def build_server(loader: DeskLoader) -> uvicorn.Server:
    """A server of the page; run it with `run(sockets=[listen(port)])`."""
    application = FastAPI(openapi_url=None)
    gr.mount_gradio_app(
        application,
        build_page(loader),
        path="/",
        server_name=HOST,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        theme=build_theme(),
        # As `css`, Gradio would rewrite every selector and lose some declarations on the way.
        head=f"<style>{STYLES.read_text(encoding='utf-8')}</style>",
    )
    # A page elsewhere that points its own name at 127.0.0.1 must not read the articles.
    application.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    application.add_middleware(_Headers)
    config = uvicorn.Config(
        application, log_level="warning", access_log=False, timeout_graceful_shutdown=1
    )
    return uvicorn.Server(config)


class _Headers:
    """Puts `HEADERS` on every reply."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS.items()]
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _port_error(port: int, error: OSError) -> DatelineError:
    other = port + 1 if port < 65535 else port - 1
    advice = f"Set another one with DATELINE_PAGE__PORT={other}"
    if error.errno == errno.EADDRINUSE:
        return SettingsError(f"Port {port} is in use. {advice}, or stop the other program.")
    return SettingsError(f"Port {port} can't be used: {error.strerror}. {advice}.")
