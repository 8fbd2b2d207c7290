"""`dateline users`: who may log in to a page that other machines reach."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from qa.page.serve.users import add_user, load_users, remove_user

UsersFile = Annotated[Path, typer.Option("--file", help="File of users.")]
Name = Annotated[str, typer.Argument(help="The user's name.")]

users_app = typer.Typer(help="Users of the page: add, list, remove.", no_args_is_help=True)


@users_app.command("add")
def add_command(name: Name, file: UsersFile) -> None:
    """Add a user, or give one another password; it is asked for, or read from standard input."""
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    add_user(file, name, password)
    typer.echo(f"{name} may log in. The file is {file}.")


@users_app.command("list")
def list_command(file: UsersFile) -> None:
    """List the names."""
    for name in load_users(file).names:
        typer.echo(name)


@users_app.command("remove")
def remove_command(name: Name, file: UsersFile) -> None:
    """Take a user out."""
    remove_user(file, name)
    typer.echo(f"{name} may no longer log in once the page is started again.")
