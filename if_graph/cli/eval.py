"""``if-graph eval``: paint wishes that training never saw, and print how many came true, stage by stage.

Its other evaluations are in :mod:`if_graph.cli.eval_pictures`.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from if_graph.cli import eval_pictures
from if_graph.cli.edits import add_workflow_arguments, edited_workflow
from if_graph.cli.host import add_nodes_argument, classes_of, stop_on_interrupt
from if_graph.cli.line import Line
from if_graph.errors import InputError, WorkflowError
from if_graph.graph import Executor
from if_graph.graph.edits import with_value

if TYPE_CHECKING:
    from if_graph.graph import Workflow
    from if_graph.training.verdicts import Verdicts
    from if_graph.training.world.dataset import CaptionedScenes
    from if_graph.training.world.render import Pixels

STAGES = {"I": "IFStageI", "II": "IFStageII", "III": "IFStageIII"}
NUMBERS = {"1": "I", "2": "II", "3": "III"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_workflow_arguments(parser, default="txt2img")
    add_nodes_argument(parser)
    parser.add_argument(
        "--prompts", metavar="N", type=int, default=100, help="wishes to paint (default: 100)"
    )
    parser.add_argument(
        "--stage",
        "--up-to",
        type=lambda word: NUMBERS.get(word, word),
        choices=tuple(STAGES),
        help="last stage to paint and judge, 1 to 3 or I to III (default: the workflow's last; 1 is quick)",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="keep verdicts there, and go on where a stopped evaluation was",
    )
    parser.add_argument("--sheet", metavar="PNG", type=Path, help="save the last stage's pictures as one")
    parser.add_argument("--json", action="store_true", help="print one JSON object per stage")
    eval_pictures.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Paint, judge and print; wish i is painted with seed + i. Ctrl-C prints what was judged until then."""
    if eval_pictures.is_asked(args):
        return eval_pictures.run(args)
    if args.prompts < 1:
        raise InputError(f"--prompts is {args.prompts}, expected at least 1")
    classes = classes_of(args)
    workflow = edited_workflow(args, classes)
    nodes = _stage_nodes(workflow, args.stage)
    from if_graph.training.verdicts import Verdicts  # the world's drawings may be fetched
    from if_graph.training.world.dataset import CaptionedScenes

    wishes = CaptionedScenes(args.prompts, args.seed or 0, split="held-out")
    verdicts = Verdicts(args.out, _settings(workflow, nodes, args.seed or 0))
    first = min(len(verdicts.rows), len(wishes))
    painted = _paint(workflow, nodes, wishes.plain_captions, args.seed or 0, first, Executor(classes))
    try:
        _judge(painted, wishes, verdicts)
    finally:
        _report(args, nodes, wishes, verdicts)
    return 0


def _settings(workflow: "Workflow", nodes: Iterable[str], seed: int) -> dict[str, Any]:
    """What decides the pictures; the prompt and the seed are the wish's."""
    from if_graph.training.world.store import world_version
    from if_graph.training.world.svgs import load_drawings

    fixed = with_value(with_value(workflow, "prompt", ""), "seed", seed)
    inputs = {node_id: [node.class_type, repr(node.inputs)] for node_id, node in fixed.nodes.items()}
    return {"nodes": inputs, "stages": list(nodes), "seed": seed, "world": world_version(load_drawings())}


def _stage_nodes(workflow: "Workflow", last: str | None) -> dict[str, str]:
    """Ids of the workflow's stages by numeral, up to ``last``, or as many as it has, at least one."""
    found: dict[str, str] = {}
    for name in STAGES:
        ids = [node_id for node_id, node in workflow.nodes.items() if node.class_type == STAGES[name]]
        if not ids and last is None and found:
            break
        if len(ids) != 1:
            raise WorkflowError(
                f"the workflow has {len(ids)} nodes of class {STAGES[name]}, expected one to judge"
            )
        found[name] = ids[0]
        if name == last:
            break
    return found


def _paint(
    workflow: "Workflow",
    nodes: dict[str, str],
    prompts: Sequence[str],
    seed: int,
    first: int,
    executor: Executor,
) -> Iterator[dict[str, "Pixels"]]:
    """Yield each wish's picture of every stage, from wish ``first`` on."""
    line, targets = Line(sys.stderr), list(nodes.values())
    with stop_on_interrupt() as stop:
        for i, prompt in list(enumerate(prompts))[first:]:
            line.moving(f"[{i + 1}/{len(prompts)}] {prompt}")
            wish = with_value(with_value(workflow, "prompt", prompt), "seed", seed + i)
            outputs = executor.run(wish, targets=targets, stop=stop).outputs
            yield {name: _levels(outputs[node_id][0]) for name, node_id in nodes.items()}
        line.clear()


def _levels(image: Any) -> "Pixels":
    """Turn the first picture of an IMAGE into 8-bit levels [H, W, 3], as it would be saved."""
    levels: Pixels = (image[0].clamp(0, 1) * 255).byte().numpy()
    return levels


def _judge(painted: Iterable[dict[str, "Pixels"]], wishes: "CaptionedScenes", verdicts: "Verdicts") -> None:
    from if_graph.training.judge import Judge

    judge = Judge()
    for pictures in painted:
        layout = wishes.scene(len(verdicts.rows)).layout
        seen = {name: judge.see(pixels, layout) for name, pixels in pictures.items()}
        verdicts.add(seen, list(pictures.values())[-1])


def _report(
    args: argparse.Namespace, nodes: Iterable[str], wishes: "CaptionedScenes", verdicts: "Verdicts"
) -> None:
    """Print a line for each stage, and save the sheet."""
    from if_graph.training.evaluate import tally

    rows = verdicts.rows[: len(wishes)]
    if not rows:
        return
    scenes = [wishes.scene(i) for i in range(len(rows))]
    for stage in nodes:
        result = tally([row[stage] for row in rows], scenes)
        text = json.dumps({"stage": stage, **vars(result)}) if args.json else f"Stage {stage}: {result}"
        sys.stdout.write(f"{text}\n")
    if args.sheet is not None:
        right = [list(row.values())[-1].is_right(scene) for row, scene in zip(rows, scenes, strict=True)]
        _save_sheet(args.sheet, verdicts, wishes.plain_captions, right)


def _save_sheet(path: Path, verdicts: "Verdicts", prompts: Sequence[str], right: Sequence[bool]) -> None:
    import numpy as np

    from if_graph.files import unfinished
    from if_graph.training.world.sheet import contact_sheet

    captions = [f"{'yes' if hit else 'NO'}: {prompt}" for hit, prompt in zip(right, prompts, strict=False)]
    try:
        with unfinished(path) as part:
            pictures = [np.asarray(picture) for picture in verdicts.pictures[: len(right)]]
            contact_sheet(pictures, captions).save(part, format="PNG")
    except (OSError, ValueError) as error:
        raise InputError(f"--sheet: {path} cannot be written ({error}); choose another place") from error
