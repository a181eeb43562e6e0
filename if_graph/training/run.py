"""One training run: from a recipe to an exported checkpoint folder, sample sheets and a loss curve."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path

import torch
from torch import nn

from if_graph.errors import InputError
from if_graph.files import unfinished
from if_graph.text.tokenizer import Tokenizer
from if_graph.training.checks import check_recipe
from if_graph.training.curve import draw_curve
from if_graph.training.data import load_pictures, texts_of, words_of
from if_graph.training.export import export, export_text
from if_graph.training.lesson import teach_text
from if_graph.training.log import TrainStep
from if_graph.training.pictures import Pictures
from if_graph.training.processes import Processes, started_processes
from if_graph.training.recipe import Recipe
from if_graph.training.sheet import SampleSheet, sheet_for
from if_graph.training.state import copy_weights, has_state, load_weights
from if_graph.training.trainable import Trainable, frozen_text_encoder, new_text_encoder
from if_graph.training.trainer import STATE, Trainer
from if_graph.training.vocabulary import train_tokenizer

VOCABULARY_SIZE = 640
_DEFAULTS = {item.name: item.default for item in fields(Recipe) if item.default is not MISSING}


@dataclass(frozen=True)
class TrainRun:
    """A run and its folder.

    Args:
        recipe: how to train.
        folder: state, log, sample sheets and the exported checkpoint go here.
        resume: go on from the folder's state instead of refusing to overwrite it.
        start_from: a state folder whose averaged weights are the first weights (32 px before 64 px).
        start_text_from: a checkpoint folder whose text encoder is trained on; ``start_from`` then begins the
            UNet only.
        save_every: seconds between two savings of the state.
        sheet_every: least seconds between two sample sheets; 0 for none.
        processes: those that train together; by default what a launcher started, or this one alone.
        on_lesson: is told each step of the text encoder's first lesson.
    """

    recipe: Recipe
    folder: Path
    resume: bool = False
    start_from: Path | None = None
    start_text_from: Path | None = field(default=None, kw_only=True)
    save_every: float = 180.0
    sheet_every: float = 600.0
    processes: Processes = field(default_factory=started_processes)
    on_lesson: Callable[[TrainStep], None] = lambda report: None

    def steps(self, stop: Callable[[], bool] = lambda: False) -> Iterator[TrainStep]:
        """Train to the end, exporting whenever the state is saved; yields each step.

        Args:
            stop: asked after each step; where it says True, the state is saved and the training ends.

        Raises:
            InputError: before anything is written, if the folder holds a run and ``resume`` is off, or
                recipe and data cannot be used.
            CheckpointError: if the state, the first weights or the frozen encoder cannot be loaded.
        """
        self._check()
        torch.manual_seed(self.recipe.seed)  # the first weights; everything later has its own generator
        with self.processes.first_alone():
            pictures = load_pictures(self.recipe)
            model = self._model(pictures)
        trainer = Trainer(model, pictures, self.recipe, self.folder, self.processes)
        if self.resume:
            trainer.resume()
        self.processes.wait()  # the first writes from here on, and all have read
        if trainer.is_first:
            self._note_recipe()
        keep = _Keeper(self, trainer, sheet_for(self.recipe, pictures), stop)
        yield from trainer.run(self.save_every, keep, stop)
        trainer.leave()

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes and speaks."""
        return self.processes.rank == 0

    @property
    def spiece(self) -> Path:
        """The tokenizer's SentencePiece model."""
        frozen = self.recipe.frozen_text_encoder
        if self.recipe.text_encoder is None and frozen is not None:
            return Path(frozen) / "tokenizer" / "spiece.model"
        return self.folder / "spiece.model"

    def _check(self) -> None:
        check_recipe(self.recipe)
        if self.recipe.batch % self.processes.count:
            raise InputError(
                f"recipe: batch is {self.recipe.batch}, expected a multiple of {self.processes.count}, "
                "the number of processes that share it"
            )
        if has_state(self.folder / STATE) and not self.resume:
            raise InputError(
                f"{self.folder}: holds a training run already; add --resume or choose another folder"
            )
        if self.start_from is not None and not (self.start_from / "average.safetensors").is_file():
            raise InputError(
                f"{self.start_from}: no average.safetensors, expected the 'state' folder of a training run"
            )
        if self.start_text_from is not None and not self.recipe.learns_text:
            raise InputError(
                "recipe: its text encoder is not trained with the network, so none can be started from; "
                "leave --start-text-from out, or set text_lesson=0 and describe a text_encoder"
            )
        if self.resume:
            self._check_same_recipe()

    def _check_same_recipe(self) -> None:
        noted = self.folder / "recipe.json"
        if not noted.is_file():
            return
        before, now = json.loads(noted.read_text(encoding="utf-8")), json.loads(self._recipe_text())
        before = {**_DEFAULTS, **before}  # a run may be older than a field
        changed = [name for name in now if name != "notes" and before.get(name) != now[name]]
        if changed:
            name = changed[0]
            raise InputError(
                f"{self.folder}: was trained with {name} {before.get(name)!r}, got {now[name]!r}; "
                "give the same value, or begin a new folder with --start-from"
            )

    def _note_recipe(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with unfinished(self.folder / "recipe.json") as part:
            part.write_text(self._recipe_text(), encoding="utf-8")

    def _recipe_text(self) -> str:
        return json.dumps(self.recipe.to_json(), indent=2) + "\n"

    def _model(self, pictures: Pictures) -> Trainable:
        recipe = self.recipe
        if recipe.text_encoder is None:
            encoder, tokenizer = frozen_text_encoder(Path(str(recipe.frozen_text_encoder)))
        elif recipe.text_lesson:
            encoder, tokenizer = self._taught(pictures)
        elif self.start_text_from is not None:
            encoder, tokenizer = self._begun(self.start_text_from)
        else:
            self._provide_tokenizer(pictures)
            tokenizer = Tokenizer(self.spiece)
            encoder = new_text_encoder(recipe.text_encoder, VOCABULARY_SIZE)
        model = Trainable(recipe, encoder, tokenizer, recipe.learns_text)
        if self.start_from is not None:
            begun = ("text_encoder.",) if self.start_text_from is not None else ()
            load_weights(model, self.start_from / "average.safetensors", begun)
        return model

    def _begun(self, checkpoint: Path) -> tuple[nn.Module, Tokenizer]:
        """Copy the text encoder and the tokenizer of a checkpoint folder, to be trained on."""
        taught, _ = frozen_text_encoder(checkpoint)
        encoder = new_text_encoder(self.recipe.text_encoder or {}, VOCABULARY_SIZE)
        other = f"{checkpoint}: holds another text encoder than the recipe's text_encoder describes"
        copy_weights(taught, encoder, other)
        self._copy_tokenizer(checkpoint / "tokenizer" / "spiece.model")
        return encoder, Tokenizer(self.spiece)

    def _taught(self, pictures: Pictures) -> tuple[nn.Module, Tokenizer]:
        """Teach a new encoder and freeze it as it will be shipped; a resumed run finds that done."""
        checkpoint = self.folder / "checkpoint"
        if not (checkpoint / "tokenizer" / "spiece.model").is_file():
            self._provide_tokenizer(pictures)
            encoder = new_text_encoder(self.recipe.text_encoder or {}, VOCABULARY_SIZE)
            steps = self.recipe.text_lesson
            for report in teach_text(encoder, Tokenizer(self.spiece), pictures, steps, self.recipe.seed):
                self.on_lesson(report)
            export_text(encoder, self.spiece, checkpoint)
        return frozen_text_encoder(checkpoint)

    def _provide_tokenizer(self, pictures: Pictures) -> None:
        if self.spiece.exists():
            return
        if self.start_from is None:
            texts, words = texts_of(self.recipe, pictures), words_of(self.recipe)
            train_tokenizer(texts, VOCABULARY_SIZE, self.spiece, words)
            return
        self._copy_tokenizer(self.start_from.parent / "spiece.model")

    def _copy_tokenizer(self, source: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, self.spiece)


@dataclass
class _Keeper:
    """What follows each saving: the checkpoint, the loss curve and, from time to time, a sample sheet."""

    run: TrainRun
    trainer: Trainer
    sheet: SampleSheet
    stop: Callable[[], bool]
    painted: float = -float("inf")

    def __call__(self, step: int) -> None:
        average, model, folder = self.trainer.state.average, self.trainer.model, self.run.folder
        average.swap(model)
        export(model, self.run.recipe, self.run.spiece, folder / "checkpoint")
        average.swap(model)
        draw_curve(self.trainer.log.rows(), folder / "loss.png")
        is_due = time.monotonic() - self.painted >= self.run.sheet_every or step == self.run.recipe.steps
        if self.run.sheet_every and is_due and not self.stop():
            self.sheet.paint(folder / "checkpoint", folder / "sheets" / f"{step:07d}.png")
            self.painted = time.monotonic()
