"""One training run from a recipe to an exported checkpoint folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from if_graph.errors import InputError
from if_graph.text.tokenizer import Tokenizer
from if_graph.training.data import load_pictures
from if_graph.training.export import export
from if_graph.training.pictures import Pictures
from if_graph.training.recipe import Recipe
from if_graph.training.state import load_weights
from if_graph.training.trainable import Trainable, frozen_text_encoder, new_text_encoder
from if_graph.training.trainer import Trainer, TrainStep
from if_graph.training.vocabulary import train_tokenizer

VOCABULARY_SIZE = 640


@dataclass(frozen=True)
class TrainRun:
    """A run and its folder.

    Args:
        recipe: how to train.
        folder: state, log, sample sheets and the exported checkpoint go here.
        resume: go on from the folder's state instead of refusing to overwrite it.
        start_from: a state folder whose averaged weights are the first weights (32 px before 64 px).
    """

    recipe: Recipe
    folder: Path
    resume: bool = False
    start_from: Path | None = None

    def steps(self) -> Iterator[TrainStep]:
        """Train to the end, exporting whenever the state is saved; yields each step.

        Raises:
            InputError: if the folder holds a run and ``resume`` is off, or the data cannot be used.
        """
        if (self.folder / "state").exists() and not self.resume:
            raise InputError(
                f"{self.folder}: holds a training run already; add --resume or choose another folder"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(self.recipe.seed)  # the first weights; everything later has its own generator
        pictures = load_pictures(self.recipe)
        model = self._model(pictures)
        trainer = Trainer(model, pictures, self.recipe, self.folder)
        if self.resume:
            trainer.resume()
        yield from trainer.run(on_save=lambda _: self._export(trainer))

    @property
    def _spiece(self) -> Path:
        frozen = self.recipe.frozen_text_encoder
        if frozen is not None:
            return Path(frozen) / "tokenizer" / "spiece.model"
        beside = self.start_from.parent if self.start_from is not None else self.folder
        return beside / "spiece.model"

    def _model(self, pictures: Pictures) -> Trainable:
        recipe = self.recipe
        if recipe.text_encoder is None:
            if recipe.frozen_text_encoder is None:
                raise InputError(
                    "recipe: needs 'text_encoder' to train one or 'frozen_text_encoder' to use one"
                )
            encoder, tokenizer = frozen_text_encoder(Path(recipe.frozen_text_encoder))
        else:
            if not self._spiece.exists():
                train_tokenizer(_texts(recipe, pictures), VOCABULARY_SIZE, self._spiece)
            tokenizer = Tokenizer(self._spiece)
            encoder = new_text_encoder(recipe.text_encoder, VOCABULARY_SIZE)
        model = Trainable(recipe.unet, encoder, tokenizer, recipe.text_encoder is not None)
        if self.start_from is not None:
            load_weights(model, self.start_from / "average.safetensors")
        return model

    def _export(self, trainer: Trainer) -> None:
        average, model = trainer.state.average, trainer.model
        average.swap(model)
        export(model, self.recipe, self._spiece, self.folder / "checkpoint")
        average.swap(model)


def _texts(recipe: Recipe, pictures: Pictures) -> Iterator[str]:
    if recipe.data["kind"] == "world":
        from if_graph.training.world.caption import all_texts

        yield from all_texts()
        return
    for index in range(len(pictures)):
        yield from pictures.batch([index]).captions
