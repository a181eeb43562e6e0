"""What a file says of the pack that brings a node's class: read, and written back."""

import re
from collections.abc import Mapping
from typing import Any

_VERSION = re.compile(r"\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?|[0-9a-f]{7,40}|unknown")


def pack_of(properties: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return name and version of the pack that a file records for a node.

    Args:
        properties: ``properties`` of an editor's node, or ``_meta`` of an API node.
    """
    pack, version = properties.get("cnr_id") or properties.get("aux_id"), properties.get("ver")
    version = version.removeprefix("v") if isinstance(version, str) else ""
    return pack if isinstance(pack, str) else None, version if _VERSION.fullmatch(version) else None


def pack_fields(pack: str | None, version: str | None) -> dict[str, str]:
    """Return the fields that record a pack: ``aux_id`` for user/repository, else ``cnr_id``."""
    named = {"aux_id" if "/" in pack else "cnr_id": pack} if pack else {}
    return named | ({"ver": version} if version else {})
