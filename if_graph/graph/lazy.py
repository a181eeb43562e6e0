"""A node with lazy inputs -> the names of those it turns out to need."""

from collections.abc import Mapping
from typing import Any

import torch

from if_graph.graph.calls import Lists, rounds
from if_graph.graph.schema import NodeSchema
from if_graph.graph.settle import settle


def lazily_needed(
    instance: Any, schema: NodeSchema, known: Lists, unknown: set[str], hidden: Mapping[str, Any]
) -> set[str]:
    """Ask a node which of its inputs that were not made yet it needs.

    Args:
        instance: the node's object; without ``check_lazy_status`` it needs none of them.
        schema: its class.
        known: values by input name.
        unknown: names of lazy inputs that nobody has asked for; the node sees None for them.
        hidden: hidden keyword arguments.
    """
    ask = getattr(instance, "check_lazy_status", None)
    if ask is None or not unknown:
        return set()
    lists = {**known, **{name: [None] for name in unknown}}
    with torch.inference_mode():
        answers = [settle(ask(**inputs)) for inputs in rounds(schema, lists, hidden)]
    return {name for answer in answers for name in answer or () if name in unknown}
