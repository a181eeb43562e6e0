"""First weights that spare a network what can be said beforehand."""

import torch
from torch import nn

from if_graph.errors import InputError
from if_graph.models.unet import UNet

STEADY = 4.0  # of the two constant channels, several times a pixel's size: they steady the last norm
MEAN_SQUARE = 0.5  # of pixels and of noisy pixels, roughly


def start_quiet(unet: UNet) -> None:
    """Zero the last layer of every residual path, so that the first network is near the identity.

    Source: Dhariwal & Nichol 2021 (arXiv:2105.05233), as in guided diffusion.
    """
    for name, parameter in unet.named_parameters():
        if ".conv2." in name or ".to_out.0." in name or name.startswith("conv_out."):
            nn.init.zeros_(parameter)


@torch.no_grad()
def start_as_copy(unet: UNet) -> None:
    """Make a quiet network answer with the picture it is shown, whatever t is: low-res pixels, or else x_t.

    The IF networks have no path from input to output that skips the last norm, and a narrow one learns for
    thousands of steps to copy. Pixels travel through the outermost skip beside their negatives: the norm then
    finds a mean of zero, and gelu(z) - gelu(-z) = z.

    Args:
        unet: predicts x_0 from x_t or [x_t ; low-res], with one norm group and enough first channels: each
            input channel, and a constant, with its negative.

    Raises:
        InputError: if the network is too narrow or has more norm groups.
    """
    width, groups = unet.config.block_out_channels[0], unet.config.norm_num_groups
    carried = 2 * unet.config.in_channels + 2
    if width < carried or groups != 1:
        raise InputError(
            f"recipe: starts_as_copy with {width} first channels and {groups} norm groups, "
            f"expected at least {carried}, and 1"
        )
    weights = dict(unet.named_parameters())
    _carry_pixels(weights, unet.config.in_channels)
    last = f"up_blocks.{len(unet.config.block_out_channels) - 1}.resnets.{unet.config.layers_per_block[0]}"
    _take_outermost_skip(weights, f"{last}.conv_shortcut", width)
    _read_shown(weights, unet.config.in_channels, width)


def _carry_pixels(weights: dict[str, nn.Parameter], inputs: int) -> None:
    """Let the first channels be the inputs, each beside its negative, and two constants."""
    weight, bias = weights["conv_in.weight"], weights["conv_in.bias"]
    weight[: 2 * inputs + 2].zero_()
    bias[: 2 * inputs + 2].zero_()
    for source in range(inputs):
        weight[2 * source, source, 1, 1], weight[2 * source + 1, source, 1, 1] = 1.0, -1.0
    bias[2 * inputs], bias[2 * inputs + 1] = STEADY, -STEADY


def _take_outermost_skip(weights: dict[str, nn.Parameter], name: str, width: int) -> None:
    """Let the last block hand on the skip of the first convolution, and little of what else reaches it."""
    weights[f"{name}.weight"].mul_(0.1)
    weights[f"{name}.weight"][:, -width:, 0, 0] = torch.eye(width)
    weights[f"{name}.bias"].zero_()


def _read_shown(weights: dict[str, nn.Parameter], inputs: int, width: int) -> None:
    """Let the output be the last three inputs, with what the last norm divided by."""
    gain = ((2 * STEADY**2 + 2 * inputs * MEAN_SQUARE) / width) ** 0.5
    for colour in range(3):
        channel = 2 * (inputs - 3 + colour)
        weights["conv_out.weight"][colour, channel, 1, 1] = gain
        weights["conv_out.weight"][colour, channel + 1, 1, 1] = -gain
