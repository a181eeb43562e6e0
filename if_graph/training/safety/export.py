"""A trained checker becomes the folders ``safety_checker`` and ``feature_extractor`` of a checkpoint."""

from pathlib import Path
from typing import Any

from if_graph.cascade.safety import CLIP_MEAN, CLIP_STD
from if_graph.models.safety import SafetyNet
from if_graph.training.export import write_json, write_weights


def export_safety(net: SafetyNet, tower: dict[str, Any], folder: Path) -> None:
    """Write the checker in the published layout.

    Args:
        net: the trained checker.
        tower: its ``vision_config``.
        folder: of the checkpoint, created if need be.
    """
    write_weights(net, folder / "safety_checker" / "model.safetensors")
    vision = {"model_type": "clip_vision_model", **tower}
    config = {"architectures": ["IFSafetyChecker"], "model_type": "clip", "vision_config": vision}
    config |= {"projection_dim": tower["projection_dim"], "torch_dtype": "float16"}
    write_json(config, folder / "safety_checker" / "config.json")
    side = tower["image_size"]
    extractor = {
        "image_processor_type": "CLIPImageProcessor", "do_resize": True, "size": {"shortest_edge": side},
        "resample": 3, "do_center_crop": True, "crop_size": {"height": side, "width": side},
        "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "do_convert_rgb": True,
        "image_mean": list(CLIP_MEAN), "image_std": list(CLIP_STD),
    }  # fmt: skip
    write_json(extractor, folder / "feature_extractor" / "preprocessor_config.json")
