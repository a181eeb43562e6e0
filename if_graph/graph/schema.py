"""object_info entry -> what the engine needs to know of a class: its inputs, outputs and flags."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.object_info import ObjectInfo

_WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "COLOR", "MARKDOWN", "TEXTAREA"}
_BLANK = {"INT": 0, "FLOAT": 0, "STRING": "", "BOOLEAN": False, "MARKDOWN": "", "TEXTAREA": ""}


@dataclass(frozen=True)
class InputSpec:
    """One declared input.

    Args:
        name: keyword the node is called with.
        kind: socket type; ``COMBO`` for any list of choices.
        required: whether it must be there.
        options: the widget's options, as declared.
        choices: what a combo offers; None for other kinds and for lists that only an editor can fetch.
    """

    name: str
    kind: str
    required: bool
    options: Mapping[str, Any]
    choices: Sequence[Any] | None = None

    @property
    def is_widget(self) -> bool:
        """Whether an editor draws it as a field that holds a value."""
        return self._field in _WIDGETS and not self.options.get("forceInput")

    @property
    def is_socket(self) -> bool:
        """Whether only a link can feed it: no kind of it is a field, and it declares no field of its own."""
        kinds = {kind.strip() for kind in self.kind.split(",")}
        return not kinds & {*_WIDGETS, "*"} and not self.options.keys() & {"default", "widgetType"}

    @property
    def default(self) -> Any:
        """What an editor puts into a new field."""
        first = self.choices[0] if self.choices else None
        return self.options.get("default", _BLANK.get(self._field, first))

    def has_choices(self, value: Any) -> bool:
        """Tell whether an editor takes ``value``, typed in this field, for a text with choices ``{a|b}``."""
        return isinstance(value, str) and bool(self.options.get("dynamicPrompts"))

    @property
    def _field(self) -> str:
        return str(self.options.get("widgetType") or self.kind)


@dataclass(frozen=True)
class NodeSchema:
    """What a workflow needs to know of a node class; fields as in object_info.

    ``lazy`` names inputs that are made only if the node asks for them, ``raw`` those whose link it gets to
    see in place of a value.
    """

    name: str
    display_name: str
    inputs: Mapping[str, InputSpec]
    hidden: Mapping[str, str]
    outputs: tuple[Any, ...]
    output_is_list: tuple[bool, ...]
    is_output: bool
    is_input_list: bool
    lazy: frozenset[str] = frozenset()
    raw: frozenset[str] = frozenset()
    output_names: tuple[str, ...] = ()


def parse_schema(entry: Mapping[str, Any]) -> NodeSchema:
    """Read one object_info entry.

    Raises:
        WorkflowError: if the entry is not shaped like one.
    """
    try:
        return _parse(entry)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        name = entry.get("name", "?") if isinstance(entry, Mapping) else "?"
        raise WorkflowError(
            f"node class {name}: its description is malformed ({type(error).__name__}: {error}); "
            "compare it with an entry of ComfyUI's /object_info"
        ) from error


def _parse(entry: Mapping[str, Any]) -> NodeSchema:
    groups = entry["input"]
    specs = [
        _input_spec(name, declared, group == "required")
        for group in ("required", "optional")
        for name, declared in _in_order(entry, group)
    ]
    return NodeSchema(
        name=entry["name"],
        display_name=entry.get("display_name") or entry["name"],
        inputs={spec.name: spec for spec in specs},
        hidden={name: v if isinstance(v, str) else v[0] for name, v in groups.get("hidden", {}).items()},
        outputs=tuple(entry["output"]),
        output_is_list=tuple(entry["output_is_list"]),
        is_output=entry["output_node"] is True,
        is_input_list=bool(entry.get("is_input_list", False)),
        lazy=frozenset(spec.name for spec in specs if spec.options.get("lazy")),
        output_names=_output_names(entry),
        raw=frozenset(spec.name for spec in specs if spec.options.get("rawLink")),
    )


def _in_order(entry: Mapping[str, Any], group: str) -> list[tuple[str, Any]]:
    """Return the inputs of a group as ``input_order`` lists them; tools may have sorted the object."""
    members = entry["input"].get(group, {})
    order = (entry.get("input_order") or {}).get(group) or ()
    return [(name, members[name]) for name in dict.fromkeys([*order, *members]) if name in members]


def _output_names(entry: Mapping[str, Any]) -> tuple[str, ...]:
    kinds = [kind if isinstance(kind, str) else "COMBO" for kind in entry["output"]]
    names = list(entry.get("output_name") or ())
    return tuple(str(name) for name in [*names, *kinds[len(names) :]])


def _input_spec(name: str, declared: Any, required: bool) -> InputSpec:
    kind, options = declared[0], dict(declared[1]) if len(declared) > 1 and declared[1] else {}
    if isinstance(kind, list | tuple):
        return InputSpec(name, "COMBO", required, options, tuple(kind))
    choices = options.get("options") if kind == "COMBO" else None
    return InputSpec(name, str(kind), required, options, tuple(choices) if choices is not None else None)


class Schemas(Mapping[str, NodeSchema]):
    """Schemas by class name, read when they are first asked for.

    Args:
        info: object_info entries by class name, for example ``ObjectInfo(classes)`` or a file of them.
    """

    def __init__(self, info: Mapping[str, Mapping[str, Any]]) -> None:
        self._info = info
        self._parsed: dict[str, NodeSchema] = {}

    @classmethod
    def of(cls, classes: Mapping[str, type]) -> "Schemas":
        """Return the schemas of node classes."""
        return cls(ObjectInfo(classes))

    def __getitem__(self, name: str) -> NodeSchema:
        if name not in self._parsed:
            self._parsed[name] = parse_schema(self._info[name])
        return self._parsed[name]

    def __contains__(self, name: object) -> bool:
        return name in self._info

    def __iter__(self) -> Iterator[str]:
        return iter(self._info)

    def __len__(self) -> int:
        return len(self._info)


def types_match(offered: Any, wanted: Any) -> bool:
    """Tell whether an output of one type may feed an input of another.

    Equal types do, ``*`` fits all, ``INT,FLOAT`` fits what it shares a member with, and an output that is a
    list of choices fits a combo.
    """
    if offered == wanted:
        return True
    if isinstance(offered, list | tuple):
        return wanted in ("COMBO", "*")
    left, right = ({part.strip() for part in str(kind).split(",")} for kind in (offered, wanted))
    return "*" in left or "*" in right or bool(left & right)
