"""How a source shows YouTube who asks: an API key, or an access token that is renewed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from intent.model.errors import OperatorError

KEY = "YOUTUBE_API_KEY"
TOKEN = "YOUTUBE_ACCESS_TOKEN"  # noqa: S105  a variable's name
REFRESH = ("YOUTUBE_CLIENT_ID", "YOUTUBE_CLIENT_SECRET", "YOUTUBE_REFRESH_TOKEN")


@dataclass
class Login:
    """What is sent with every call, as a header of HTTP and as metadata of gRPC.

    Attributes:
        variable: the name of the variable that it comes from, for people.
        remedy: what an operator does when it is refused.
        renewed: fetches a new token; None where there is nothing to fetch.
    """

    variable: str
    remedy: str
    secret: str = field(repr=False)
    renewed: Callable[[], str] | None = None

    @property
    def header(self) -> tuple[str, str]:
        """Name and value, in lower case as gRPC wants it."""
        if self.variable == KEY:
            return "x-goog-api-key", self.secret
        return "authorization", f"Bearer {self.secret}"

    def renew(self) -> None:
        """Fetch a new token, where there is one to fetch.

        Raises:
            OperatorError: the refresh token is not taken.
            SourceLost: the server of tokens is away.
        """
        if self.renewed is not None:
            self.secret = _checked(self.variable, self.renewed())


def login_from(
    environment: Mapping[str, str], exchange: Callable[[Mapping[str, str]], str]
) -> Login:
    """Return the login that the environment holds.

    Args:
        exchange: turns the form of a refresh token into an access token.

    Raises:
        OperatorError: there is none, or it holds what no key holds.
    """
    if all(environment.get(name) for name in REFRESH):
        client, secret, token = (_checked(name, environment[name]) for name in REFRESH)
        form = {
            "client_id": client,
            "client_secret": secret,
            "refresh_token": token,
            "grant_type": "refresh_token",
        }
        remedy = f"let the account allow it again, and set {REFRESH[2]} to the new refresh token"
        return Login(REFRESH[2], remedy, environment.get(TOKEN, "").strip(), lambda: exchange(form))
    if environment.get(TOKEN):
        remedy = (
            f"tokens last an hour: set {TOKEN} to a new one, or {', '.join(REFRESH)} so that they "
            "are renewed"
        )
        return Login(TOKEN, remedy, _checked(TOKEN, environment[TOKEN]))
    if environment.get(KEY):
        remedy = (
            f"set {KEY} to a key that Google Cloud's console shows under Credentials, of a project "
            "in which YouTube Data API v3 is enabled"
        )
        return Login(KEY, remedy, _checked(KEY, environment[KEY]))
    raise OperatorError(
        f"{KEY} is not set; make a key in Google Cloud's console under Credentials, in a project "
        "in which YouTube Data API v3 is enabled"
    )


def _checked(variable: str, value: str) -> str:
    secret = value.strip()
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise OperatorError(
            f"{variable} holds characters that no key has; copy it again, without spaces and line "
            "breaks"
        )
    return secret
