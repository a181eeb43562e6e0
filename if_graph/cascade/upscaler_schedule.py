"""The noise tables of the x4 upscaler, and how a sampling plan is laid out on them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from if_graph.cascade.plan import SamplingPlan
from if_graph.diffusion.schedule import Diffusion, diffusion_from_json
from if_graph.diffusion.trajectory import Trajectory, through
from if_graph.models.checkpoint import read_json

PUBLISHED_SCHEDULER = {  # scheduler_config.json of stable-diffusion-x4-upscaler, for a folder that has none
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
}
PUBLISHED_MAX_LEVEL = 350  # model_index.json


@dataclass(frozen=True)
class UpscalerSchedule:
    """What the checkpoint says about noise.

    Args:
        diffusion: noise table and prediction type of the latents.
        noising: noise table of the low-res picture.
        max_level: highest timestep the picture may be noised to.
        offset: added to evenly spaced timesteps (``steps_offset``).
        arrives_clean: whether DDIM's last step leads to no noise at all (``set_alpha_to_one``).
    """

    diffusion: Diffusion
    noising: Diffusion
    max_level: int = 350
    offset: int = 0
    arrives_clean: bool = True

    def trajectory(self, plan: SamplingPlan) -> Trajectory:
        """Lay ``plan`` out on the latents' noise table, as the published schedulers do."""
        path = plan.trajectory(self.diffusion)
        if plan.timesteps == "leading" and self.offset:
            last = self.diffusion.train_steps - 1
            path = through(
                tuple(dict.fromkeys(min(t + self.offset, last) for t in path.timesteps)), self.diffusion
            )
        if plan.sampler == "ddim" and not self.arrives_clean:
            levels = torch.cat([path.alpha_bar[:-1], self.diffusion.alpha_bar[:1]])
            path = replace(path, alpha_bar=levels)
        return path


def load_schedule(folder: Path) -> UpscalerSchedule:
    """Read both schedulers and the pipeline's highest noise level.

    Raises:
        CheckpointError: if a file asks for a schedule that is not known.
    """
    data: dict[str, Any] = read_json(folder / "scheduler" / "scheduler_config.json") or PUBLISHED_SCHEDULER
    noising = read_json(folder / "low_res_scheduler" / "scheduler_config.json") or PUBLISHED_SCHEDULER
    max_level: Any = read_json(folder / "model_index.json").get("max_noise_level")
    return UpscalerSchedule(
        diffusion_from_json(data),
        diffusion_from_json(noising),
        int(max_level or PUBLISHED_MAX_LEVEL),
        int(data.get("steps_offset", 0)),
        bool(data.get("set_alpha_to_one", True)),
    )
