"""The published sizes of the IF UNets, as one table."""

from typing import Any

from if_graph.models.config import SUPER_RES_SCALE, UNetConfig


def _stage_1(base: int) -> UNetConfig:
    widths = (base, 2 * base, 3 * base, 4 * base)
    return UNetConfig(
        sample_size=64,
        in_channels=3,
        out_channels=6,
        block_out_channels=widths,
        layers_per_block=(3, 3, 3, 3),
        level_has_attention=(False, True, True, True),
        attention_head_dim=64,
        cross_attention_dim=widths[-1],
        encoder_hid_dim=4096,
        pool_heads=64,
        time_embedding_dim=4 * base,
    )


def _stage_2(widths: tuple[int, ...], **changes: Any) -> UNetConfig:
    return UNetConfig(
        sample_size=256,
        in_channels=6,
        out_channels=6,
        block_out_channels=widths,
        layers_per_block=(2, 2, 3, 5, 5),
        level_has_attention=(False, False, False, True, True),
        attention_head_dim=64,
        cross_attention_dim=widths[-1],
        encoder_hid_dim=4096,
        pool_heads=64,
        time_embedding_dim=widths[-1],
        **(SUPER_RES_FLAGS | changes),
    )


SUPER_RES_FLAGS: dict[str, Any] = {
    "embeds_noise_level": True,
    "activates_embedding": True,
    "resnet_skip_time_act": True,
    "resnet_out_scale_factor": SUPER_RES_SCALE,
    "mid_block_scale_factor": SUPER_RES_SCALE,
}
"""What sets the super-resolution networks apart and leaves no trace in tensor shapes."""

SIZES: dict[str, UNetConfig] = {
    "IF-I-XL": _stage_1(704),
    "IF-I-L": _stage_1(320),  # inferred: 935 M parameters, published as 900 M
    "IF-I-M": _stage_1(192),  # inferred: 372 M parameters, published as 400 M
    "IF-II-L": _stage_2((160, 320, 640, 960, 1280)),
    "IF-II-M": _stage_2((96, 192, 384, 576, 768)),  # inferred: 482 M parameters, published as 450 M
}
