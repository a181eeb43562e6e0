"""Small node classes that keep ComfyUI's V1 contract, one for each thing the engine must get right."""

import json

import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from if_graph.errors import InputError
from if_graph.folders import current_folders
from if_graph.progress import report

CALLS: list[str] = []  # class names, in the order their functions were called


class Toy:
    CATEGORY = "toys"
    FUNCTION = "run"
    RETURN_TYPES = ("INT",)
    REQUIRED: dict = {}
    OPTIONAL: dict = {}
    HIDDEN: dict = {}

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": dict(cls.REQUIRED), "optional": dict(cls.OPTIONAL), "hidden": dict(cls.HIDDEN)}

    def run(self, **inputs):
        CALLS.append(type(self).__name__)
        return self.make(**inputs)


class Number(Toy):
    """A number."""

    REQUIRED = {"value": ("INT", {"default": 0, "min": -1000, "max": 1000, "tooltip": "the | number"})}

    def make(self, value):
        return (value,)


class Add(Toy):
    """Two numbers, added."""

    REQUIRED = {"a": ("INT", {"default": 0}), "b": ("INT", {"default": 0})}
    OPTIONAL = {"c": ("INT", {"default": 0})}

    def make(self, a, b, c=0):
        return (a + b + c,)


class Words(Toy):
    """Two numbers, some words and a seed, in one number."""

    REQUIRED = {**Add.REQUIRED, "prompt": ("STRING", {"default": ""}), "seed": ("INT", {"default": 0})}

    def make(self, a, b, prompt, seed):
        return (a + b + len(prompt) + seed,)


class Read(Toy):
    """Two numbers and what is in a file of the input folder."""

    REQUIRED = {**Add.REQUIRED, "file": ("STRING", {"default": ""})}
    OPTIONAL = Add.OPTIONAL
    IS_CHANGED = classmethod(lambda cls, file, **inputs: (current_folders().input / file).read_text())

    def make(self, a, b, file, c=0):
        return (a + b + c + len((current_folders().input / file).read_text()),)


class Picture(Toy):
    """Noise of one size."""

    RETURN_TYPES = ("IMAGE",)
    REQUIRED = {
        "prompt": ("STRING", {"default": ""}),
        "width": ("INT", {"default": 4, "min": 1, "max": 64}),
        "seed": ("INT", {"default": 0, "min": 0, "max": 2**64 - 1}),
        "strength": ("FLOAT", {"default": 1.0, "min": 0.0, "max": 1.0}),
        "mode": (["gray", "color"], {"default": "color"}),
        "flip": ("BOOLEAN", {"default": False}),
    }

    def make(self, prompt, width, seed, strength, mode, flip):
        noise = torch.rand(1, width, width, 3, generator=torch.Generator().manual_seed(seed))
        return (noise * strength,)


class SavePicture(Toy):
    """Writes pictures to the output folder."""

    OUTPUT_NODE = True
    RETURN_TYPES = ()
    REQUIRED = {"images": ("IMAGE",), "filename_prefix": ("STRING", {"default": "toy"})}
    HIDDEN = {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}

    def make(self, images, filename_prefix, prompt, extra_pnginfo):
        folder = current_folders().output
        folder.mkdir(parents=True, exist_ok=True)
        texts = PngInfo()
        texts.add_text("prompt", json.dumps(prompt))
        for key, value in (extra_pnginfo or {}).items():
            texts.add_text(key, json.dumps(value))
        name = f"{filename_prefix}_00001_.png"
        Image.fromarray((images[0] * 255).to(torch.uint8).numpy()).save(folder / name, pnginfo=texts)
        return {"ui": {"images": [{"filename": name, "subfolder": "", "type": "output"}]}}


class Show(Toy):
    """Shows any value."""

    OUTPUT_NODE = True
    REQUIRED = {"value": ("*",)}

    def make(self, value):
        return {"ui": {"text": [str(value)]}, "result": (value,)}


class Steps(Toy):
    """Takes its time and says how far it is."""

    REQUIRED = {"value": ("INT", {"default": 0}), "steps": ("INT", {"default": 3})}

    def make(self, value, steps):
        for done in range(1, steps + 1):
            report(done, steps)
        return (value,)


class Fail(Toy):
    """Divides by zero."""

    REQUIRED = {"value": ("INT", {"default": 0})}

    def make(self, value):
        return (value // 0,)


class Inverse(Fail):
    """Divides by its number, which may be zero."""

    def make(self, value):
        return (1 // value,)


class Refuse(Fail):
    """Finds its input wrong only when it runs."""

    def make(self, value):
        raise InputError(f"value must be odd, got {value}")


class Fickle(Number):
    """Must always run again."""

    IS_CHANGED = classmethod(lambda cls, value: float("nan"))


class Watched(Number):
    """Depends on something outside the workflow."""

    outside = 0
    IS_CHANGED = classmethod(lambda cls, value: cls.outside)


class Picky(Number):
    """Checks its own value, with its own limits."""

    VALIDATE_INPUTS = classmethod(lambda cls, value: value != 13 or "13 brings bad luck; take 12")


class Named(Number):
    """Knows its own id."""

    RETURN_TYPES = ("STRING",)
    HIDDEN = {"me": "UNIQUE_ID"}

    def make(self, value, me):
        return (me,)


class Range(Toy):
    """Many numbers, one after the other."""

    OUTPUT_IS_LIST = (True,)
    REQUIRED = {"count": ("INT", {"default": 3})}

    def make(self, count):
        return (list(range(count)),)


class Total(Toy):
    """Many numbers at once."""

    INPUT_IS_LIST = True
    REQUIRED = {"values": ("INT",), "scale": ("INT", {"default": 1})}

    def make(self, values, scale):
        return (sum(values) * scale[0],)


class Later(Number):
    """Runs asynchronously."""

    async def run(self, value):
        CALLS.append("Later")
        return (value,)


class Counting(Number):
    """Keeps its own object between runs."""

    def __init__(self):
        self.times = 0

    def make(self, value):
        self.times += 1
        return (self.times,)


NODE_CLASS_MAPPINGS = {
    cls.__name__: cls
    for cls in (
        *(Number, Add, Words, Read, Picture, SavePicture, Show, Steps, Fail, Refuse, Fickle, Watched, Picky),
        *(Named, Range, Total, Later, Counting, Inverse),
    )
}
NODE_DISPLAY_NAME_MAPPINGS = {"Picture": "Noise Picture"}
