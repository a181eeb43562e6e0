"""Names of a repository's files -> the few that one variant of a checkpoint needs."""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from if_graph.errors import InputError

PARTS = (
    "unet",
    "scheduler",
    "image_noising_scheduler",
    "low_res_scheduler",
    "text_encoder",
    "tokenizer",
    "vae",
    "safety_checker",
    "feature_extractor",
    "watermarker",
)
"""Folders of a published checkpoint that something here reads."""

_PLAIN = (".json", ".txt", ".model")
_TOP = re.compile(r"model_index\.json|LICEN[SC]E.*", re.IGNORECASE)
_SHARD = re.compile(r"-\d{5}-of-\d{5}")
_WEIGHTS = re.compile(r"[^.]+(?:\.(?P<variant>[^.]+))?\.safetensors")
_INDEX = re.compile(r"[^.]+\.safetensors\.index(?:\.(?P<variant>[^.]+))?\.json")


def variant_of(name: str) -> str | None:
    """Return the variant of a weights file or index, "" for the plain one; None for any other file."""
    base = _SHARD.sub("", PurePosixPath(name).name)
    match = _WEIGHTS.fullmatch(base) or _INDEX.fullmatch(base)
    return (match["variant"] or "") if match else None


def choose_files(names: Iterable[str], variant: str = "", parts: Sequence[str] = PARTS) -> list[str]:
    """Return what to fetch: settings of every part, and safetensors of one variant.

    Args:
        names: every file of the repository, with forward slashes.
        variant: for example ``fp16``; a part that has no such files gives its plain ones. Pickles and weights
            for other frameworks are never taken.
        parts: folders to take.

    Raises:
        InputError: if no part has the variant, or the repository has none of the parts.
    """
    known = [name for name in names if _is_safe(name)]
    found = {
        part: [name for name in known if PurePosixPath(name).parent.as_posix() == part] for part in parts
    }
    variants = {variant_of(name) for files in found.values() for name in files} - {None}
    if not variants or variant not in variants:
        offered = ", ".join(sorted(name or "the plain one" for name in variants if name is not None))
        raise InputError(
            f"got variant {variant or 'plain'!r}, expected one the repository has in safetensors: "
            f"{offered or 'it has none'}; choose another variant or repository"
        )
    chosen = [name for name in known if _TOP.fullmatch(name)]
    for files in found.values():
        chosen += _of_part(files, variant)
    return sorted(chosen)


def _is_safe(name: str) -> bool:
    path = PurePosixPath(name)
    return (
        not path.is_absolute() and not {"..", ""} & set(path.parts) and "\\" not in name and ":" not in name
    )


def _of_part(files: list[str], variant: str) -> list[str]:
    plain = [name for name in files if variant_of(name) is None and name.endswith(_PLAIN)]
    wanted = variant if any(variant_of(name) == variant for name in files) else ""
    weights = [name for name in files if variant_of(name) == wanted]
    whole = [name for name in weights if name.endswith(".safetensors") and not _SHARD.search(name)]
    return plain + (whole or weights)
