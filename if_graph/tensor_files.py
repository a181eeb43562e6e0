"""Tensors written as safetensors files, with the permissions of any other new file."""

import stat
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor


def write_tensors(
    tensors: Mapping[str, Tensor], path: Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Write tensors of any memory layout; their folder exists.

    The library alone would make a file that only its owner can read, whatever the umask says.

    Args:
        tensors: by name; none shares memory with another.
        path: the file, replaced if it is there.
        metadata: texts for the file's head; a format of ``pt`` is always said.
    """
    path.touch()
    mode = stat.S_IMODE(path.stat().st_mode)
    own = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    save_file(own, path, {"format": "pt", **(metadata or {})})
    path.chmod(mode)
