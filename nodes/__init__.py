"""ComfyUI's view of the cascade: node classes by name."""

from . import load, sample, text

NODE_CLASS_MAPPINGS = {**load.NODES, **text.NODES, **sample.NODES}
NODE_DISPLAY_NAME_MAPPINGS = {**load.NAMES, **text.NAMES, **sample.NAMES}

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
