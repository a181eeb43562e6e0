"""Layers that are built without values, for weights that come from a file."""

from torch import nn


class Unset(nn.Module):
    """A layer of torch that draws no first values on the meta device, which would not keep them.

    Drawing them takes a third of the time that building a network takes.
    """

    def reset_parameters(self) -> None:
        """Draw first values, but for the meta device."""
        if not next(self.parameters()).is_meta:
            super().reset_parameters()  # type: ignore[misc]  # of the layer that this one is mixed with
