"""The modules of the ComfyUI that has loaded this pack, if one has."""

import sys
from typing import Any

_MARK = "comfy.model_management"
"""A running ComfyUI has imported it before it loads a pack; stand-ins for packs do not bring it."""


def comfy_module(name: str) -> Any:
    """Return a module of a running ComfyUI, or None where there is no ComfyUI."""
    return sys.modules.get(name) if _MARK in sys.modules else None
