"""The list of models, one body that both stock clients read: OpenAI's fields and Anthropic's do not meet."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from loopwright.core.clock import SECOND, Micros


def models_body(models: Mapping[str, Micros]) -> bytes:
    """The body of `GET /v1/models`.

    Args:
        models: When each came to be, by the name that callers write.
    """
    data = [_model(name, created) for name, created in models.items()]
    names = list(models)
    return msgspec.json.encode({
        "object": "list", "data": data, "has_more": False,
        "first_id": names[0] if names else None, "last_id": names[-1] if names else None,
    })  # fmt: skip


def model_body(name: str, created: Micros) -> bytes:
    """The body of `GET /v1/models/{name}`."""
    return msgspec.json.encode(_model(name, created))


def _model(name: str, created: Micros) -> dict[str, Any]:
    at = datetime.fromtimestamp(created // SECOND, UTC).isoformat().replace("+00:00", "Z")
    return {
        "id": name, "object": "model", "created": created // SECOND, "owned_by": "loopwright",
        "type": "model", "display_name": name, "created_at": at,
    }  # fmt: skip
