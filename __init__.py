"""ComfyUI entry point: names the engine ``if_graph`` and exports the node classes."""

import importlib.util
import sys
from pathlib import Path


def _bind_engine() -> None:
    """Load the ``if_graph`` folder beside this file as the module ``if_graph``."""
    if "if_graph" in sys.modules:
        return
    entry = Path(__file__).parent / "if_graph" / "__init__.py"
    spec = importlib.util.spec_from_file_location("if_graph", entry)
    if spec is None or spec.loader is None:
        raise ImportError(f"{entry} is missing; clone the whole repository into custom_nodes")
    sys.modules["if_graph"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["if_graph"])


if __package__:  # empty when a test collector picks this file up on its own
    _bind_engine()
    from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS
    from .nodes.host import offer_pictures

    offer_pictures(Path(__file__).parent / "workflows" / "inputs")
    WEB_DIRECTORY = "./web"

    __all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS", "WEB_DIRECTORY"]
