"""The levels of the upscaler's VAE: residual blocks, the next size, and attention in the middle."""

from torch import Tensor, nn

from if_graph.models.pixel_norm import PixelNorm
from if_graph.models.products import Linear
from if_graph.models.x4.attention import attend
from if_graph.models.x4.blocks import Enlarge, Halve, PlainBlock

EPS = 1e-6  # of every norm; not a field of the published config


def _blocks(c_in: int, c_out: int, count: int, groups: int) -> nn.ModuleList:
    return nn.ModuleList(PlainBlock(c_out if i else c_in, c_out, groups, EPS) for i in range(count))


class DownLevel(nn.Module):
    """Residual blocks, then half the size but for the last level."""

    def __init__(self, c_in: int, c_out: int, layers: int, groups: int, is_last: bool) -> None:
        super().__init__()
        self.resnets = _blocks(c_in, c_out, layers, groups)
        if not is_last:
            self.downsamplers = nn.ModuleList([Halve(c_out, one_sided=True)])

    def forward(self, h: Tensor) -> Tensor:
        """Map h [B, C_in, H, W] to [B, C_out, H/2, W/2]."""
        for resnet in self.resnets:
            h = resnet(h)
        if hasattr(self, "downsamplers"):
            h = self.downsamplers[0](h)
        return h


class UpLevel(nn.Module):
    """Residual blocks, then twice the size but for the last level."""

    def __init__(self, c_in: int, c_out: int, layers: int, groups: int, is_last: bool) -> None:
        super().__init__()
        self.resnets = _blocks(c_in, c_out, layers, groups)
        if not is_last:
            self.upsamplers = nn.ModuleList([Enlarge(c_out)])

    def parts(self) -> list[nn.Module]:
        """What maps h [B, C_in, H, W] to [B, C_out, 2H, 2W], in turn, with nothing kept between."""
        return [*self.resnets, *getattr(self, "upsamplers", ())]


class PictureAttention(nn.Module):
    """Residual attention of all pixels to each other, with a single head."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.group_norm = PixelNorm(groups, channels, eps=EPS)
        self.to_q, self.to_k, self.to_v = (Linear(channels, channels) for _ in range(3))
        self.to_out = nn.ModuleList([Linear(channels, channels)])

    def forward(self, h: Tensor) -> Tensor:
        """Map h [B, C, H, W] to the same shape."""
        x = self.group_norm(h).flatten(2).transpose(1, 2)  # [B, H*W, C]
        tokens = self.to_out[0](attend(self.to_q(x), self.to_k(x), self.to_v(x), heads=1))
        out: Tensor = tokens.transpose(1, 2).reshape(h.shape) + h
        return out


class Middle(nn.Module):
    """Residual block, attention, residual block."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.resnets = _blocks(channels, channels, 2, groups)
        self.attentions = nn.ModuleList([PictureAttention(channels, groups)])

    def forward(self, h: Tensor) -> Tensor:
        """Map h [B, C, H, W] to the same shape."""
        out: Tensor = self.resnets[1](self.attentions[0](self.resnets[0](h)))
        return out
