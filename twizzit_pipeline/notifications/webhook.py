"""A webhook that takes Slack's JSON: Slack, Mattermost, Rocket.Chat, Discord under its path `/slack`.

The URL is a secret: it appears in no log, error or row. Requests go through httpx's transport and not through its
client, which would log the URL; so no redirect is followed and no proxy of the environment is used.
"""

import json
import re
import ssl
from functools import cache

import httpx
from pydantic import SecretStr

from twizzit_pipeline.errors import ReceiverFailed
from twizzit_pipeline.notifications.messages import Message

ANSWER_SECONDS = 4.0
MESSAGE_SECONDS = 6.0  # whatever the server does
_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))


class Webhook:
    """The channel `webhook`; `url` may be on a private address: the operator set it."""

    name = "webhook"
    seconds = MESSAGE_SECONDS

    def __init__(self, url: SecretStr) -> None:
        self._url = url

    def send(self, message: Message) -> str | None:
        """Posts the message; any 2xx is taken for delivered, and the body of the answer is not read.

        Raises:
            ReceiverFailed: there was no answer in time, or one with another status.
        """
        try:
            status = self._post(json.dumps({"text": text(message)}, ensure_ascii=False).encode())
        except httpx.TimeoutException:
            raise ReceiverFailed("The webhook did not answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:  # their texts may hold the URL
            raise ReceiverFailed(f"The webhook cannot be reached ({type(error).__name__})") from None
        if not 200 <= status < 300:
            raise ReceiverFailed(f"The webhook answered {status}{_advice(status)}")
        return None

    def _post(self, body: bytes) -> int:
        request = httpx.Request(
            "POST",
            self._url.get_secret_value(),
            headers={"Content-Type": "application/json; charset=utf-8", "User-Agent": "twizzit-pipeline"},
            content=body,
            extensions={"timeout": httpx.Timeout(ANSWER_SECONDS).as_dict()},
        )
        with httpx.HTTPTransport(verify=_trusted()) as transport:
            answer = transport.handle_request(request)
            answer.close()
            return answer.status_code


@cache
def _trusted() -> ssl.SSLContext:
    """Whose certificates are trusted; reading them takes longer than a message."""
    return httpx.create_ssl_context()


def text(message: Message) -> str:
    """The message for Slack and its like, without anything that they would take for a mention, a link or an image."""
    said = "\n".join(message.lines)
    for character, escaped in _ESCAPES:
        said = said.replace(character, escaped)
    said = re.sub(r"@(?=\w)", "@\u200b", said)  # Mattermost and Discord act on @channel and @everyone in any text
    return re.sub(r"\](?=[(\[])", "] ", said)


def _advice(status: int) -> str:
    if 300 <= status < 400:
        return ": it is somewhere else now"
    if status in {401, 403, 404, 410}:
        return ": is TWIZZIT_NOTIFY_WEBHOOK_URL still valid?"
    return ""
