"""The upscaler's ``unet/config.json`` as a record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from if_graph.errors import CheckpointError

_UNET_FIXED: dict[str, tuple[Any, ...]] = {  # fields the released network has no other value for
    "act_fn": ("silu",),
    "use_linear_projection": (True,),
    "dual_cross_attention": (False,),
    "class_embed_type": (None,),
    "resnet_time_scale_shift": ("default",),
    "mid_block_type": ("UNetMidBlock2DCrossAttn",),
    "flip_sin_to_cos": (True,),
    "freq_shift": (0,),
    "center_input_sample": (False,),
    "downsample_padding": (1,),
}
_DOWN = {"DownBlock2D": False, "CrossAttnDownBlock2D": True}


@dataclass(frozen=True)
class UpscalerConfig:
    """The x4 UNet; field names follow the checkpoint's ``config.json``.

    Args:
        in_channels: latent and picture channels together.
        out_channels: latent channels.
        block_out_channels: width of each level, widest image first.
        layers_per_block: residual blocks in each level on the way down.
        level_has_attention: whether each level attends to text.
        only_cross_attention: whether a level's first attention sees text too, not the picture.
        heads: attention heads of each level (``attention_head_dim`` of the files, by an old mistake).
        cross_attention_dim: width of the text states.
        num_class_embeds: noise levels that have an embedding.
        norm_num_groups: groups of every GroupNorm.
        norm_eps: epsilon of the residual blocks' norms.
    """

    in_channels: int
    out_channels: int
    block_out_channels: tuple[int, ...]
    layers_per_block: int
    level_has_attention: tuple[bool, ...]
    only_cross_attention: tuple[bool, ...]
    heads: tuple[int, ...]
    cross_attention_dim: int
    num_class_embeds: int
    norm_num_groups: int = 32
    norm_eps: float = 1e-5


UPSCALER = UpscalerConfig(
    in_channels=7,
    out_channels=4,
    block_out_channels=(256, 512, 512, 1024),
    layers_per_block=2,
    level_has_attention=(False, True, True, True),
    only_cross_attention=(True, True, True, False),
    heads=(8, 8, 8, 8),
    cross_attention_dim=1024,
    num_class_embeds=1000,
)


def upscaler_config(data: Mapping[str, Any]) -> UpscalerConfig:
    """Read ``unet/config.json`` of an x4 upscaler.

    Raises:
        CheckpointError: if a field is missing or asks for something this network does not have.
    """
    check_fixed("unet", data, _UNET_FIXED)
    try:
        widths = tuple(int(width) for width in data["block_out_channels"])
        return UpscalerConfig(
            in_channels=int(data["in_channels"]),
            out_channels=int(data["out_channels"]),
            block_out_channels=widths,
            layers_per_block=int(data["layers_per_block"]),
            level_has_attention=tuple(_DOWN[name] for name in data["down_block_types"]),
            only_cross_attention=_per_level(data["only_cross_attention"], len(widths)),
            heads=_per_level(data.get("num_attention_heads") or data["attention_head_dim"], len(widths)),
            cross_attention_dim=int(data["cross_attention_dim"]),
            num_class_embeds=int(data["num_class_embeds"]),
            norm_num_groups=int(data.get("norm_num_groups") or 32),
            norm_eps=float(data.get("norm_eps") or 1e-5),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise unusable("unet", error) from error


def check_fixed(part: str, data: Mapping[str, Any], fixed: Mapping[str, tuple[Any, ...]]) -> None:
    """Refuse a config whose fields have other values than the accepted ones.

    Raises:
        CheckpointError: naming the field.
    """
    for name, accepted in fixed.items():
        if name in data and data[name] not in accepted:
            raise CheckpointError(
                f"{part}/config.json: '{name}' is {data[name]!r}, expected one of {list(accepted)}; "
                "this is not the x4 upscaler"
            )


def unusable(part: str, error: Exception) -> CheckpointError:
    """Word the error for a field that is missing or damaged."""
    return CheckpointError(
        f"{part}/config.json: field {error} is missing or has no usable value; download it again"
    )


def _per_level(value: Any, levels: int) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,) * levels
