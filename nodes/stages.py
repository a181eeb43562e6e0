"""Nodes that make one stage of others: two experts, features kept between steps, a compiled network."""

from typing import Any

from if_graph.cascade.economy import COMPILE_MODES
from if_graph.cascade.experts import split
from if_graph.cascade.stage import Stage, with_economy

from . import sockets


class IFExpertSplit(sockets.MakesStage):
    """Combine two networks of one stage: one for the early, noisy steps, one for the late ones."""

    DESCRIPTION = __doc__
    OUTPUT_TOOLTIPS = ("Both as one stage; connect it to the stage node of their kind.",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "early": sockets.socket(sockets.STAGE, "For the noisy steps, which decide the layout."),
                "late": sockets.socket(sockets.STAGE, "For the last steps, which paint detail."),
                "switch": sockets.number(
                    "INT", 500, 0, 1000, 1, "Timesteps from this one up are 'early'; 1000 is pure noise."
                ),
            }
        }

    def run(self, early: Stage, late: Stage, switch: int) -> tuple[Stage]:
        return (split(early, late, switch),)


class IFReuseFeatures(sockets.MakesStage):
    """Compute a network's inner levels at every n-th step only; faster, and a little different."""

    DESCRIPTION = __doc__
    OUTPUT_TOOLTIPS = ("The same network, asked for less; the stage connected stays as it is.",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "stage": sockets.socket(sockets.STAGE, "The stage to speed up."),
                "every": sockets.number(
                    "INT", 2, 1, 20, 1, "Steps for which the inner levels' result is kept; 1 keeps nothing."
                ),
            }
        }

    @classmethod
    def VALIDATE_INPUTS(cls, every: int | None = None) -> bool | str:
        return sockets.judged(lambda value: sockets.within("every", value, 1, 20), every)

    def run(self, stage: Stage, every: int) -> tuple[Stage]:
        return (with_economy(stage, every=every),)


class IFCompileNetwork(sockets.MakesStage):
    """Compile a network before its first step: minutes once, then faster steps, mostly on GPUs."""

    DESCRIPTION = __doc__
    OUTPUT_TOOLTIPS = ("The same network, compiled when it is first asked.",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "stage": sockets.socket(sockets.STAGE, "The stage to compile."),
                "mode": sockets.choice(
                    list(COMPILE_MODES), COMPILE_MODES[0],
                    "As in torch.compile: 'reduce-overhead' replays CUDA graphs on a GPU, 'max-autotune' "
                    "also tries several kernels, which takes longest.",
                ),
            }
        }  # fmt: skip

    def run(self, stage: Stage, mode: str) -> tuple[Stage]:
        return (with_economy(stage, compile_mode=mode),)


NODES = {
    "IFExpertSplit": IFExpertSplit,
    "IFReuseFeatures": IFReuseFeatures,
    "IFCompileNetwork": IFCompileNetwork,
}
NAMES = {
    "IFExpertSplit": "IF Expert Split",
    "IFReuseFeatures": "IF Reuse Features",
    "IFCompileNetwork": "IF Compile Network",
}
