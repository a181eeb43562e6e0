"""ComfyUI's view of the cascade: node classes by name."""

from typing import Any

from . import edit, finish, load, lora, manual, sample, stages, text

NODE_CLASS_MAPPINGS: dict[str, Any] = {
    **load.NODES,
    **lora.NODES,
    **text.NODES,
    **sample.NODES,
    **edit.NODES,
    **stages.NODES,
    **finish.NODES,
}
NODE_DISPLAY_NAME_MAPPINGS = {
    **load.NAMES,
    **lora.NAMES,
    **text.NAMES,
    **sample.NAMES,
    **edit.NAMES,
    **stages.NAMES,
    **finish.NAMES,
}

for _name, _cls in NODE_CLASS_MAPPINGS.items():
    _cls.SEARCH_ALIASES, _cls.HELP = manual.ALIASES[_name], manual.HELP[_name]

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
