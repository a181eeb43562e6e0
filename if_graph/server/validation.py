"""A prompt -> the outputs of it that can run, and ComfyUI's record of what is wrong with the others."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from if_graph.errors import WorkflowError
from if_graph.graph.api_format import read_api
from if_graph.graph.constants import Rejected, check_limits, coerced
from if_graph.graph.custom_checks import CustomCheck
from if_graph.graph.schema import InputSpec, NodeSchema, Schemas, types_match
from if_graph.graph.wording import shown
from if_graph.graph.workflow import Link, Workflow, sources_of
from if_graph.server.refusals import Refused

Errors = list[dict[str, Any]]


@dataclass(frozen=True)
class Accepted:
    """A prompt that can be queued.

    Args:
        outputs: the output nodes that will run.
        node_errors: what is wrong with nodes that only other outputs need, by id.
    """

    outputs: list[str]
    node_errors: dict[str, Any]


def check_prompt(prompt: Any, classes: Mapping[str, type], targets: Any = None) -> Accepted:
    """Check a prompt as ComfyUI does; one good output is enough.

    Args:
        prompt: the workflow in API format.
        classes: node classes by name.
        targets: ids of the output nodes wanted; all of them where it is None.

    Raises:
        Refused: if nothing of it can run.
    """
    if not isinstance(prompt, dict) or not prompt:
        raise Refused(400, "no_prompt", "No prompt provided")
    schemas = Schemas.of(classes)
    workflow = _read(prompt, schemas)
    outputs = [i for i, node in workflow.nodes.items() if schemas[node.class_type].is_output]
    if targets is not None:
        wanted = {str(target) for target in targets} if isinstance(targets, list) else set()
        outputs = [node_id for node_id in outputs if node_id in wanted]
    if not outputs:
        raise Refused(400, "prompt_no_outputs", "Prompt has no outputs")
    check = _Check(workflow, schemas, classes)
    good = [output for output in outputs if check.is_good(output)]
    if not good:
        details = "\n".join(check.lines())
        kind, message = "prompt_outputs_failed_validation", "Prompt outputs failed validation"
        raise Refused(400, kind, message, details, check.node_errors())
    return Accepted(good, check.node_errors())


def _read(prompt: dict[str, Any], schemas: Schemas) -> Workflow:
    for node_id, node in prompt.items():
        kind = node.get("class_type") if isinstance(node, dict) else None
        if not isinstance(kind, str) or kind not in schemas:
            raise _missing_class(node_id, node, kind)
    try:
        return read_api(prompt, schemas)
    except WorkflowError as error:
        raise Refused(400, "invalid_prompt", str(error)) from error


def _missing_class(node_id: str, node: Any, kind: Any) -> Refused:
    meta = node.get("_meta") if isinstance(node, dict) else None
    title = meta.get("title") if isinstance(meta, dict) else None
    message = f"Node '{title or kind or node_id}' not found. The custom node may not be installed."
    extra = {"node_id": node_id, "class_type": kind, "node_title": title}
    return Refused(400, "missing_node_type", message, f"Node ID '#{node_id}'", **extra)


@dataclass
class _Check:
    """What is known of the nodes of one workflow."""

    workflow: Workflow
    schemas: Schemas
    classes: Mapping[str, type]
    errors: dict[str, Errors] = field(default_factory=dict)
    dependents: dict[str, list[str]] = field(default_factory=dict)

    def is_good(self, output: str) -> bool:
        """Check an output and all that it needs, each node once."""
        graph = self._ancestors(output)
        for node_id in graph:
            if node_id not in self.errors:
                self.errors[node_id] = list(self._node_errors(node_id))
        if not nx.is_directed_acyclic_graph(graph) and not self.errors[output]:
            circle = " -> ".join(edge[0] for edge in nx.find_cycle(graph))
            self.errors[output].append(_error("dependency_cycle", "Dependency cycle detected", circle))
        bad = [node_id for node_id in graph if self.errors[node_id]]
        for node_id in bad:
            self.dependents.setdefault(node_id, []).append(output)
        return not bad

    def node_errors(self) -> dict[str, Any]:
        """Return ComfyUI's record of every node that has errors."""
        return {
            node_id: {
                "errors": self.errors[node_id],
                "dependent_outputs": outputs,
                "class_type": self.workflow.nodes[node_id].class_type,
            }
            for node_id, outputs in self.dependents.items()
        }

    def lines(self) -> Iterator[str]:
        """Yield one line for each error."""
        for node_id in self.dependents:
            yield from (f"{node_id}: {one['message']}: {one['details']}" for one in self.errors[node_id])

    def _ancestors(self, output: str) -> nx.DiGraph:
        graph = nx.DiGraph()
        graph.add_node(output)
        waiting, seen = [output], {output}
        while waiting:
            node_id = waiting.pop()
            for source in set(self._sources(node_id)):
                graph.add_edge(source, node_id)
                waiting += [source] if source not in seen else []
                seen.add(source)
        return graph

    def _sources(self, node_id: str) -> Iterator[str]:
        declared = self._schema(node_id).inputs
        for name, source in sources_of(self.workflow.nodes[node_id].inputs).items():
            if name in declared and source in self.workflow.nodes:
                yield source

    def _schema(self, node_id: str) -> NodeSchema:
        return self.schemas[self.workflow.nodes[node_id].class_type]

    def _node_errors(self, node_id: str) -> Iterator[dict[str, Any]]:
        node = self.workflow.nodes[node_id]
        custom = CustomCheck.of(self.classes[node.class_type])
        found, values = False, {}
        for spec in self._schema(node_id).inputs.values():
            if spec.name in node.inputs:
                error, values[spec.name] = self._input(spec, node.inputs[spec.name], custom)
            else:
                error = _required(spec) if spec.required else None
            if error is not None:
                found = True
                yield error
        if custom.function is not None and not found:
            yield from self._custom(node_id, custom, values)

    def _input(self, spec: InputSpec, value: Any, custom: CustomCheck) -> tuple[dict[str, Any] | None, Any]:
        if isinstance(value, Link):
            return self._link(spec, value, custom), value
        if isinstance(value, list) and spec.is_socket:
            message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
            return _error("bad_linked_input", message, spec.name, spec, received_value=value), value
        try:
            value = coerced(value, spec)
        except Rejected as error:
            message = f"Failed to convert an input value to a {spec.kind} value"
            details = f"{spec.name}, {shown(value)}, {error}"
            return _error("invalid_input_type", message, details, spec, received_value=value), value
        return None if custom.covers(spec.name) else _limit_error(spec, value), value

    def _link(self, spec: InputSpec, link: Link, custom: CustomCheck) -> dict[str, Any] | None:
        linked = [link.source, link.slot]
        if link.source not in self.workflow.nodes:
            message = "Exception when validating inner node"
            details = f"there is no node {link.source}"
            return _error("exception_during_inner_validation", message, details, spec, linked_node=linked)
        outputs = self._schema(link.source).outputs
        if not 0 <= link.slot < len(outputs):
            message = "Bad linked input, the node has no such output"
            return _error("bad_linked_input", message, spec.name, spec, received_value=linked)
        offered = outputs[link.slot]
        if custom.checks_types or types_match(offered, spec.kind):
            return None
        message = "Return type mismatch between linked nodes"
        details = f"{spec.name}, received_type({offered}) mismatch input_type({spec.kind})"
        extra = {"received_type": offered, "linked_node": linked}
        return _error("return_type_mismatch", message, details, spec, **extra)

    def _custom(self, node_id: str, custom: CustomCheck, values: dict[str, Any]) -> Iterator[dict[str, Any]]:
        links = {name: value for name, value in values.items() if isinstance(value, Link)}
        types = {name: self._schema(link.source).outputs[link.slot] for name, link in links.items()}
        try:
            custom.run(node_id, self.workflow.nodes[node_id], values, types)
        except WorkflowError as error:
            yield _error("custom_validation_failed", "Custom validation failed for node", str(error))


def _required(spec: InputSpec) -> dict[str, Any]:
    message = "Required input is missing"
    return _error("required_input_missing", message, spec.name, input_name=spec.name)


def _limit_error(spec: InputSpec, value: Any) -> dict[str, Any] | None:
    try:
        check_limits(value, spec)
    except Rejected as error:
        low, high = spec.options.get("min"), spec.options.get("max")
        if spec.kind not in ("INT", "FLOAT"):
            details = f"{spec.name}: {error}"
            return _error("value_not_in_list", "Value not in list", details, spec, received_value=value)
        is_small = low is not None and value < low
        kind = "value_smaller_than_min" if is_small else "value_bigger_than_max"
        word = f"smaller than min of {low}" if is_small else f"bigger than max of {high}"
        return _error(kind, f"Value {value} {word}", spec.name, spec, received_value=value)
    return None


def _error(
    kind: str, message: str, details: str, spec: InputSpec | None = None, **extra: Any
) -> dict[str, Any]:
    about = {"input_name": spec.name, "input_config": [spec.kind, dict(spec.options)]} if spec else {}
    return {"type": kind, "message": message, "details": details, "extra_info": about | extra}
