"""What a run supplies to inputs that a class declares as hidden."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from if_graph.graph.schema import NodeSchema
from if_graph.graph.workflow import Workflow


class DynPrompt:
    """The workflow as a node may look into it, with the calls ComfyUI's object of this name offers."""

    def __init__(self, prompt: Mapping[str, Any]) -> None:
        self._prompt = prompt
        self._added: dict[str, Any] = {}
        self._parents: dict[str, str] = {}

    def add(self, parent: str, graph: Mapping[str, Any]) -> None:
        """Take in the sub-graph that the node ``parent`` became."""
        self._added.update(graph)
        self._parents.update(dict.fromkeys(graph, parent))

    def get_node(self, node_id: str) -> Any:
        """Return one node in API format."""
        return self._added[node_id] if node_id in self._added else self._prompt[node_id]

    def has_node(self, node_id: str) -> bool:
        """Tell whether there is such a node."""
        return node_id in self._prompt or node_id in self._added

    def all_node_ids(self) -> set[str]:
        """Return the ids of all nodes."""
        return {*self._prompt, *self._added}

    def get_original_prompt(self) -> Mapping[str, Any]:
        """Return the whole workflow in API format, without what nodes became."""
        return self._prompt

    def get_parent_node_id(self, node_id: str) -> str | None:
        """Return the node whose sub-graph this one belongs to, if any."""
        return self._parents.get(node_id)

    def get_real_node_id(self, node_id: str) -> str:
        """Return the node of the original workflow that this one comes from."""
        while node_id in self._parents:
            node_id = self._parents[node_id]
        return node_id

    get_display_node_id = get_real_node_id


class HiddenInputs:
    """Hands out hidden inputs for one run.

    Args:
        workflow: the workflow that runs.
        extra_pnginfo: what to embed in pictures besides it.
    """

    def __init__(self, workflow: Workflow, extra_pnginfo: Mapping[str, Any] | None) -> None:
        self._workflow = workflow
        self._extra_pnginfo = extra_pnginfo

    @cached_property
    def prompt(self) -> DynPrompt:
        """The workflow in API format, written out when the first node asks for it."""
        return DynPrompt(self._workflow.to_api())

    def of(self, node_id: str, schema: NodeSchema) -> dict[str, Any]:
        """Return the hidden keyword arguments of one node; kinds that only a server knows are None."""
        return {name: self._value(kind, node_id) for name, kind in schema.hidden.items()}

    def _value(self, kind: str, node_id: str) -> Any:
        if kind == "UNIQUE_ID":
            return node_id
        if kind == "EXTRA_PNGINFO":
            return self._extra_pnginfo
        if kind in ("PROMPT", "DYNPROMPT"):
            return self.prompt if kind == "DYNPROMPT" else self.prompt.get_original_prompt()
        return None
