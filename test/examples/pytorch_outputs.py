"""Computes with examples/pytorch/pxv_torch.py, in float64, what a test compares, of many models in one process.

For each stem in the arguments it reads STEM.safetensors, a model, and STEM.clips.safetensors: arrays of bytes, [batch,
frames, height, width, channels], the last frame being the image. It writes STEM.<name>.f32 for each array: the logits
of every scale, then the nats of every scale; and, as many numbers, STEM.<name>.rounding.f32: how far each may be off.
For logits that is what PyTorch itself is off at most in float32; for nats what they are off where all logits and
anchors are off by 1e-6 of themselves, or of 1. Where a logistic is narrow that is much.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples/pytorch"))

import pxv_torch
import torch

torch.set_default_dtype(torch.float64)


def rounding_of_nats(scale, image, logits, anchors):
    inputs = [values.detach().requires_grad_() for values in (logits, anchors)]
    nats = scale.log_probability(inputs[0], image, inputs[1])
    bounds = []
    for channel in nats.unbind(-1):
        # Pixels do not depend on each other's logits: the gradient of the sum is each pixel's own.
        slopes = torch.autograd.grad(channel.sum(), inputs, retain_graph=True, materialize_grads=True)
        moved = [slope.abs() * values.abs().clamp(min=1) for slope, values in zip(slopes, inputs)]
        bounds.append(1e-6 * sum(each.flatten(3).sum(-1) for each in moved))
    return torch.stack(bounds, -1)


def rounding_of_logits(stem, example, logits):
    torch.set_default_dtype(torch.float32)
    rough = pxv_torch.load(f"{stem}.safetensors").logits(*[values.float() for values in example])
    torch.set_default_dtype(torch.float64)
    return [torch.full_like(exact, (exact - values).abs().max().item()) for exact, values in zip(logits, rough)]


def write(path, arrays):
    torch.cat([values.detach().flatten() for values in arrays]).float().numpy().tofile(path)


for stem in sys.argv[1:]:
    model = pxv_torch.load(f"{stem}.safetensors")
    clips, _ = pxv_torch.read_safetensors(f"{stem}.clips.safetensors")
    for name, clip in clips.items():
        levels = model.levels(clip)
        example = levels[:, -1], levels[:, :-1]
        logits, nats = model.logits(*example), model.nats(*example)
        write(f"{stem}.{name}.f32", [*logits, *nats])
        rounding = [rounding_of_nats(*scale) for scale in model.forward(*example)]
        write(f"{stem}.{name}.rounding.f32", [*rounding_of_logits(stem, example, logits), *rounding])
