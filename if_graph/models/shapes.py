"""Tensor shapes become config fields, for a checkpoint whose ``config.json`` is absent or incomplete."""

import itertools
import re
from collections.abc import Mapping
from typing import Any

from if_graph.errors import CheckpointError
from if_graph.models.sizes import SUPER_RES_FLAGS

Shapes = Mapping[str, tuple[int, ...]]


def fields_from_shapes(shapes: Shapes) -> dict[str, Any]:
    """Derive every ``config.json`` field that shapes can tell; the rest takes the release's value.

    Head widths (64) and the scale factors of the super-resolution family leave no trace in shapes.

    Raises:
        CheckpointError: if the shapes are not those of an IF network.
    """
    try:
        return _fields(shapes)
    except (KeyError, IndexError, ValueError, StopIteration) as error:
        raise CheckpointError(
            f"weights have no tensor {error}, expected an IF UNet; check that this is the 'unet' folder"
        ) from error


def _fields(shapes: Shapes) -> dict[str, Any]:
    levels = range(1 + max(int(match[1]) for match in map(_DOWN.match, shapes) if match))
    attends = [f"down_blocks.{i}.attentions.0.to_q.weight" in shapes for i in levels]
    heads = next(i for i in levels if attends[i])
    low_res = "class_embedding.linear_1.weight" in shapes
    return {
        "sample_size": 256 if low_res else 64,
        "in_channels": shapes["conv_in.weight"][1],
        "out_channels": shapes["conv_out.weight"][0],
        "block_out_channels": [shapes[f"down_blocks.{i}.resnets.0.conv1.weight"][0] for i in levels],
        "layers_per_block": [_count(shapes, i) for i in levels],
        "down_block_types": [_DOWN_NAMES[flag] for flag in attends],
        "up_block_types": [_UP_NAMES[flag] for flag in attends[::-1]],
        "attention_head_dim": 64,
        "cross_attention_dim": shapes["encoder_hid_proj.weight"][0],
        "encoder_hid_dim": shapes["encoder_hid_proj.weight"][1],
        "addition_embed_type_num_heads": 64,
        "time_embedding_dim": shapes["time_embedding.linear_1.weight"][0],
        "only_cross_attention": f"down_blocks.{heads}.attentions.0.to_k.weight" not in shapes,
        "class_embed_type": "timestep" if low_res else None,
        "time_embedding_act_fn": "gelu" if low_res else None,
        "resnet_skip_time_act": low_res,
        "resnet_out_scale_factor": SUPER_RES_FLAGS["resnet_out_scale_factor"] if low_res else 1.0,
        "mid_block_scale_factor": SUPER_RES_FLAGS["mid_block_scale_factor"] if low_res else 1.0,
    }


_DOWN = re.compile(r"down_blocks\.(\d+)\.")
_DOWN_NAMES = {False: "ResnetDownsampleBlock2D", True: "SimpleCrossAttnDownBlock2D"}
_UP_NAMES = {False: "ResnetUpsampleBlock2D", True: "SimpleCrossAttnUpBlock2D"}


def _count(shapes: Shapes, i: int) -> int:
    names = (f"down_blocks.{i}.resnets.{k}.conv1.weight" for k in itertools.count())
    return sum(1 for _ in itertools.takewhile(shapes.__contains__, names))
