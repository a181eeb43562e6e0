"""The upscaler's ``vae/config.json`` as a record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from if_graph.models.x4.config import check_fixed, unusable

_VAE_FIXED: dict[str, tuple[Any, ...]] = {"act_fn": ("silu",), "use_quant_conv": (True, None)}


@dataclass(frozen=True)
class VaeConfig:
    """The autoencoder; field names follow the checkpoint's ``config.json``.

    Args:
        in_channels: of the picture.
        latent_channels: of the latents.
        block_out_channels: width of each level, widest image first.
        layers_per_block: residual blocks in each level of the encoder; the decoder has one more.
        norm_num_groups: groups of every GroupNorm.
        scaling_factor: latents times this are what the UNet paints.
        force_upcast: float16 overflows in it, so it runs in float32.
    """

    in_channels: int
    latent_channels: int
    block_out_channels: tuple[int, ...]
    layers_per_block: int
    norm_num_groups: int = 32
    scaling_factor: float = 0.08333  # vae/config.json of the release
    force_upcast: bool = True

    @property
    def factor(self) -> int:
        """How much higher and wider a picture is than its latents."""
        return int(2 ** (len(self.block_out_channels) - 1))


UPSCALER_VAE = VaeConfig(
    in_channels=3, latent_channels=4, block_out_channels=(128, 256, 512), layers_per_block=2
)


def vae_config(data: Mapping[str, Any]) -> VaeConfig:
    """Read ``vae/config.json``.

    Raises:
        CheckpointError: if a field is missing or asks for something this network does not have.
    """
    check_fixed("vae", data, _VAE_FIXED)
    try:
        return VaeConfig(
            in_channels=int(data["in_channels"]),
            latent_channels=int(data["latent_channels"]),
            block_out_channels=tuple(int(width) for width in data["block_out_channels"]),
            layers_per_block=int(data["layers_per_block"]),
            norm_num_groups=int(data.get("norm_num_groups") or 32),
            scaling_factor=float(data.get("scaling_factor") or 0.08333),
            force_upcast=bool(data.get("force_upcast", True)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise unusable("vae", error) from error
