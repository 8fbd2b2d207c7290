"""Who can reach the page: this machine only, unless users log in or its owner says otherwise."""

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Awaitable, Callable

import psutil

from index.errors import DatelineError, SettingsError
from index.sections import PageSettings
from index.server import is_loopback
from qa.page.serve.users import Users, load_users

NAMES_HERE = ("localhost", "127.0.0.1", "[::1]")
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened on
Login = Callable[[str, str], Awaitable[bool]]


def login_of(page: PageSettings) -> Login | None:
    """What says whether a name and password may come in; None where nobody is asked.

    Raises SettingsError for an address that others reach where nobody is asked, and was not meant
    to be, and for a file of users that can't be used.
    """
    if page.users is not None:
        return _one_at_a_time(load_users(page.users))
    if not is_loopback(address_of(page)) and not page.open_to_all:
        raise SettingsError(
            f"Other machines can reach {page.host}, and everybody there could read the articles. "
            "Say who may with: dateline users add NAME --file users.txt; "
            f"dateline serve --host {page.host} --auth users.txt. "
            "Where everybody may, add --open-to-all instead."
        )
    return None


def allowed_hosts(page: PageSettings) -> list[str]:
    """The names by which browsers may call the page.

    A page elsewhere that points its own name at this machine must not read the articles. Where
    users log in any name will do: such a page has no cookie of theirs.
    """
    if page.users is not None and not is_loopback(address_of(page)):
        return ["*"]
    names = [*NAMES_HERE, page.host]
    if page.host in ANY_ADDRESS:
        names += [socket.gethostname(), *_own_addresses()]
    return names


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


def _one_at_a_time(users: Users) -> Login:
    """Checks passwords beside the event loop, one after another: guessing takes its time."""
    turn = asyncio.Lock()

    async def login(name: str, password: str) -> bool:
        async with turn:
            return await asyncio.to_thread(users.accepts, name, password)

    return login


def _own_addresses() -> list[str]:
    """The addresses of this machine in its networks, as browsers write them."""
    found = [each.address for all_of in psutil.net_if_addrs().values() for each in all_of]
    addresses = []
    for each in found:
        try:
            version = ipaddress.ip_address(each).version
        except ValueError:  # of the hardware, or with the name of its network
            continue
        addresses.append(f"[{each}]" if version == 6 else each)
    return addresses


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
