"""Names of the original release's weights (``pytorch_model.bin``) -> the published names our networks use."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

FIXED = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "class_embedding.linear_1": "aug_proj.0",
    "class_embedding.linear_2": "aug_proj.2",
    "encoder_hid_proj": "encoder_proj",
    "add_embedding.norm1": "encoder_pooling.0",
    "add_embedding.pool": "encoder_pooling.1",
    "add_embedding.pool.k_proj": "encoder_pooling.1.k_proj",
    "add_embedding.pool.q_proj": "encoder_pooling.1.q_proj",
    "add_embedding.pool.v_proj": "encoder_pooling.1.v_proj",
    "add_embedding.proj": "encoder_pooling.2",
    "add_embedding.norm2": "encoder_pooling.3",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
"""Modules outside the levels, ours: theirs."""

RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
"""Modules of a residual block, ours: theirs."""

ATTENTION = {
    "group_norm": ("norm", 0, 1),
    "norm_cross": ("norm_encoder", 0, 1),
    "to_q": ("qkv", 0, 3),
    "to_k": ("qkv", 1, 3),
    "to_v": ("qkv", 2, 3),
    "add_k_proj": ("encoder_kv", 0, 2),
    "add_v_proj": ("encoder_kv", 1, 2),
    "to_out.0": ("proj_out", 0, 1),
}
"""Modules of an attention layer, ours: (theirs, which part of every head's rows, of how many)."""


@dataclass(frozen=True)
class Source:
    """Where one of our modules lies in the original layout.

    Args:
        module: its name there.
        part: which of the parts that share the tensor; rows go head by head, and part by part in each head.
        parts: how many share it.
    """

    module: str
    part: int = 0
    parts: int = 1


@dataclass(frozen=True)
class Levels:
    """What decides the numbering of the original layout.

    Args:
        layers: residual blocks of each level on the way down, widest picture first.
        attends: whether each level attends to text.
        sees_pixels: whether attention also sees the picture.
    """

    layers: Sequence[int]
    attends: Sequence[bool]
    sees_pixels: bool = True


_OUTPUT = re.compile(r"output_blocks\.(\d+)\.")


def find_levels(names: Iterable[str]) -> Levels:
    """Read the levels off the names of an original checkpoint; the block that doubles ends a level.

    Raises:
        ValueError: if there are no such names.
    """
    known = set(names)
    groups: list[list[int]] = [[]]
    for n in range(1 + max(int(match[1]) for match in map(_OUTPUT.match, known) if match)):
        groups[-1].append(n)
        if any(f"output_blocks.{n}.{slot}.in_layers.0.weight" in known for slot in (1, 2)):
            groups.append([])
    groups.reverse()
    return Levels(
        tuple(len(group) - 1 for group in groups),
        tuple(f"output_blocks.{group[0]}.1.qkv.weight" in known for group in groups),
    )


def sources(levels: Levels) -> dict[str, Source]:
    """Return the source of every module that a network with these levels can have."""
    found = {ours: Source(theirs) for ours, theirs in FIXED.items()}
    for ours, theirs in [*_down(levels), *_MIDDLE, *_up(levels)]:
        if ".attentions." in ours:
            found |= _attention(ours, theirs, levels.sees_pixels)
        else:
            found |= {f"{ours}.{leaf}": Source(f"{theirs}.{name}") for leaf, name in RESNET.items()}
    return found


def _attention(ours: str, theirs: str, sees_pixels: bool) -> dict[str, Source]:
    found = {f"{ours}.{leaf}": Source(f"{theirs}.{row[0]}", *row[1:]) for leaf, row in ATTENTION.items()}
    if sees_pixels:
        return found
    query = {f"{ours}.to_q": Source(f"{theirs}.qkv")}  # then it holds nothing else
    return {name: source for name, source in found.items() if not name.endswith((".to_k", ".to_v"))} | query


_MIDDLE = (
    ("mid_block.resnets.0", "middle_block.0"),
    ("mid_block.attentions.0", "middle_block.1"),
    ("mid_block.resnets.1", "middle_block.2"),
)


def _down(levels: Levels) -> Iterator[tuple[str, str]]:
    n = 1  # 0 is conv_in
    for level, layers in enumerate(levels.layers):
        for i in range(layers):
            yield f"down_blocks.{level}.resnets.{i}", f"input_blocks.{n}.0"
            if levels.attends[level]:
                yield f"down_blocks.{level}.attentions.{i}", f"input_blocks.{n}.1"
            n += 1
        if level < len(levels.layers) - 1:
            yield f"down_blocks.{level}.downsamplers.0", f"input_blocks.{n}.0"
            n += 1


def _up(levels: Levels) -> Iterator[tuple[str, str]]:
    n = 0
    for up, level in enumerate(reversed(range(len(levels.layers)))):
        for i in range(levels.layers[level] + 1):
            yield f"up_blocks.{up}.resnets.{i}", f"output_blocks.{n}.0"
            if levels.attends[level]:
                yield f"up_blocks.{up}.attentions.{i}", f"output_blocks.{n}.1"
            n += 1
        if level > 0:
            slot = 1 + levels.attends[level]
            yield f"up_blocks.{up}.upsamplers.0", f"output_blocks.{n - 1}.{slot}"
