"""A repository of a hub -> a checked checkpoint folder, file by file, resumed where it broke off."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from if_graph.errors import CheckpointError, InputError
from if_graph.hub.choose import PARTS, choose_files
from if_graph.hub.digest import Described, problem_with
from if_graph.hub.explain import explained
from if_graph.hub.store import Manifest, write_manifest

DEFAULT_ENDPOINT = "https://huggingface.co"


@dataclass(frozen=True)
class Order:
    """What to pull.

    Args:
        repo: ``owner/name``.
        variant: of the weights, for example ``fp16``; "" for the plain ones.
        parts: folders of the checkpoint to take.
        revision: branch, tag or commit.
        token: None takes HF_TOKEN or the one that was logged in with.
    """

    repo: str
    variant: str = ""
    parts: tuple[str, ...] = PARTS
    revision: str = "main"
    token: str | None = None


def pull(order: Order, folder: Path, on_file: Callable[[Described], object] = lambda file: None) -> Path:
    """Fetch a checkpoint into ``folder``; it appears there under its name when all of it has arrived.

    Until then it grows in a hidden folder beside it, which the next call goes on with.

    Args:
        order: what to fetch, from the hub that the environment variable HF_ENDPOINT names.
        folder: the model folder.
        on_file: told of each file before it is fetched.

    Returns:
        The checkpoint's folder.

    Raises:
        InputError: if it is there already, or does not have what was asked for.
        CheckpointError: if the hub cannot be reached or refuses, or a file arrives damaged.
    """
    target = folder / order.repo.rpartition("/")[2]
    if target.exists():
        raise InputError(
            f"{target} is already there; run 'if-graph models verify {target.name}' or remove it"
        )
    endpoint = os.environ.get("HF_ENDPOINT", DEFAULT_ENDPOINT).rstrip("/")
    part = target.with_name(f".{target.name}.part")
    with explained(order.repo, endpoint):
        commit, files = _described(order, endpoint)
        part.mkdir(parents=True, exist_ok=True)
        for file in files:
            on_file(file)
            _fetch(file, order, commit, endpoint, part)
    _sweep(part, {file.name for file in files})
    write_manifest(part, Manifest(order.repo, commit, order.variant, tuple(files)))
    part.rename(target)
    return target


def _described(order: Order, endpoint: str) -> tuple[str, list[Described]]:
    from huggingface_hub import HfApi

    api = HfApi(endpoint=endpoint, token=order.token)
    info: Any = api.model_info(order.repo, revision=order.revision, files_metadata=True)
    siblings = {sibling.rfilename: sibling for sibling in info.siblings}
    chosen = choose_files(siblings, order.variant, order.parts)
    return info.sha, [_describe(siblings[name]) for name in chosen]


def _describe(sibling: Any) -> Described:
    if sibling.lfs:
        return Described(sibling.rfilename, sibling.size, sha256=sibling.lfs.sha256)
    return Described(sibling.rfilename, sibling.size, git=sibling.blob_id)


def _fetch(file: Described, order: Order, commit: str, endpoint: str, part: Path) -> None:
    """Fetch one file; it has its own name only when its hash is right."""
    path = part / file.name
    if path.is_file() and path.stat().st_size == file.size:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{file.identity[:12]}.incomplete")
    _transfer(file, order, commit, endpoint, unfinished)
    problem = problem_with(unfinished, file)
    if problem:
        unfinished.unlink()
        raise CheckpointError(
            f"{order.repo}: {file.name} arrived damaged, it {problem}; it was removed, run the command again"
        )
    unfinished.replace(path)


def _transfer(file: Described, order: Order, commit: str, endpoint: str, unfinished: Path) -> None:
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # documented there

    # hf_hub_download drops a partial file when the process ends, and these are up to 17 GB
    url = hf_hub_url(order.repo, file.name, revision=commit, endpoint=endpoint)
    done = unfinished.stat().st_size if unfinished.is_file() else 0
    if done > file.size:
        unfinished.unlink()
        done = 0
    with unfinished.open("ab") as opened:
        headers = build_hf_headers(token=order.token)
        http_get(url, opened, resume_size=done, headers=headers, expected_size=file.size)


def _sweep(part: Path, wanted: set[str]) -> None:
    """Remove what an earlier, different order left behind."""
    for path in part.rglob("*"):
        if path.is_file() and path.relative_to(part).as_posix() not in wanted:
            path.unlink()
