"""``if-graph eval``: paint wishes that training never saw, and print how many came true, stage by stage."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from if_graph.cli.edits import add_workflow_arguments, edited_workflow
from if_graph.cli.host import add_nodes_argument, classes_of, stop_on_interrupt
from if_graph.cli.line import Line
from if_graph.errors import InputError, WorkflowError
from if_graph.graph import Executor
from if_graph.graph.edits import with_value

if TYPE_CHECKING:
    from if_graph.graph import Workflow
    from if_graph.training.judge import Seen
    from if_graph.training.world.render import Pixels
    from if_graph.training.world.scene import Scene

STAGES = {"I": "IFStageI", "II": "IFStageII", "III": "IFStageIII"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_workflow_arguments(parser, default="txt2img")
    add_nodes_argument(parser)
    parser.add_argument(
        "--prompts", metavar="N", type=int, default=100, help="wishes to paint (default: 100)"
    )
    parser.add_argument(
        "--up-to", choices=tuple(STAGES), default="I", help="last stage to paint and judge (default: I)"
    )
    parser.add_argument("--sheet", metavar="PNG", type=Path, help="save the last stage's pictures as one")
    parser.add_argument("--json", action="store_true", help="print one JSON object per stage")


def run(args: argparse.Namespace) -> int:
    """Paint, judge and print; wish i is painted with seed + i."""
    if args.prompts < 1:
        raise InputError(f"--prompts is {args.prompts}, expected at least 1")
    classes = classes_of(args)
    workflow = edited_workflow(args, classes)
    nodes = _stage_nodes(workflow, args.up_to)
    from if_graph.training.evaluate import judge_all, tally  # the world's drawings may be fetched
    from if_graph.training.world.dataset import CaptionedScenes

    wishes = CaptionedScenes(args.prompts, args.seed or 0, split="held-out")
    scenes = [wishes.scene(i) for i in range(len(wishes))]
    painted = list(_paint(workflow, nodes, wishes.plain_captions, args.seed or 0, Executor(classes)))
    for place, stage in enumerate(nodes):
        pictures = [row[place] for row in painted]
        seen = judge_all(pictures, scenes)
        result = tally(seen, scenes)
        text = json.dumps({"stage": stage, **vars(result)}) if args.json else f"Stage {stage}: {result}"
        sys.stdout.write(f"{text}\n")
    if args.sheet is not None:
        _save_sheet(args.sheet, pictures, wishes.plain_captions, seen, scenes)
    return 0


def _stage_nodes(workflow: "Workflow", last: str) -> dict[str, str]:
    """Ids of the workflow's stages up to the last one asked for, by numeral."""
    names = list(STAGES)[: list(STAGES).index(last) + 1]
    found = {}
    for name in names:
        ids = [node_id for node_id, node in workflow.nodes.items() if node.class_type == STAGES[name]]
        if len(ids) != 1:
            raise WorkflowError(
                f"the workflow has {len(ids)} nodes of class {STAGES[name]}, expected one to judge"
            )
        found[name] = ids[0]
    return found


def _paint(
    workflow: "Workflow", nodes: dict[str, str], prompts: Sequence[str], seed: int, executor: Executor
) -> Iterator[list["Pixels"]]:
    """Yield each wish's picture of every stage."""
    line, targets = Line(sys.stderr), list(nodes.values())
    with stop_on_interrupt() as stop:
        for i, prompt in enumerate(prompts):
            wish = with_value(with_value(workflow, "prompt", prompt), "seed", seed + i)
            outputs = executor.run(wish, targets=targets, stop=stop).outputs
            line.moving(f"[{i + 1}/{len(prompts)}] {prompt}")
            yield [_levels(outputs[node_id][0]) for node_id in targets]
        line.clear()


def _levels(image: Any) -> "Pixels":
    """Turn the first picture of an IMAGE into 8-bit levels [H, W, 3], as it would be saved."""
    levels: Pixels = (image[0].clamp(0, 1) * 255).byte().numpy()
    return levels


def _save_sheet(
    path: Path,
    pictures: Sequence["Pixels"],
    prompts: Sequence[str],
    seen: Sequence["Seen"],
    scenes: Sequence["Scene"],
) -> None:
    from if_graph.files import unfinished
    from if_graph.training.world.sheet import contact_sheet

    marks = ("yes" if found.is_right(scene) else "NO" for found, scene in zip(seen, scenes, strict=True))
    captions = [f"{mark}: {prompt}" for mark, prompt in zip(marks, prompts, strict=True)]
    try:
        with unfinished(path) as part:
            contact_sheet(pictures, captions).save(part, format="PNG")
    except (OSError, ValueError) as error:
        raise InputError(f"--sheet: {path} cannot be written ({error}); choose another place") from error
