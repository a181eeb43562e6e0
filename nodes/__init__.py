"""ComfyUI's view of the cascade: node classes by name."""

from . import edit, finish, load, lora, sample, text

NODE_CLASS_MAPPINGS = {**load.NODES, **lora.NODES, **text.NODES, **sample.NODES, **edit.NODES, **finish.NODES}
NODE_DISPLAY_NAME_MAPPINGS = {
    **load.NAMES,
    **lora.NAMES,
    **text.NAMES,
    **sample.NAMES,
    **edit.NAMES,
    **finish.NAMES,
}

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
