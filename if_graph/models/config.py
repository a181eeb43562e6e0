"""A checkpoint's ``unet/config.json`` becomes a :class:`UNetConfig`, the whole description of one network."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from if_graph.errors import CheckpointError

SUPER_RES_SCALE = 1.4142271248762552  # 1 / 0.7071 in float32, config field resnet_out_scale_factor of IF-II-L

_DOWN = {"ResnetDownsampleBlock2D": False, "SimpleCrossAttnDownBlock2D": True}
_UP = {"ResnetUpsampleBlock2D": False, "SimpleCrossAttnUpBlock2D": True}
_FIXED: dict[str, tuple[Any, ...]] = {  # fields that the IF family never varies: (accepted values ...)
    "act_fn": ("gelu",),
    "mid_block_type": ("UNetMidBlock2DSimpleCrossAttn",),
    "cross_attention_norm": ("group_norm",),
    "encoder_hid_dim_type": ("text_proj", None),  # the first release had no such field
    "addition_embed_type": ("text",),
    "resnet_time_scale_shift": ("scale_shift",),
    "flip_sin_to_cos": (True,),
    "freq_shift": (0,),
    "class_embed_type": ("timestep", None),
    "time_embedding_act_fn": ("gelu", None),
    "conv_in_kernel": (3,),
    "conv_out_kernel": (3,),
}


@dataclass(frozen=True)
class UNetConfig:
    """One network of the IF family; field names follow the checkpoint's ``config.json`` where it has one.

    Args:
        sample_size: side in pixels the network was trained at.
        in_channels: 3 for Stage I, 6 where the low-res image is concatenated.
        out_channels: 6 with a learned variance, else 3.
        block_out_channels: width of each level, widest image first.
        layers_per_block: residual blocks in each level on the way down.
        level_has_attention: whether each level attends to text.
        attention_head_dim: channels per head.
        cross_attention_dim: width of the projected text.
        encoder_hid_dim: width of the text encoder's states.
        pool_heads: heads of the attention pooling (``addition_embed_type_num_heads``).
        time_embedding_dim: width of the timestep embedding.
        embeds_noise_level: whether the noise level of the low-res image is embedded (``class_embed_type``).
        activates_embedding: GELU once on the summed embedding (``time_embedding_act_fn``).
        resnet_skip_time_act: residual blocks take the embedding without an activation of their own.
        resnet_out_scale_factor: divisor of every residual sum outside the mid block.
        mid_block_scale_factor: divisor of the two residual sums in the mid block.
        only_cross_attention: attention sees text only, not the picture.
        norm_num_groups: groups of every GroupNorm over pixels.
        context_norm_groups: groups of the GroupNorm over the projected text.
        norm_eps: epsilon of the norms.
    """

    sample_size: int
    in_channels: int
    out_channels: int
    block_out_channels: tuple[int, ...]
    layers_per_block: tuple[int, ...]
    level_has_attention: tuple[bool, ...]
    attention_head_dim: int
    cross_attention_dim: int
    encoder_hid_dim: int
    pool_heads: int
    time_embedding_dim: int
    embeds_noise_level: bool = False
    activates_embedding: bool = False
    resnet_skip_time_act: bool = False
    resnet_out_scale_factor: float = 1.0
    mid_block_scale_factor: float = 1.0
    only_cross_attention: bool = False
    norm_num_groups: int = 32
    context_norm_groups: int = 32
    norm_eps: float = 1e-5

    @property
    def size_multiple(self) -> int:
        """Height and width of the input must be multiples of this."""
        return int(2 ** (len(self.block_out_channels) - 1))

    @property
    def predicts_variance(self) -> bool:
        """Whether the second half of the output channels is the log-variance interpolation."""
        return self.out_channels == 6


def config_from_json(data: Mapping[str, Any]) -> UNetConfig:
    """Read the fields of a published ``unet/config.json``; unknown extra fields are ignored.

    Raises:
        CheckpointError: if a field is missing or asks for something no IF network has.
    """
    for name, accepted in _FIXED.items():
        if name in data and data[name] not in accepted:
            raise CheckpointError(
                f"unet/config.json: '{name}' is {data[name]!r}, expected one of {list(accepted)}; "
                "this is not a DeepFloyd IF network"
            )
    try:
        return _read_fields(data)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"unet/config.json: field {error} is missing or has no usable value; "
            "download the checkpoint's config.json again"
        ) from error


def _read_fields(data: Mapping[str, Any]) -> UNetConfig:
    widths = tuple(int(width) for width in data["block_out_channels"])
    return UNetConfig(
        sample_size=int(data["sample_size"]),
        in_channels=int(data["in_channels"]),
        out_channels=int(data["out_channels"]),
        block_out_channels=widths,
        layers_per_block=_per_level(data["layers_per_block"], len(widths)),
        level_has_attention=_attention_levels(data, len(widths)),
        attention_head_dim=int(data["attention_head_dim"]),
        cross_attention_dim=int(data["cross_attention_dim"]),
        encoder_hid_dim=int(data["encoder_hid_dim"]),
        pool_heads=int(data.get("addition_embed_type_num_heads") or 64),
        time_embedding_dim=int(data.get("time_embedding_dim") or 4 * widths[0]),
        embeds_noise_level=data.get("class_embed_type") == "timestep",
        activates_embedding=data.get("time_embedding_act_fn") == "gelu",
        resnet_skip_time_act=bool(data.get("resnet_skip_time_act", False)),
        resnet_out_scale_factor=float(data.get("resnet_out_scale_factor") or 1.0),
        mid_block_scale_factor=float(data.get("mid_block_scale_factor") or 1.0),
        only_cross_attention=bool(data.get("only_cross_attention", False)),
        norm_num_groups=int(data.get("norm_num_groups") or 32),
        norm_eps=float(data.get("norm_eps") or 1e-5),
    )


def _per_level(value: Any, levels: int) -> tuple[int, ...]:
    per_level = (int(value),) * levels if isinstance(value, int) else tuple(int(item) for item in value)
    if len(per_level) != levels:
        raise ValueError("layers_per_block")
    return per_level


def _attention_levels(data: Mapping[str, Any], levels: int) -> tuple[bool, ...]:
    down = tuple(_DOWN[name] for name in data["down_block_types"])
    up = tuple(_UP[name] for name in data["up_block_types"])
    if len(down) != levels or up != down[::-1]:
        raise ValueError("down_block_types / up_block_types")
    return down


def config_to_json(config: UNetConfig) -> dict[str, Any]:
    """Write ``config`` in the published field names, so that other tools read it too."""
    data = asdict(config)
    attends = data.pop("level_has_attention")
    super_res = data.pop("embeds_noise_level")
    data |= {
        "_class_name": "UNet2DConditionModel",
        "down_block_types": [_name(_DOWN, flag) for flag in attends],
        "up_block_types": [_name(_UP, flag) for flag in attends[::-1]],
        "addition_embed_type_num_heads": data.pop("pool_heads"),
        "class_embed_type": "timestep" if super_res else None,
        "time_embedding_act_fn": "gelu" if data.pop("activates_embedding") else None,
        **{name: accepted[0] for name, accepted in _FIXED.items() if len(accepted) == 1},
        "encoder_hid_dim_type": "text_proj",
    }
    data.pop("context_norm_groups")
    return data


def _name(table: Mapping[str, bool], flag: bool) -> str:
    return next(name for name, has_attention in table.items() if has_attention is flag)
