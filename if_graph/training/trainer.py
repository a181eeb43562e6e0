"""The training loop: a recipe and pictures become trained weights, step by resumable step."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from if_graph.diffusion.schedule import Diffusion, diffusion_from_json
from if_graph.training.ema import AveragedWeights
from if_graph.training.log import LossLog, TrainStep
from if_graph.training.pictures import Batch, Pictures
from if_graph.training.recipe import Recipe
from if_graph.training.state import RunState, has_state
from if_graph.training.trainable import Trainable

STATE = "state"

OnSave = Callable[[int], None]
"""Is told the step whose state lies on disk now."""


class Trainer:
    """Trains one network; every random choice follows from seed and step, so that a resumed run repeats.

    Args:
        model: network and text encoder.
        pictures: what to train on.
        recipe: how.
        folder: where state and log are written.
    """

    def __init__(self, model: Trainable, pictures: Pictures, recipe: Recipe, folder: Path) -> None:
        self.model, self.pictures, self.recipe, self.folder = model, pictures, recipe, folder
        self.diffusion: Diffusion = diffusion_from_json(recipe.scheduler)
        self.log = LossLog(folder / "log.csv")
        trained = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(
            trained, lr=recipe.peak_rate, betas=(0.9, 0.99), weight_decay=recipe.weight_decay, foreach=True
        )
        rates = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=recipe.peak_rate, total_steps=recipe.steps + 1, pct_start=recipe.warm_up,
            div_factor=recipe.start_divisor, final_div_factor=recipe.final_divisor, cycle_momentum=False,
        )  # fmt: skip
        self.state = RunState(model, AveragedWeights(model, recipe.ema_decay), optimizer, rates)

    def resume(self) -> None:
        """Go on from the folder's state, if it has one."""
        if has_state(self.folder / STATE):
            self.state.load(self.folder / STATE)
        self.log.cut(self.state.step)

    def run(self, save_every: float, on_save: OnSave, stop: Callable[[], bool]) -> Iterator[TrainStep]:
        """Train to the recipe's end; yields each step.

        Args:
            save_every: seconds between two savings of the state.
            on_save: called after each; what it does may take its time.
            stop: asked after each step; where it says True, the state is saved and the training ends.
        """
        saved, stopped = time.monotonic(), False
        while self.state.step < self.recipe.steps and not stopped:
            report = self._step()
            self.log.append(report)
            stopped = stop()
            if stopped or report.step == report.steps or time.monotonic() - saved > save_every:
                self.state.save(self.folder / STATE)
                on_save(report.step)
                saved = time.monotonic()
            yield report

    def _step(self) -> TrainStep:
        started, recipe, state = time.monotonic(), self.recipe, self.state
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + state.step)
        self.model.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe.autocast == "bfloat16"):
            loss = self.model(self._draw(generator), self.diffusion, generator)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(
            [p for p in self.model.parameters() if p.requires_grad], recipe.clip_norm
        )
        rate = float(state.rates.get_last_lr()[0])
        state.optimizer.step()
        state.optimizer.zero_grad(set_to_none=True)
        state.rates.step()
        state.average.update(self.model)
        state.step += 1
        return TrainStep(state.step, recipe.steps, loss.item(), rate, time.monotonic() - started)

    def _draw(self, generator: torch.Generator) -> Batch:
        """Choose pictures with replacement and drop a share of the captions."""
        recipe = self.recipe
        indices = torch.randint(0, len(self.pictures), (recipe.batch,), generator=generator).tolist()
        dropped = (torch.rand(recipe.batch, generator=generator) < recipe.caption_drop).tolist()
        batch = self.pictures.batch(indices)
        captions = tuple("" if drop else text for text, drop in zip(batch.captions, dropped, strict=True))
        return Batch(batch.pixels, captions, batch.low_res)
