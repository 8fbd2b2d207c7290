"""Serves the page."""

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from index.settings import Settings
from qa.page.blocks import build_page
from qa.page.serve.loader import DeskLoader, OpenDesk, PageDesk
from qa.page.serve.reach import Login, address_of, allowed_hosts, listen, login_of
from qa.page.theme import build_theme

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
    """Serve the page until Ctrl+C.

    Raises SettingsError where the address can't be had, or is open to others by mistake.
    """
    login = login_of(settings.page)
    listener = listen(settings.page)
    loader = DeskLoader(desk_factory, settings, say=say)
    server = build_server(loader, login)
    say(f"Dateline is at {address_of(settings.page)} (Ctrl+C stops it).")
    if login is None and settings.page.open_to_all:
        say("Everyone who can reach this address can read the articles: nobody has to log in.")
    loader.start()
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        return  # how it is meant to end
    finally:
        listener.close()


def build_server(loader: DeskLoader, login: Login | None = None) -> uvicorn.Server:
    """A server of the page; run it with `run(sockets=[listen(settings.page)])`."""
    application = FastAPI(openapi_url=None)
    gr.mount_gradio_app(
        application,
        build_page(loader),
        path="/",
        server_name=loader.settings.page.host,
        auth=login,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        max_file_size=f"{loader.settings.page.upload_megabytes} MB",
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        app_kwargs={"openapi_url": None},
        theme=build_theme(),
        # As `css`, Gradio would rewrite every selector and lose some declarations on the way.
        head=f"<style>{STYLES.read_text(encoding='utf-8')}</style>",
    )
    hosts = allowed_hosts(loader.settings.page)
    application.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)
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
