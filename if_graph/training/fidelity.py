"""How like two sets of pictures are: Fréchet Inception distance, precision and recall.

Sources: Heusel et al. 2017 (arXiv:1706.08500); Kynkäänniemi et al. 2019 (arXiv:1904.06991), whose
neighbourhoods are taken over the Inception features here, not over those of a VGG.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from if_graph.errors import CheckpointError, InputError
from if_graph.training.pictures import SUFFIXES

BATCH = 32
NEIGHBOURS = 3
SIDE = 299
"""Pictures are resized to this many pixels, Inception's own size, so that a batch may mix sizes."""

Extractor = Callable[[Tensor], Tensor]
"""8-bit pictures [B, 3, H, W] -> features [B, F]."""


@dataclass(frozen=True)
class Fidelity:
    """How painted pictures compare with real ones.

    Args:
        real: number of real pictures.
        painted: number of painted pictures.
        fid: Fréchet distance of Gaussians fitted to the features; 0 for equal sets, lower is better.
        precision: share of painted pictures among the real ones' neighbours, 0..1.
        recall: share of real pictures among the painted ones' neighbours, 0..1.
    """

    real: int
    painted: int
    fid: float
    precision: float
    recall: float


def compare_folders(
    real: Path, painted: Path, extractor: Extractor, neighbours: int = NEIGHBOURS
) -> Fidelity:
    """Compare all pictures below two folders.

    Raises:
        InputError: if a folder has too few pictures for ``neighbours``, or one cannot be read.
    """
    real_files, painted_files = _pictures(real, neighbours), _pictures(painted, neighbours)
    true, made = features_of(real_files, extractor), features_of(painted_files, extractor)
    precision, recall = _share(made, true, neighbours), _share(true, made, neighbours)
    return Fidelity(len(true), len(made), frechet_distance(true, made), precision, recall)


def features_of(paths: Sequence[Path], extractor: Extractor) -> Tensor:
    """Features [N, F] in float64 of picture files."""
    rows = [extractor(batch).double().cpu() for batch in _batches(paths)]
    return torch.cat(rows)


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """Fréchet distance of Gaussians fitted to features [N, F] and [M, F], through torchmetrics."""
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(feature=_Given(first.shape[1]))
    metric.set_dtype(torch.float64)
    for features, real in ((first, True), (second, False)):
        metric.update(features, real=real)
    return max(0.0, float(metric.compute()))


def inception(weights: Path) -> Extractor:
    """Return the standard Inception network of FID, with 2048 features (extra ``eval``).

    Args:
        weights: its file, ``weights-inception-2015-12-05-6726825d.pth`` of torch-fidelity's releases.

    Raises:
        InputError: if torch-fidelity cannot be imported.
        CheckpointError: if the file is not those weights.
    """
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except (ImportError, RuntimeError) as error:  # torchvision raises the second, built for another torch
        raise InputError(
            f"FID needs torch-fidelity ({error}); "
            "pip install 'if-graph[eval]', with the torchvision that belongs to this torch"
        ) from error
    try:
        with _checked(weights) as path:
            network = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], str(path))
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, EOFError, UnpicklingError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CheckpointError(
            f"{weights}: {reason}; expected the weights of FID's Inception network"
        ) from error
    return lambda levels: network(levels)[0]


@contextmanager
def _checked(weights: Path) -> Iterator[Path]:
    """A copy that holds tensors and nothing else, for a library that would unpickle anything."""
    tensors = torch.load(weights, weights_only=True)
    with TemporaryDirectory() as folder:
        torch.save(tensors, Path(folder) / "weights.pth")
        yield Path(folder) / "weights.pth"


class _Given(torch.nn.Module):
    """Hands on features that were computed before."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.num_features = width

    def forward(self, features: Tensor) -> Tensor:
        return features


def _share(points: Tensor, others: Tensor, neighbours: int) -> float:
    """Share of ``points`` that lie no farther from one of ``others`` than its k-th nearest of its own set."""
    reach = torch.cdist(others, others).kthvalue(neighbours + 1, dim=1).values  # the first is itself
    return float((torch.cdist(points, others) <= reach).any(dim=1).double().mean())


def _pictures(folder: Path, neighbours: int) -> list[Path]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if len(paths) <= neighbours + 1:
        raise InputError(
            f"{folder} holds {len(paths)} pictures, expected at least {neighbours + 2}, better thousands"
        )
    return paths


def _batches(paths: Sequence[Path]) -> Iterator[Tensor]:
    for start in range(0, len(paths), BATCH):
        yield torch.stack([_levels(path) for path in paths[start : start + BATCH]])


def _levels(path: Path) -> Tensor:
    try:
        with Image.open(path) as picture:
            small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path} cannot be read as a picture ({type(error).__name__}); remove it") from error
    return torch.from_numpy(np.array(small)).permute(2, 0, 1)
