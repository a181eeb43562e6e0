"""object_info -> the node reference page, help pages, and the texts that can be translated."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from if_graph.graph.schema import InputSpec, NodeSchema, parse_schema

Info = Mapping[str, Mapping[str, Any]]


def reference_page(info: Info) -> str:
    """Return the page: every class by category, with tables of its inputs and outputs."""
    lines = ["# Nodes", ""]
    for category in sorted({entry["category"] for entry in info.values()}):
        lines += [f"## {category}", ""]
        for name, entry in info.items():
            if entry["category"] == category:
                lines += section(name, entry)
    return "\n".join(lines).rstrip() + "\n"


def help_page(name: str, entry: Mapping[str, Any], cls: type, workflows: Iterable[str]) -> str:
    """Return the page that ComfyUI's help panel shows of one class.

    Args:
        name: what workflows call the class.
        entry: its object_info.
        cls: may say in ``HELP`` how it is used, in Markdown.
        workflows: names of the shipped workflows that use it.
    """
    title, *body = section(name, entry)
    about, used = getattr(cls, "HELP", ""), ", ".join(f"`{workflow}`" for workflow in workflows)
    lines = [title.removeprefix("##"), *body[:3], *([about, ""] if about else []), *body[3:]]
    return "\n".join([*lines, f"Example workflows: {used}." if used else ""]).rstrip() + "\n"


def translation(info: Info) -> dict[str, Any]:
    """Return ComfyUI's ``nodeDefs.json`` in the words of the classes, for translators to begin with."""
    return {name: _words(parse_schema(entry), entry) for name, entry in info.items()}


def _words(schema: NodeSchema, entry: Mapping[str, Any]) -> dict[str, Any]:
    inputs = {
        spec.name: {"name": spec.name, "tooltip": spec.options.get("tooltip", "")}
        for spec in schema.inputs.values()
    }
    outputs = {
        str(slot): {"name": name, "tooltip": tooltip or ""}
        for slot, (name, tooltip) in enumerate(_outputs_of(schema, entry))
    }
    words = {"display_name": schema.display_name, "description": inspect.cleandoc(entry["description"])}
    return words | {"inputs": inputs, "outputs": outputs}


def _outputs_of(schema: NodeSchema, entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    tooltips = [*entry.get("output_tooltips", ()), *[""] * len(schema.outputs)]
    yield from zip(entry["output_name"], tooltips, strict=False)


def section(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of one class: title, description, tables of inputs and outputs."""
    schema = parse_schema(entry)
    title = schema.display_name
    yield from (f"### {title}" + ("" if title == name else f" (`{name}`)"), "")
    if entry["description"]:
        yield from (inspect.cleandoc(entry["description"]), "")
    yield from _inputs(schema)
    yield from _outputs(schema, entry)


def _inputs(schema: NodeSchema) -> Iterator[str]:
    if not schema.inputs:
        return
    yield from ("| input | type | default | range or choices | meaning |", "| --- | --- | --- | --- | --- |")
    for spec in schema.inputs.values():
        optional = "" if spec.required else " (optional)"
        default = f"`{spec.options['default']!r}`" if "default" in spec.options else ""
        cells = (
            f"`{spec.name}`{optional}",
            spec.kind,
            default,
            _range(spec),
            spec.options.get("tooltip", ""),
        )
        yield f"| {' | '.join(_cell(text) for text in cells)} |"
    yield ""


def _range(spec: InputSpec) -> str:
    if spec.choices is not None:
        return ", ".join(f"`{choice}`" for choice in spec.choices)
    low, high, step = (spec.options.get(key) for key in ("min", "max", "step"))
    if low is None and high is None:
        return ""
    return f"{low} to {high}" + (f", step {step}" if step not in (None, 1) else "")


def _outputs(schema: NodeSchema, entry: Mapping[str, Any]) -> Iterator[str]:
    if not schema.outputs:
        return
    yield from ("| output | type | meaning |", "| --- | --- | --- |")
    for kind, (name, tooltip) in zip(schema.outputs, _outputs_of(schema, entry), strict=False):
        yield f"| `{name}` | {kind if isinstance(kind, str) else 'COMBO'} | {_cell(tooltip or '')} |"
    yield ""


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")
