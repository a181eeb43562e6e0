"""Drawing -> text for a terminal, and Mermaid for Markdown pages."""

import re

from if_graph.seeing.drawing import Box, Drawing

_UNSAFE = re.compile(r"[^\w .,:/()+=-]", re.ASCII)


def as_text(drawing: Drawing) -> str:
    """List the nodes by depth, each with its values and what feeds it."""
    lines = []
    ordered = sorted(drawing.boxes, key=lambda node_id: drawing.boxes[node_id].depth)  # else as in the file
    feeding: dict[str, list[str]] = {}
    for wire in drawing.wires:
        source, name = drawing.boxes[wire.source], drawing.boxes[wire.target].inputs[wire.socket].name
        line = f"{name} <- {source.node_id}.{source.outputs[wire.slot].name} ({wire.kind})"
        feeding.setdefault(wire.target, []).append(line)
    for node_id in ordered:
        box = drawing.boxes[node_id]
        lines.append(f"{box.depth:>3}  {_head(box)}{f'  [{box.note}]' if box.note else ''}")
        lines += [f"       {line}" for line in (*feeding.get(node_id, ()), *box.values)]
    return "\n".join(lines) + "\n"


def as_mermaid(drawing: Drawing) -> str:
    """Return a Mermaid flowchart; whatever a file brings is written as character codes."""
    numbers = {node_id: f"n{i}" for i, node_id in enumerate(drawing.boxes)}
    lines = ["flowchart LR"]
    for node_id, box in drawing.boxes.items():
        parts = [box.title, *([box.class_type] if box.class_type != box.title else []), box.note]
        label = "<br/>".join(_coded(part) for part in parts if part)
        lines.append(f'  {numbers[node_id]}["{label}"]{":::cached" if box.is_cached else ""}')
    for wire in drawing.wires:
        lines.append(f'  {numbers[wire.source]} -- "{_coded(wire.kind)}" --> {numbers[wire.target]}')
    lines.append("  classDef cached fill:#d8f3dc,stroke:#2d6a4f,color:#081c15")
    return "\n".join(lines) + "\n"


def _head(box: Box) -> str:
    return f"{box.node_id} {box.title}" + (f" ({box.class_type})" if box.class_type != box.title else "")


def _coded(text: str) -> str:
    return _UNSAFE.sub(lambda found: f"#{ord(found[0])};", text)
