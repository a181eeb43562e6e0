"""Socket names and the widgets that several nodes share."""

from collections.abc import Callable
from typing import Any

from if_graph.cascade.low_res import LOW_RES_NOISES
from if_graph.cascade.plan import TIMESTEP_CHOICES, VARIANCES
from if_graph.diffusion.samplers import SAMPLERS
from if_graph.errors import InputError
from if_graph.models.placement import DEVICES, DTYPES
from if_graph.residency import AFTER_USE, OFFLOADS

Socket = tuple[Any, dict[str, Any]]

TEXT_ENCODER = "IF_TEXT_ENCODER"
EMBEDS = "IF_EMBEDS"
STAGE = "IF_STAGE"
SCHEDULE = "IF_SCHEDULE"
START = "IF_START"
GUIDANCE = "IF_GUIDANCE"
IMAGE = "IMAGE"
MASK = "MASK"


class MakesStage:
    """What all nodes have in common whose one result is a stage; it stays where it was made."""

    CATEGORY = "DeepFloyd IF/load"
    RETURN_TYPES = (STAGE,)
    RETURN_NAMES = ("stage",)
    FUNCTION = "run"
    RESIDENT = True


def judged(check: Callable[..., object], *values: Any) -> bool | str:
    """Answer ``VALIDATE_INPUTS``: True, or the sentence with which ``check`` refuses the values.

    Args:
        check: raises InputError for values it refuses.
        values: of widgets; None where a link brings the value later, and then the node will judge it.
    """
    if any(value is None for value in values):
        return True
    try:
        check(*values)
    except InputError as error:
        return str(error)
    return True


def within(name: str, value: float, low: float, high: float) -> None:
    """Refuse a value outside a widget's bounds, which ``VALIDATE_INPUTS`` has to check itself.

    Raises:
        InputError: naming value and bounds.
    """
    if not low <= value <= high:
        raise InputError(f"{name} is {value}, expected {low} to {high}; bring it into that range")


def socket(kind: str, tooltip: str) -> Socket:
    """An input that must be connected."""
    return (kind, {"tooltip": tooltip})


def number(kind: str, default: float, low: float, high: float, step: float, tooltip: str) -> Socket:
    """An INT or FLOAT widget."""
    return (kind, {"default": default, "min": low, "max": high, "step": step, "tooltip": tooltip})


def choice(options: list[str], default: str, tooltip: str) -> Socket:
    """A drop-down list."""
    return (options, {"default": default, "tooltip": tooltip})


def text(default: str, tooltip: str, multiline: bool = True) -> Socket:
    """A text field."""
    return ("STRING", {"default": default, "multiline": multiline, "tooltip": tooltip})


SEED: Socket = (
    "INT",
    {
        "default": 0,
        "min": 0,
        "max": 2**64 - 1,
        "control_after_generate": True,
        "tooltip": "Decides all noise of this stage; picture i of a batch uses seed + i.",
    },
)
DEVICE = choice(list(DEVICES), "auto", "Where it runs; auto takes a GPU where there is one.")
DTYPE = choice(list(DTYPES), "auto", "Type of the weights; auto is float32 on a CPU, float16 on a GPU.")
OFFLOAD = choice(
    list(OFFLOADS),
    AFTER_USE,
    "When weights leave memory: once another network takes their place; each layer right after it ran, "
    "for small GPUs, slower; or never.",
)
POSITIVE = socket(EMBEDS, "What to paint, from 'Encode text'.")
NEGATIVE = socket(EMBEDS, "What to steer away from, from 'Encode text'.")
SCHEDULE_INPUT = socket(SCHEDULE, "Sampler and timesteps, from 'Sampling schedule'.")
SAMPLER = choice(
    list(SAMPLERS),
    "ddpm",
    "ddpm is what the checkpoints were made for; dpmpp_2m and unipc need fewer steps and draw no noise, "
    "dpmpp_2m_sde draws some; ddim draws as much as eta says.",
)
TIMESTEPS = choice(
    list(TIMESTEP_CHOICES),
    "leading",
    "Evenly spaced by the step count (leading, trailing, linspace; solver_...: as DPM solvers are published; "
    "log_snr, karras: even in noise level), a named subset, or a custom list.",
)
ETA = number("FLOAT", 0.0, 0.0, 1.0, 0.01, "Noise that ddim adds: 0 none, 1 as much as ddpm.")
VARIANCE = choice(
    list(VARIANCES),
    "checkpoint",
    "Noise that ddpm adds: what the network predicts, or a fixed small or large amount.",
)
NOISE_LEVEL = number(
    "FLOAT",
    0.25,
    0.0,
    1.0,
    0.01,
    "Noise added to the low-res picture; low stays faithful, high invents and repairs.",
)
START_INPUT = socket(START, "A picture to start from, from 'Image noising'; its size is the result's.")
GUIDANCE_INPUT = socket(GUIDANCE, "Style, second prompt, interval and thresholds, from 'Guidance'.")
LOW_RES_NOISE = choice(
    list(LOW_RES_NOISES),
    LOW_RES_NOISES[0],
    "When the low-res picture is noised: once, so that guidance compares like with like, "
    "or afresh at every step, as the original code does.",
)
BLUR_SIGMA = number(
    "FLOAT", 0.0, 0.0, 10.0, 0.1, "Blur of the low-res picture in its own pixels; hides its artefacts."
)


def guidance(default: float) -> Socket:
    """Strength of classifier-free guidance."""
    return number(
        "FLOAT",
        default,
        1.0,
        50.0,
        0.1,
        "How strongly to follow the prompt; 1 leaves guidance out and halves the work.",
    )
