"""Validated graph -> one content key per node: what went into its result, and nothing else."""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from typing import Any

import networkx as nx

from if_graph.folders import current_folders
from if_graph.graph.canonical import Unkeyable, canonical
from if_graph.graph.schema import NodeSchema
from if_graph.graph.settle import settle
from if_graph.graph.workflow import Link, where

log = logging.getLogger(__name__)


def content_keys(
    graph: nx.DiGraph, classes: Mapping[str, type], scope: str | None = None
) -> dict[str, str | None]:
    """Return a key for every node; equal keys mean equal results, None means never keep the result.

    A key covers the class and its ``VERSION``, its ``IS_CHANGED`` (or ``fingerprint_inputs``) value,
    constants, and the parents' keys, each hashed once. Ids count only for classes that ask for theirs; titles
    and positions never do. What an output node made is known with the folder it was made in, so that no run
    mistakes another folder's files for its own.

    Args:
        graph: what :func:`if_graph.graph.dag.build_dag` returns.
        classes: node classes by name.
        scope: names the run; a result that no other run may use, nor what is made from it, then has a key
            that starts with it, instead of None.
    """
    keys: dict[str, str | None] = {}
    add_keys(keys, graph.graph["order"], graph, classes, scope)
    return keys


def add_keys(
    keys: dict[str, str | None],
    order: Iterable[str],
    graph: nx.DiGraph,
    classes: Mapping[str, type],
    scope: str | None = None,
) -> None:
    """Add the keys of more nodes.

    Args:
        keys: keys so far; it grows.
        order: nodes of the graph, each after all that feed it.
        graph: the validated graph.
        classes: node classes by name.
        scope: see :func:`content_keys`.
    """
    heads: dict[type, bytes] = {}
    for node_id in order:
        attrs = graph.nodes[node_id]
        cls = classes[attrs["node"].class_type]
        try:
            head = heads[cls] if cls in heads else heads.setdefault(cls, _head(cls))
            key = hashlib.sha256(head + _rest(node_id, cls, attrs, keys)).hexdigest()
            keys[node_id] = f"{scope}-{key}" if _is_scoped(attrs, keys, scope) else key
        except Unkeyable as reason:
            log.debug("%s is not cached: %s", node_id, reason)
            keys[node_id] = (
                None if scope is None else f"{scope}-{hashlib.sha256(canonical(node_id)).hexdigest()}"
            )


def _is_scoped(attrs: Mapping[str, Any], keys: Mapping[str, str | None], scope: str | None) -> bool:
    parents = (keys[value.source] for value in attrs["inputs"].values() if isinstance(value, Link))
    return scope is not None and any(key is not None and key.startswith(scope) for key in parents)


def _head(cls: type) -> bytes:
    """Return the part of a key that all nodes of a class share."""
    return canonical([cls.__module__, cls.__qualname__, getattr(cls, "VERSION", None)])


def _rest(node_id: str, cls: type, attrs: Mapping[str, Any], keys: Mapping[str, str | None]) -> bytes:
    own_id = node_id if _knows_its_id(cls, attrs["schema"]) else None
    folder = str(current_folders().output.absolute()) if attrs["schema"].is_output else None
    parts: list[Any] = [own_id, _changed(node_id, cls, attrs), folder]
    for name, value in sorted(attrs["inputs"].items()):
        parts += (name, *_ingredient(value, keys))
    return canonical(parts)


def _ingredient(value: Any, keys: Mapping[str, str | None]) -> tuple[Any, ...]:
    if not isinstance(value, Link):
        return ("constant", value)
    parent = keys[value.source]
    if parent is None:
        raise Unkeyable("it depends on a result that is not kept")
    return ("link", parent, value.slot)


def _knows_its_id(cls: type, schema: NodeSchema) -> bool:
    return bool(getattr(cls, "NOT_IDEMPOTENT", False)) or "UNIQUE_ID" in schema.hidden.values()


def _changed(node_id: str, cls: type, attrs: Mapping[str, Any]) -> Any:
    """Ask the class for what else its result depends on; linked inputs, not known yet, arrive as None."""
    ask = getattr(cls, "IS_CHANGED", None) or getattr(cls, "fingerprint_inputs", None)
    if ask is None:
        return None
    known = {name: None if isinstance(value, Link) else value for name, value in attrs["inputs"].items()}
    schema: NodeSchema = attrs["schema"]
    if schema.is_input_list:
        known = {name: [value] for name, value in known.items()}
    own = {"UNIQUE_ID": node_id}
    known |= {name: own.get(kind) for name, kind in schema.hidden.items()}
    try:
        return ("changed", settle(ask(**known)))
    except Exception as error:  # a foreign class may fail in any way; then its result is never kept
        log.warning("%s: IS_CHANGED failed: %s", where(node_id, attrs["node"]), error)
        raise Unkeyable("IS_CHANGED failed") from error
