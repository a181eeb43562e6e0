"""What a run supplies to inputs that a class declares as hidden."""

from collections.abc import Mapping
from typing import Any

from if_graph.graph.schema import NodeSchema


class DynPrompt:
    """The workflow as a node may look into it, with the calls ComfyUI's object of this name offers."""

    def __init__(self, prompt: Mapping[str, Any]) -> None:
        self._prompt = prompt

    def get_node(self, node_id: str) -> Any:
        """Return one node in API format."""
        return self._prompt[node_id]

    def has_node(self, node_id: str) -> bool:
        """Tell whether there is such a node."""
        return node_id in self._prompt

    def all_node_ids(self) -> set[str]:
        """Return the ids of all nodes."""
        return set(self._prompt)

    def get_original_prompt(self) -> Mapping[str, Any]:
        """Return the whole workflow in API format."""
        return self._prompt


class HiddenInputs:
    """Hands out hidden inputs for one run.

    Args:
        prompt: the workflow in API format.
        extra_pnginfo: what to embed in pictures besides it.
    """

    def __init__(self, prompt: Mapping[str, Any], extra_pnginfo: Mapping[str, Any] | None) -> None:
        self._values = {"PROMPT": prompt, "EXTRA_PNGINFO": extra_pnginfo, "DYNPROMPT": DynPrompt(prompt)}

    def of(self, node_id: str, schema: NodeSchema) -> dict[str, Any]:
        """Return the hidden keyword arguments of one node; kinds that only a server knows are None."""
        values = {**self._values, "UNIQUE_ID": node_id}
        return {name: values.get(kind) for name, kind in schema.hidden.items()}
