"""Messages to the services that Apprise speaks to: Slack, e-mail, PagerDuty, Teams and a hundred more."""

from typing import Any

from loopwright.app.notify.outbox import Notification
from loopwright.app.notify.picture import LEGEND
from loopwright.errors import MissingExtraError

_NO_IMAGES = {"image_url_mask": "", "image_url_logo": ""}
"""Messages show no picture that another host would be asked for."""
_KINDS = {"info": "info", "warning": "warning", "critical": "failure"}


def send_service(address: str, one: Notification, picture: bytes | None) -> str:
    """Send one message; returns what went wrong, nothing where the service took it.

    Args:
        address: As Apprise writes them; never shown.
        one: The message.
        picture: PNG, attached where the service takes attachments.

    Raises:
        MissingExtraError: Apprise is not installed.
    """
    apprise = _apprise()
    # Nothing is kept on disk, and nothing of an address is logged.
    asset = apprise.AppriseAsset(
        app_id="Loopwright", app_desc="Loopwright", app_url="", storage_mode="memory", **_NO_IMAGES
    )
    client = apprise.Apprise(asset=asset)
    if not client.add(address):
        return "it refers to no address of a service that Apprise knows"
    attached = _attached(picture)
    legend = "" if picture is None else f"\n{LEGEND}"
    body = f"{one.text.body}{legend}\n({one.id})"
    took = client.notify(title=one.text.title, body=body, notify_type=_kind(one), body_format="text", attach=attached)
    return "" if took else "the service did not take it, or was not reached"


def _apprise() -> Any:
    try:
        import apprise
    except ImportError as error:
        raise MissingExtraError(
            "Apprise is not installed", why=str(error), fix='Install it with `pip install "loopwright[notify]"`.'
        ) from error
    return apprise


def _attached(picture: bytes | None) -> Any:
    if picture is None:
        return None
    from apprise.attachment import memory

    made: Any = memory.AttachMemory
    return made(content=picture, name="incident.png", mimetype="image/png")


def _kind(one: Notification) -> str:
    if one.news == "resolved":
        return "success"
    return _KINDS[str(one.data["incident"]["severity"])]
