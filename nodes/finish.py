"""Finishing nodes: hide what must not be shown, and mark what was painted."""

import logging
from typing import Any

from torch import Tensor

from if_graph.cascade.safety import ACTIONS, READINGS, SafetyChecker, Verdict, hide
from if_graph.cascade.watermark import load_mark, mark_box, paste_mark

from . import host, sockets
from .images import from_image, to_image
from .load import SAFETY, NoChecker

OWN = "this project's"
_log = logging.getLogger(__name__)


class IFSafetyChecker:
    """Hide pictures that are not safe for work or carry somebody's watermark; the licence asks for it."""

    CATEGORY = "DeepFloyd IF/finish"
    DESCRIPTION = __doc__
    RETURN_TYPES = (sockets.IMAGE, "BOOLEAN", "STRING")
    RETURN_NAMES = ("image", "flagged", "report")
    OUTPUT_IS_LIST = (False, True, False)
    OUTPUT_TOOLTIPS = (
        "The pictures, flagged ones hidden.",
        "One per picture; false if unchecked.",
        "One line per picture.",
    )
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        above = sockets.number(
            "FLOAT", 0.5, -20.0, 20.0, 0.01, "Scores above it are flagged; lower is stricter."
        )
        return {
            "required": {
                "safety": sockets.socket(SAFETY, "From 'Load safety checker'."),
                "image": sockets.socket(sockets.IMAGE, "The pictures to check."),
                "reading": sockets.choice(
                    list(READINGS),
                    "logit",
                    "What thresholds mean: logit as in the published pipelines, sigmoid as in the original "
                    "(0..1; stricter at 0.5).",
                ),
                "p_threshold": (
                    above[0],
                    {**above[1], "tooltip": "Not safe for work: " + above[1]["tooltip"]},
                ),
                "w_threshold": (above[0], {**above[1], "tooltip": "Watermarked: " + above[1]["tooltip"]}),
                "action": sockets.choice(list(ACTIONS), "black", "What becomes of a flagged picture."),
            }
        }

    def run(
        self,
        safety: SafetyChecker | NoChecker,
        image: Tensor,
        reading: str,
        p_threshold: float,
        w_threshold: float,
        action: str,
    ) -> dict[str, Any]:
        if isinstance(safety, NoChecker):
            return _unchecked(image, safety.checkpoint)
        verdict = safety.check(from_image(image), reading, p_threshold, w_threshold)
        checked = image.clone()
        for i, is_flagged in enumerate(verdict.flags):
            if is_flagged:
                checked[i, ..., :3] = to_image(hide(from_image(image[i : i + 1]), action))[0]
        lines = _lines(verdict)
        notes = _hidden(lines, verdict)
        for note in notes:
            _log.warning("safety checker: %s", note)
        result = checked, list(verdict.flags), "\n".join(lines)
        return {"ui": {"text": notes} if notes else {}, "result": result}


def _unchecked(image: Tensor, checkpoint: str) -> dict[str, Any]:
    """Pass pictures on, and say in the report and below the node that nothing judged them."""
    note = f"not checked, checkpoint {checkpoint} has no safety checker"
    report = "\n".join(f"picture {i}: {note}" for i in range(1, len(image) + 1))
    return {"ui": {"text": [note]}, "result": (image, [False] * len(image), report)}


def _hidden(lines: list[str], verdict: Verdict) -> list[str]:
    """Say which pictures were hidden and why; a black picture alone would look like a failure."""
    rows = zip(lines, verdict.flags, strict=True)
    return [f"{line}, so it was hidden" for line, is_flagged in rows if is_flagged]


def _lines(verdict: Verdict) -> list[str]:
    words = {
        (False, False): "clean",
        (True, False): "not safe for work",
        (False, True): "watermarked",
        (True, True): "not safe for work, watermarked",
    }
    rows = zip(verdict.nsfw, verdict.watermarked, strict=True)
    return [f"picture {i}: {words[row]}" for i, row in enumerate(rows, start=1)]


class IFWatermark:
    """Mark pictures as painted, in the lower right corner; size and place fit any resolution."""

    CATEGORY = "DeepFloyd IF/finish"
    DESCRIPTION = __doc__
    RETURN_TYPES = (sockets.IMAGE,)
    RETURN_NAMES = ("image",)
    OUTPUT_TOOLTIPS = ("The marked pictures.",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        marks = [OWN, *host.list_checkpoints("watermarker")]
        return {
            "required": {
                "image": sockets.socket(sockets.IMAGE, "The pictures to mark."),
                "mark": sockets.choice(
                    marks, OWN, "This project's mark, or that of a checkpoint which brings one."
                ),
            }
        }

    @classmethod
    def IS_CHANGED(cls, image: None, mark: str) -> str:
        return (
            "" if mark == OWN else host.fingerprint(host.find_checkpoint(mark, "watermarker") / "watermarker")
        )

    def run(self, image: Tensor, mark: str) -> tuple[Tensor]:
        picture = load_mark(None if mark == OWN else host.find_checkpoint(mark, "watermarker"))
        left, top, right, bottom = mark_box(image.shape[2], image.shape[1])
        marked = image.clone()
        patch = image[:, top:bottom, left:right]
        marked[:, top:bottom, left:right, :3] = to_image(paste_mark(from_image(patch), picture))
        return (marked,)


NODES = {"IFSafetyChecker": IFSafetyChecker, "IFWatermark": IFWatermark}
NAMES = {"IFSafetyChecker": "IF Safety Checker", "IFWatermark": "IF Watermark"}
