"""First weights that spare a network what can be said beforehand."""

import torch
from torch import nn

from if_graph.errors import InputError
from if_graph.models.unet import UNet

STEADY = 4.0  # of the two constant channels, several times a pixel's size: they steady the last norm
MEAN_SQUARE = 0.5  # of pixels and of noisy pixels, roughly
CHANNELS = 14  # x_t, low-res and a constant, each with its negative


def start_quiet(unet: UNet) -> None:
    """Zero the last layer of every residual path, so that the first network is near the identity.

    Source: Dhariwal & Nichol 2021 (arXiv:2105.05233), as in guided diffusion.
    """
    for name, parameter in unet.named_parameters():
        if ".conv2." in name or ".to_out.0." in name or name.startswith("conv_out."):
            nn.init.zeros_(parameter)


@torch.no_grad()
def start_from_low_res(unet: UNet) -> None:
    """Make a quiet network answer with the low-res pixels it is shown, whatever t is.

    The IF networks have no path from input to output that skips the last norm, and a narrow one learns for
    thousands of steps to copy. Pixels travel through the outermost skip beside their negatives: the norm then
    finds a mean of zero, and gelu(z) - gelu(-z) = z.

    Args:
        unet: predicts x_0 from [x_t ; low-res], with one norm group and at least ``CHANNELS`` channels.

    Raises:
        InputError: if the network is too narrow or has more norm groups.
    """
    width, groups = unet.config.block_out_channels[0], unet.config.norm_num_groups
    if unet.config.in_channels != 6 or width < CHANNELS or groups != 1:
        raise InputError(
            f"recipe: starts_from_low_res with {unet.config.in_channels} input channels, {width} first "
            f"channels and {groups} norm groups, expected 6, at least {CHANNELS}, and 1"
        )
    pairs = [(2 * i, i) for i in range(6)]  # first channel of a pair, and the input it carries
    _clear(unet.conv_in)
    for channel, source in pairs:
        unet.conv_in.weight[channel, source, 1, 1] = 1.0
        unet.conv_in.weight[channel + 1, source, 1, 1] = -1.0
    unet.conv_in.bias[12], unet.conv_in.bias[13] = STEADY, -STEADY
    last = unet.up_blocks[-1].resnets[-1]
    last.conv_shortcut.weight.mul_(0.1)
    last.conv_shortcut.weight[:, -width:, 0, 0] = torch.eye(width)
    last.conv_shortcut.bias.zero_()
    gain = ((2 * STEADY**2 + 12 * MEAN_SQUARE) / width) ** 0.5  # what the last norm divides by
    for colour, (channel, _) in enumerate(pairs[3:]):
        unet.conv_out.weight[colour, channel, 1, 1] = gain
        unet.conv_out.weight[colour, channel + 1, 1, 1] = -gain


def _clear(conv: nn.Conv2d) -> None:
    """Zero the channels that carry pixels; what is left keeps its random weights."""
    conv.weight[:CHANNELS].zero_()
    assert conv.bias is not None
    conv.bias[:CHANNELS].zero_()
