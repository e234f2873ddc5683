"""Computes with examples/pytorch/pxv_torch.py what a test compares, of many models in one process.

For each stem in the arguments it reads STEM.safetensors, a model, and STEM.clips.safetensors: arrays of bytes, [batch,
frames, height, width, channels], the last frame being the image. It writes STEM.<name>.f32 for each array: the logits of
every scale, then the nats of every scale.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples/pytorch"))

import pxv_torch
import torch

for stem in sys.argv[1:]:
    model = pxv_torch.load(f"{stem}.safetensors")
    clips, _ = pxv_torch.read_safetensors(f"{stem}.clips.safetensors")
    for name, clip in clips.items():
        levels = model.levels(clip)
        example = levels[:, -1], levels[:, :-1]
        outputs = [*model.logits(*example), *model.nats(*example)]
        torch.cat([values.flatten() for values in outputs]).numpy().tofile(f"{stem}.{name}.f32")
