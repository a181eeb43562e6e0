"""One pure step function per sampler, and the one loop that drives them."""

from if_graph.diffusion.samplers.ddim import ddim
from if_graph.diffusion.samplers.ddpm import ddpm
from if_graph.diffusion.samplers.dpmpp import dpmpp_2m, dpmpp_2m_sde
from if_graph.diffusion.samplers.loop import Model, SampledStep, sample
from if_graph.diffusion.samplers.step import Past, Sampler, Step
from if_graph.diffusion.samplers.unipc import unipc

SAMPLERS: dict[str, Sampler] = {
    "ddpm": ddpm,
    "dpmpp_2m": dpmpp_2m,
    "dpmpp_2m_sde": dpmpp_2m_sde,
    "ddim": ddim,
    "unipc": unipc,
}
"""Every sampler by the name users choose it with."""

__all__ = ["SAMPLERS", "Model", "Past", "SampledStep", "Sampler", "Step", "sample"]
