"""One network and one request become a model: x_t and t in, one guided prediction out."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor

from if_graph.cascade.economy import AS_IT_IS, Economy
from if_graph.cascade.low_res import Condition, repeated
from if_graph.cascade.request import Request
from if_graph.diffusion.guidance import guide
from if_graph.diffusion.samplers import Model
from if_graph.models.placement import Placement
from if_graph.models.unet import DeepFeatures, UNet
from if_graph.text.embeddings import TextEmbeddings


def build_model(
    unet: UNet,
    placement: Placement,
    request: Request,
    condition: Condition | None,
    guided: frozenset[int] | None = None,
    economy: Economy = AS_IT_IS,
) -> Model:
    """Close over all that does not change from step to step.

    Args:
        unet: the network.
        placement: where it lies.
        request: checked, see :meth:`Request.checked`.
        condition: the low-res picture of a super-resolution network.
        guided: timesteps at which guidance acts; None for all.
        economy: how the network is asked for less.
    """
    options = request.guidance
    style = options.style or request.positive
    if not request.is_guided:
        return _asking(unet, placement, [request.positive], [style], condition, economy)
    second = [] if options.mix is None else [options.mix]
    ask = _asking(
        unet,
        placement,
        [request.negative, request.positive, *second],
        [request.negative, style, *second],
        condition,
        economy,
    )
    mixer = options.positive_mixer if second else None

    def predict(x_t: Tensor, t: int) -> Tensor:
        return guide(ask(x_t, t), request.guidance_scale, x_t.shape[1], mixer, options.rescale)

    if guided is None:
        return predict
    alone = _asking(unet, placement, [request.positive], [style], condition, economy)
    return lambda x_t, t: predict(x_t, t) if t in guided else alone(x_t, t)


def _asking(
    unet: UNet,
    placement: Placement,
    prompts: Sequence[TextEmbeddings],
    pooled: Sequence[TextEmbeddings],
    condition: Condition | None,
    economy: Economy,
) -> Model:
    """Ask the network about the same x_t once per part of ``prompts``, as one batch.

    ``prompts`` goes to attention, ``pooled`` to the timestep embedding.
    """
    copies, device = len(prompts), placement.device
    with torch.no_grad():
        states = TextEmbeddings.concat(prompts).states.to(device, placement.dtype)
        is_same = all(a is b for a, b in zip(prompts, pooled, strict=True))
        style = None if is_same else TextEmbeddings.concat(pooled).states.to(device, placement.dtype)
        text = unet.read_text(states, style)
    rows = len(states)
    deep = DeepFeatures() if economy.every > 1 else None
    asked = itertools.count()
    mode = economy.compile_mode
    network = unet if mode is None else torch.compile(unet.forward, mode=mode)

    @torch.no_grad()
    def ask(x_t: Tensor, t: int) -> Tensor:
        x_in, level = repeated(x_t, copies), None
        if condition is not None:
            x_in = torch.cat([x_in, condition.rows(copies)], dim=1)
            level = torch.full((rows,), condition.level, device=device)
        if deep is not None and next(asked) % economy.every == 0:
            deep.h = None
        x_in = x_in.to(device, placement.dtype)
        output: Tensor = network(x_in, torch.full((rows,), t, device=device), text, level, deep)
        return output.to(x_t.device).float()

    return ask
