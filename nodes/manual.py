"""What the editor's help panel and node search know of each node, beyond its description and tooltips."""

ALIASES: dict[str, tuple[str, ...]] = {
    "IFLoadTextEncoder": ("t5", "clip loader", "text encoder"),
    "IFLoadStage": ("unet loader", "checkpoint", "deepfloyd", "model loader"),
    "IFLoadSafetyChecker": ("nsfw", "safety"),
    "IFUpscalerTiles": ("tiled", "x4 upscaler", "low vram"),
    "IFLoadLoRA": ("lora", "adapter"),
    "IFEncodeText": ("prompt", "clip text encode", "conditioning"),
    "IFMixEmbeds": ("blend prompts", "conditioning average", "interpolate"),
    "IFBatchEmbeds": ("prompt list", "conditioning combine", "batch prompts"),
    "IFSaveEmbeds": ("save conditioning", "export prompt"),
    "IFLoadEmbeds": ("load conditioning", "import prompt"),
    "IFScheduler": ("sampler", "scheduler", "steps", "ddim", "dpmpp", "unipc"),
    "IFStageI": ("txt2img", "ksampler", "generate", "deepfloyd"),
    "IFStageII": ("super resolution", "upscale", "ksampler"),
    "IFStageIII": ("super resolution", "upscale", "1024"),
    "IFFitImage": ("resize", "scale image"),
    "IFImageNoising": ("img2img", "inpaint", "denoise", "start image"),
    "IFGuidance": ("cfg", "style", "dynamic threshold", "rescale"),
    "IFExpertSplit": ("experts", "refiner", "two models"),
    "IFReuseFeatures": ("deepcache", "speed up", "accelerate", "cache"),
    "IFCompileNetwork": ("torch.compile", "cuda graphs", "speed up"),
    "IFSafetyChecker": ("nsfw", "censor", "filter"),
    "IFWatermark": ("mark", "logo", "stamp"),
}
"""Other words by which the node search finds a node."""

HELP: dict[str, str] = {
    "IFLoadTextEncoder": (
        "Encoding happens once for each prompt; afterwards the encoder leaves memory for the stages. "
        "T5-XXL is large: on a GPU of 16 GB choose `int8`, or save embeddings once with *IF Save "
        "Embeddings* and leave the encoder out of later workflows."
    ),
    "IFLoadStage": (
        "A checkpoint is a folder with `unet/` in it. Stage I checkpoints go to *IF Stage I*, the "
        "super-resolution ones to *IF Stage II* or *IF Stage III*. The x4 upscaler, which was released in "
        "place of Stage III, loads here as well."
    ),
    "IFLoadSafetyChecker": (
        "Official Stage I checkpoints bring a `safety_checker/` folder. With `warn`, a checkpoint without "
        "one, such as nano, lets pictures pass and *IF Safety Checker* says so in its report."
    ),
    "IFUpscalerTiles": (
        "Put it between *IF Load Stage* and *IF Stage III* when the x4 upscaler runs out of memory: "
        "smaller tiles take less and run longer. `overlap` hides the seams."
    ),
    "IFLoadLoRA": (
        "LoRA files belong in `loras/` inside a model folder. Each node adds one to the stage that comes "
        "in and leaves that stage as it was, so one stage can be used with and without it."
    ),
    "IFEncodeText": (
        "Prompts are cleaned as the training captions were: lower case, no links, no HTML. The negative "
        "output may stay empty. Connect both outputs to every stage of the picture."
    ),
    "IFMixEmbeds": (
        "Equal weights give a picture between the prompts; a weight near 0 leaves its prompt out. Mixing "
        "happens after T5 has read the prompts, so no words have to agree."
    ),
    "IFBatchEmbeds": (
        "Every embedding becomes one picture of the batch; the batch size of *IF Stage I* multiplies it. "
        "For more than six, connect several of these nodes to another one."
    ),
    "IFSaveEmbeds": (
        "The file is a `.safetensors` file in the output folder. Machines without T5 can paint from it, "
        "and a prompt that is used often need not be read again."
    ),
    "IFLoadEmbeds": (
        "Takes what *IF Save Embeddings* wrote. Use it on a machine whose GPU has no room for T5."
    ),
    "IFScheduler": (
        "Start with `ddpm` and 50 steps. With `dpmpp_2m` or `unipc` 20 steps are often enough. The named "
        "subsets, such as `smart100`, are those that were published with the model. One schedule can feed "
        "several stages."
    ),
    "IFStageI": (
        "The picture is small because the cascade enlarges it later; composition is settled here. Sides "
        "other than 64 work best when their product stays near 64 x 64. `guidance_scale` 7 is a good "
        "start. Each step shows a preview of the estimated picture, and the run can be stopped after any "
        "step."
    ),
    "IFStageII": (
        "Takes any IMAGE, not only those of Stage I. `noise_level` decides how much may be invented: 0.25 "
        "repairs, 0 keeps what is there."
    ),
    "IFStageIII": (
        "The last enlargement, with an IF network or the x4 upscaler. It is the slowest stage; try "
        "settings on the picture of Stage II first."
    ),
    "IFFitImage": (
        "Use it between *Load Image* and a stage. A mask goes through the same resizing, so picture and "
        "mask still fit each other."
    ),
    "IFImageNoising": (
        "`strength` 1 forgets the picture, 0.3 changes details. With a mask only its white part is "
        "painted and the rest is kept. Connect the result to `start` of a stage."
    ),
    "IFGuidance": (
        "Connect it to `guidance` of a stage. An interval that leaves out the first and last steps saves "
        "time and keeps colours calm; rescaling takes back contrast that high scales add."
    ),
    "IFExpertSplit": (
        "The early network settles composition, the late one detail. Both must be of the same stage; each "
        "may have its own LoRA."
    ),
    "IFReuseFeatures": (
        "Put it between a loader and its stage node. Pictures change slightly, the more so the larger "
        "`every` and the fewer the steps; `docs/speed.md` has figures. Without this node everything is exact."
    ),
    "IFCompileNetwork": (
        "Put it between a loader and its stage node, where many pictures of one size are painted. Needs a "
        "compiler (g++ on Linux). On CPUs the network's own fast path is about as fast without it."
    ),
    "IFSafetyChecker": (
        "Put it last before saving. Flagged pictures are hidden, the others pass unchanged; the report "
        "has one line for each picture."
    ),
    "IFWatermark": (
        "The licence of the official weights asks for a mark on what is published. The mark scales with "
        "the picture."
    ),
}
"""How a node is used, in a few sentences, in Markdown."""
