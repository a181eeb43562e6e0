"""The training loop: a recipe and pictures become trained weights, step by resumable step."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from if_graph.diffusion.schedule import Diffusion, diffusion_from_json
from if_graph.training.dice import Dice
from if_graph.training.ema import AveragedWeights
from if_graph.training.log import LossLog, TrainStep
from if_graph.training.optimizers import gather_moments, new_optimizer
from if_graph.training.pictures import Batch, Pictures
from if_graph.training.processes import Alone, Processes
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
        folder: where state and log are written, by the first process only.
        processes: those that share each step's pictures.
    """

    def __init__(
        self,
        model: Trainable,
        pictures: Pictures,
        recipe: Recipe,
        folder: Path,
        processes: Processes | None = None,
    ) -> None:
        self.model, self.pictures, self.recipe, self.folder = model, pictures, recipe, folder
        self.diffusion: Diffusion = diffusion_from_json(recipe.scheduler)
        self.log = LossLog(folder / "log.csv")
        self.processes = processes or Alone()
        self._joined = self.processes.joined(model.to(self.processes.device))
        self._trained = [p for p in model.parameters() if p.requires_grad]
        optimizer = new_optimizer(self._trained, recipe, self.processes.count)
        rates = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=[group["lr"] for group in optimizer.param_groups],
            total_steps=recipe.steps + 1, pct_start=recipe.warm_up, cycle_momentum=False,
            div_factor=recipe.start_divisor, final_div_factor=recipe.final_divisor,
        )  # fmt: skip
        self.state = RunState(model, AveragedWeights(model, recipe.ema_decay), optimizer, rates)

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes."""
        return self.processes.rank == 0

    def resume(self) -> None:
        """Go on from the folder's state, if it has one."""
        if has_state(self.folder / STATE):
            self.state.load(self.folder / STATE)
        if self.is_first:
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
            if self.is_first:
                self.log.append(report)
            late = self.is_first and time.monotonic() - saved > save_every
            # one is told to stop, or is late: it holds for all
            told = self.processes.means({"stop": float(stop()), "late": float(late)})
            stopped = told["stop"] > 0
            if stopped or told["late"] > 0 or report.step == report.steps:
                self._save(on_save, report.step)
                saved = time.monotonic()
            yield report

    def leave(self) -> None:
        """Part from the other processes, after the last step."""
        del self._joined, self.state  # both may hold the group
        self.processes.leave()

    def _save(self, on_save: OnSave, step: int) -> None:
        gather_moments(self.state.optimizer)
        if self.is_first:
            self.state.save(self.folder / STATE)
            on_save(step)

    def _step(self) -> TrainStep:
        started, recipe, state = time.monotonic(), self.recipe, self.state
        device, is_short = self.processes.device, self.recipe.autocast == "bfloat16"
        dice = Dice(recipe.seed, state.step, self.processes.rank, self.processes.count)
        self._joined.train()
        with _attention_of(device), torch.autocast(device.type, torch.bfloat16, enabled=is_short):
            loss = self._joined(self._draw(dice), self.diffusion, dice)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._trained, recipe.clip_norm)
        rate = float(state.rates.get_last_lr()[0])
        state.optimizer.step()
        state.optimizer.zero_grad(set_to_none=True)
        state.rates.step()
        state.average.update(self.model)
        state.step += 1
        mean = self.processes.means({"loss": loss.item()})["loss"]
        return TrainStep(state.step, recipe.steps, mean, rate, time.monotonic() - started)

    def _draw(self, dice: Dice) -> Batch:
        """Choose pictures with replacement and drop a share of the captions."""
        rows = self.recipe.batch // self.processes.count
        indices = dice.whole(len(self.pictures), rows).tolist()
        dropped = (dice.share(rows) < self.recipe.caption_drop).tolist()
        batch = self.pictures.batch(indices)
        captions = tuple("" if drop else text for text, drop in zip(batch.captions, dropped, strict=True))
        return Batch(batch.pixels, captions, batch.low_res).to(self.processes.device)


def _attention_of(device: torch.device) -> AbstractContextManager[Any]:
    """Let CPUs multiply whole matrices: torch's other kernel took 18 ms for a backward pass of 64 tokens."""
    return sdpa_kernel(SDPBackend.MATH) if device.type == "cpu" else nullcontext()
