"""How a stage's network is asked for less, or compiled first: options of a stage that are off by default."""

from dataclasses import dataclass

from if_graph.errors import InputError

COMPILE_MODES = ("default", "reduce-overhead", "max-autotune")
"""Modes of torch.compile; ``reduce-overhead`` replays CUDA graphs on a GPU."""


@dataclass(frozen=True)
class Economy:
    """The defaults run the network as it is, at every step.

    Args:
        every: the inner levels are computed at every n-th step only. In between, the first level alone reads
            x_t, and what the inner levels made last stands in: an approximation, closest where steps are
            many. Source: Ma et al. 2023 (arXiv:2312.00858).
        compile_mode: one of ``COMPILE_MODES``; None does not compile. Compiling takes minutes at the first
            step, and pays back over many.

    Raises:
        InputError: on construction, if a value is out of range.
    """

    every: int = 1
    compile_mode: str | None = None

    def __post_init__(self) -> None:
        if self.every < 1:
            raise InputError(f"reuse is every {self.every} steps, expected 1 (never) or more")
        if self.compile_mode not in (None, *COMPILE_MODES):
            known = ", ".join(COMPILE_MODES)
            raise InputError(f"compile mode is {self.compile_mode!r}, expected one of {known}")


AS_IT_IS = Economy()
