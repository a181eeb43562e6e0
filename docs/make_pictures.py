"""Make the pictures that ComfyUI's template browser shows, by running the shipped workflows.

    python docs/make_pictures.py [NAME ...] [--from DIR]

Writes ``workflows/NAME.jpg``, at most 30 KB each. Run it when the bundled weights or a workflow change; it
takes about half an hour on one core. What a workflow needs first is made: saved embeddings by the workflow
``save-embeddings``, a LoRA by ``docs/make_lora.py``. Workflows that nano cannot paint are drawn as graphs.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from if_graph.cli import main as if_graph
from if_graph.files import unfinished
from if_graph.graph.library import shipped_workflows
from if_graph.hub.store import ENVIRONMENT

DRAWN = ("official-cascade", "save-embeddings", "upscale-x4")
"""Workflows that paint nothing, or with official weights only."""
MAKE_LORA = Path(__file__).with_name("make_lora.py")
WORKFLOWS = Path(__file__).parents[1] / "workflows"
SIDE, MOST = 384, 30_000  # pixels, bytes


def main() -> int:
    """Make the pictures asked for, or all."""
    names = [workflow.name for workflow in shipped_workflows()]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="workflows; all if none is named")
    parser.add_argument(
        "--from", dest="made", type=Path, metavar="DIR", help="take DIR/NAME/*.png, run nothing"
    )
    args = parser.parse_args()
    if unknown := set(args.names) - set(names):
        parser.error(f"no shipped workflow is called {', '.join(sorted(unknown))}")
    return max((picture(name, args.made) for name in args.names or names), default=0)


def picture(name: str, made: Path | None) -> int:
    """Make one workflow's picture; return an exit code."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) if made is None or name in DRAWN else made / name
        code = make(name, found) if found == Path(folder) else 0
        saved = sorted(found.rglob("*.png"), key=lambda path: path.stat().st_mtime_ns)
        if code or not saved:
            sys.stderr.write(f"{name}: no picture was saved in {found}\n")
            return code or 2
        with Image.open(saved[-1]) as opened, unfinished(WORKFLOWS / f"{name}.jpg") as part:
            part.write_bytes(small(opened.convert("RGB")))
    return 0


def make(name: str, folder: Path) -> int:
    """Paint or draw into a folder, after making what that takes; return an exit code."""
    os.environ[ENVIRONMENT] = str(folder)  # for the LoRA; and nobody's networks take nano's place
    if name in DRAWN:
        return if_graph(["show", name, "--out", str(folder / "drawn.png")])
    if name == "lora":
        subprocess.run([sys.executable, MAKE_LORA], check=True)
    if name == "load-embeddings":
        if_graph(["run", "save-embeddings", "--out", str(folder), "--quiet"])
    return if_graph(["run", name, "--out", str(folder), "--quiet"])


def small(image: Image.Image) -> bytes:
    """Return a JPEG of at most ``MOST`` bytes and ``SIDE`` pixels."""
    image.thumbnail((SIDE, SIDE))
    for quality in range(90, 10, -5):
        data = io.BytesIO()
        image.save(data, "JPEG", quality=quality, optimize=True)
        if data.tell() <= MOST:
            break
    return data.getvalue()


if __name__ == "__main__":
    sys.exit(main())
