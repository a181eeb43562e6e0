"""The one record every workflow file is read into: nodes, their inputs, and the picture they came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from if_graph.errors import WorkflowError
from if_graph.graph.packs import pack_fields
from if_graph.graph.wording import brief, listed, nearest, shown

if TYPE_CHECKING:
    from if_graph.graph.schema import NodeSchema


@dataclass(frozen=True)
class Link:
    """Output number ``slot`` of the node ``source``."""

    source: str
    slot: int


def as_link(value: Any) -> Any:
    """Return the link that ``["id", slot]`` stands for; anything else as it is."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and _is_slot(value[1]):
        return Link(value[0], int(value[1]))
    return value


def sources_of(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Return the nodes that feed a node, by input name."""
    return {name: value.source for name, value in inputs.items() if type(value) is Link}


def _is_slot(value: Any) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())


@dataclass(frozen=True)
class Node:
    """One box of a workflow.

    Args:
        class_type: name of the node class.
        inputs: constants and links by input name.
        title: what the user called it, if anything.
        pack: the node pack the file says it comes from, to name it when it is missing.
        pack_version: version of that pack, if the file says.
    """

    class_type: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    title: str | None = None
    pack: str | None = None
    pack_version: str | None = None

    @property
    def label(self) -> str:
        """The title, or the class where there is none."""
        return self.title or self.class_type


def where(node_id: str, node: Node) -> str:
    """Name a node the way every message does: id, title if it says more, class."""
    title = f" '{brief(node.title)}'" if node.title and node.title != node.class_type else ""
    return f"node {brief(node_id)}{title} ({brief(node.class_type)})"


@dataclass(frozen=True)
class Workflow:
    """A workflow as it will run; edits return a new one.

    Args:
        nodes: every node by id.
        editor: editor JSON that shows the same graph, for the ``workflow`` chunk of saved pictures.
        schemas: what is known of the classes; lets edits name inputs that the file leaves out.
    """

    nodes: Mapping[str, Node]
    editor: dict[str, Any] | None = field(default=None, compare=False, repr=False)
    schemas: "Mapping[str, NodeSchema]" = field(default_factory=dict, compare=False, repr=False)

    def find(self, node_ref: str) -> str:
        """Return the id of the node with this id or title.

        Raises:
            WorkflowError: if there is none, or a title stands for several.
        """
        if node_ref in self.nodes:
            return node_ref
        found = [node_id for node_id, node in self.nodes.items() if node.label == node_ref]
        if len(found) == 1:
            return found[0]
        if found:
            raise WorkflowError(
                f"title '{node_ref}' is shared by nodes {listed(found)}; use the id of one of them"
            )
        names = [*(node.label for node in self.nodes.values()), *self.nodes]
        raise WorkflowError(f"no node has the id or title '{brief(node_ref)}'; {nearest(node_ref, names)}")

    def with_input(self, node_ref: str, name: str, value: Any) -> "Workflow":
        """Return a copy in which one input has another value.

        Args:
            node_ref: id or title of the node.
            name: input to change; it may be one that the file leaves at its default.
            value: a constant or a :class:`Link`.

        Raises:
            WorkflowError: if there is no such node or no such input.
        """
        node_id = self.find(node_ref)
        node = self.nodes[node_id]
        self._require_input(node_id, name)
        changed = replace(node, inputs={**node.inputs, name: value})
        return replace(
            self, nodes={**self.nodes, node_id: changed}, editor=self._edited(node_id, name, value)
        )

    def to_api(self) -> dict[str, Any]:
        """Return the workflow in ComfyUI's API format, as JSON-ready objects."""
        return {
            node_id: {
                "inputs": {name: _to_json(value) for name, value in node.inputs.items()},
                "class_type": node.class_type,
                "_meta": {"title": node.label, **pack_fields(node.pack, node.pack_version)},
            }
            for node_id, node in self.nodes.items()
        }

    def to_editor(self) -> dict[str, Any]:
        """Return the workflow in the editor's format: its own drawing if it has one, else a new one.

        Raises:
            WorkflowError: if a class has no description.
        """
        from if_graph.graph.editor_write import to_editor  # it needs this module first

        return self.editor if self.editor is not None else to_editor(self, self.schemas)

    def _require_input(self, node_id: str, name: str) -> None:
        node = self.nodes[node_id]
        schema = self.schemas.get(node.class_type)
        known = [*node.inputs, *(schema.inputs if schema else ())]
        if name not in known:
            raise WorkflowError(f"{where(node_id, node)}: there is no input '{name}'; {nearest(name, known)}")

    def _edited(self, node_id: str, name: str, value: Any) -> dict[str, Any] | None:
        from if_graph.graph.editor_edit import edited  # the reader of editor files needs this module first

        schema = self.schemas.get(self.nodes[node_id].class_type)
        if self.editor is None or schema is None or isinstance(value, Link):
            return None
        return edited(self.editor, node_id, schema, name, value)


def _to_json(value: Any) -> Any:
    if isinstance(value, Link):
        return [value.source, value.slot]
    return {"__value__": value} if isinstance(value, list) else value


def expect_object(value: Any, what: str) -> dict[str, Any]:
    """Return ``value`` if it is a JSON object.

    Raises:
        WorkflowError: if it is anything else.
    """
    if not isinstance(value, dict):
        raise WorkflowError(f"{what} is {shown(value)}, expected an object {{...}}; save the workflow again")
    return value
