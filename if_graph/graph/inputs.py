"""One node of a workflow -> its inputs, checked against its class and against what feeds it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.constants import Rejected, check_limits, coerced
from if_graph.graph.custom_checks import CustomCheck
from if_graph.graph.schema import InputSpec, NodeSchema, types_match
from if_graph.graph.wording import brief, listed, nearest, shown
from if_graph.graph.workflow import Link, Node, Workflow, where

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NodeChecker:
    """Checks nodes of one workflow.

    Args:
        workflow: the workflow.
        schemas: its classes.
        classes: the classes themselves, for those that bring checks of their own.
    """

    workflow: Workflow
    schemas: Mapping[str, NodeSchema]
    classes: Mapping[str, type]
    _customs: dict[str, CustomCheck] = field(init=False, default_factory=dict)

    def links(self, node_id: str) -> list[tuple[str, Link]]:
        """Return the declared inputs of a node that are links, in the order of the file.

        Raises:
            WorkflowError: if one comes from a node or an output that does not exist.
        """
        node = self.workflow.nodes[node_id]
        declared = self.schemas[node.class_type].inputs
        known = ((name, link) for name, link in node.inputs.items() if name in declared)
        links = [(name, link) for name, link in known if type(link) is Link]
        for name, link in links:
            self._require_source(node_id, name, link)
        return links

    def checked(self, node_id: str) -> dict[str, Any]:
        """Return the inputs a node will be called with: links as they are, constants coerced.

        Raises:
            WorkflowError: if an input is missing, ill-typed, out of range or refused by the class.
        """
        node = self.workflow.nodes[node_id]
        schema = self.schemas[node.class_type]
        self._warn_of_unknown(node_id, node, schema)
        custom = self._custom(node.class_type)
        inputs = {}
        for spec in schema.inputs.values():
            if spec.name in node.inputs:
                inputs[spec.name] = self._value(node_id, node, spec, custom)
            elif spec.required:
                raise WorkflowError(_missing(_at(node_id, node, spec.name), spec))
        if custom.function is not None:
            custom.run(node_id, node, inputs, self._linked_types(inputs))
        return inputs

    def _custom(self, class_type: str) -> CustomCheck:
        if class_type not in self._customs:
            self._customs[class_type] = CustomCheck.of(self.classes.get(class_type))
        return self._customs[class_type]

    def _value(self, node_id: str, node: Node, spec: InputSpec, custom: CustomCheck) -> Any:
        value = node.inputs[spec.name]
        if isinstance(value, Link):
            if not custom.checks_types:
                self._require_fit(node_id, spec, value)
            return value
        try:
            value = coerced(value, spec)
            if not custom.covers(spec.name):
                check_limits(value, spec)
        except Rejected as error:
            raise WorkflowError(f"{_at(node_id, node, spec.name)} {error}") from None
        return value

    def _offered(self, link: Link) -> Any:
        return self.schemas[self.workflow.nodes[link.source].class_type].outputs[link.slot]

    def _linked_types(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._offered(link) for name, link in inputs.items() if isinstance(link, Link)}

    def _require_source(self, node_id: str, name: str, link: Link) -> None:
        source = self.workflow.nodes.get(link.source)
        if source is None:
            at = _at(node_id, self.workflow.nodes[node_id], name)
            raise WorkflowError(
                f"{at} is linked to node {brief(link.source)}, which does not exist; "
                f"{nearest(link.source, self.workflow.nodes)}"
            )
        outputs = self.schemas[source.class_type].outputs
        if not 0 <= link.slot < len(outputs):
            at = _at(node_id, self.workflow.nodes[node_id], name)
            raise WorkflowError(
                f"{at} is linked to output {link.slot} of {where(link.source, source)}, "
                f"which has {len(outputs)} (counted from 0); pick one it has"
            )

    def _require_fit(self, node_id: str, spec: InputSpec, link: Link) -> None:
        offered = self._offered(link)
        if not types_match(offered, spec.kind):
            at = _at(node_id, self.workflow.nodes[node_id], spec.name)
            source = where(link.source, self.workflow.nodes[link.source])
            raise WorkflowError(
                f"{at} got {_type_name(offered)} from {source}, expected {spec.kind}; "
                f"connect an output of type {spec.kind}"
            )

    def _warn_of_unknown(self, node_id: str, node: Node, schema: NodeSchema) -> None:
        if not node.inputs.keys() <= schema.inputs.keys():
            unknown = [name for name in node.inputs if name not in schema.inputs]
            log.warning("%s: ignoring unknown input %s", where(node_id, node), listed(unknown))


def _at(node_id: str, node: Node, name: str) -> str:
    return f"{where(node_id, node)}: input '{brief(name)}'"


def _missing(at: str, spec: InputSpec) -> str:
    if spec.is_widget:
        return f"{at} is missing, expected {spec.kind}; give it a value, for example {shown(spec.default)}"
    return f"{at} is missing, expected {spec.kind}; connect an output of type {spec.kind}"


def _type_name(kind: Any) -> str:
    return "COMBO" if isinstance(kind, list | tuple) else str(kind)
