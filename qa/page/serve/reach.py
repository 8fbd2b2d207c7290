"""Who can reach the page: this machine only, unless users log in or its owner says otherwise."""

import errno
import ipaddress
import socket
from collections.abc import Callable

from index.errors import DatelineError, SettingsError
from index.settings import PageSettings
from qa.page.serve.users import load_users

NAMES_HERE = ("localhost", "127.0.0.1", "[::1]")
Login = Callable[[str, str], bool]


def login_of(page: PageSettings) -> Login | None:
    """What says whether a name and password may come in; None where nobody is asked.

    Raises SettingsError for an address that others reach where nobody is asked, and was not meant
    to be, and for a file of users that can't be used.
    """
    if page.users is not None:
        return load_users(page.users).accepts
    if not is_loopback(page.host) and not page.open_to_all:
        raise SettingsError(
            f"Other machines can reach {page.host}, and everybody there could read the articles. "
            "Say who may with: dateline users add NAME --file users.txt; "
            f"dateline serve --host {page.host} --auth users.txt. "
            "Where everybody may, add --open-to-all instead."
        )
    return None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def allowed_hosts(page: PageSettings) -> list[str]:
    """The names by which browsers may call the page.

    A page elsewhere that points its own name at this machine must not read the articles; where
    others reach the page they may call it by any name, and log in.
    """
    return list(NAMES_HERE) if is_loopback(page.host) else ["*"]


def address_of(page: PageSettings) -> str:
    """Where the page is, for a browser on this machine."""
    try:
        version = ipaddress.ip_address(page.host).version
    except ValueError:
        version = 4
    return f"http://{f'[{page.host}]' if version == 6 else page.host}:{page.port}"


def listen(page: PageSettings, *, port: int | None = None) -> socket.socket:
    """A socket that listens where the settings say. Raises SettingsError where that can't be had.

    `port` replaces the settings' one; 0 is any that is free.
    """
    number = page.port if port is None else port
    listener = None
    try:
        found = socket.getaddrinfo(page.host, number, type=socket.SOCK_STREAM)
        family, kind, protocol, _, place = found[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen()
    except OSError as error:
        if listener is not None:
            listener.close()
        raise _refusal(page.host, number, error) from error
    return listener


def _refusal(host: str, port: int, error: OSError) -> DatelineError:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return SettingsError(
            f"This machine has no address {host} to listen on. Set page.host to one that it has, "
            "or leave it at 127.0.0.1."
        )
    other = port + 1 if port < 65535 else port - 1
    advice = f"Set another one with DATELINE_PAGE__PORT={other}"
    if error.errno == errno.EADDRINUSE:
        return SettingsError(f"Port {port} is in use. {advice}, or stop the other program.")
    return SettingsError(f"Port {port} can't be used: {error.strerror}. {advice}.")
