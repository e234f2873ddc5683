"""Answers with examples/pytorch/pxv_draw.py, in float64, what a test asks about levels and images of pxv.

Reads a list of questions from the standard input and prints the list of answers, as JSON. Each question names below
which function answers it. Images are bytes, [height, width, channels] of the model one after another.
"""

import json
import sys
from functools import cache, partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples/pytorch"))

import pxv_draw
import pxv_torch
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
load = cache(pxv_torch.load)


def levels(p, u, temperature):
    sums = pxv_draw.weights_of(torch.tensor(p), temperature).cumsum(-1)
    return (sums > torch.tensor(u)[:, None] * sums[:, -1:]).int().argmax(-1).tolist()


def image(model, seed, sample, frame, how, drawn, kept=None, from_row=0):
    """`drawn` is pxv's; `how` the settings of pxv_draw.How; rows of the image `kept` before `from_row` are known."""
    model = load(model)
    kept = None if kept is None else shown(model, [kept])[:, 0]
    numbers = partial(pxv_draw.uniform, seed=int(seed), sample=sample, frame=frame)
    scales = list(pxv_draw.draw(model, numbers, pxv_draw.How(**how), kept=kept, from_row=from_row))
    return compared(model, scales, shown(model, [drawn])[:, 0], drawn)


def future(model, seed, sample, how, known, drawn, restored):
    """For each frame that pxv drew; what comes before it is that which pxv drew. Then, if `restored` has it, what pxv
    expected and what it showed of it: how far, in levels, from what is restored here."""
    model = load(model)
    known, frames = shown(model, known), shown(model, drawn)
    scales_of = pxv_draw.future(model, known, int(seed), sample, known.shape[1], pxv_draw.How(**how))
    answers = [compared(model, next(scales_of), frame, own) for frame, own in zip(frames.unbind(1), drawn)]
    scale = model.scales[-1]
    last_two = pxv_draw.bytes_of(known, scale.levels)[:, [-2, -1] if known.shape[1] > 1 else [-1, -1]].unbind(1)
    for ahead, (answer, own, (expectation, seen)) in enumerate(zip(answers, drawn, restored), 1):
        pair = [torch.tensor(bytes).reshape(1, *scale.size, scale.channels) for bytes in (own, expectation)]
        sharper = pxv_draw.restored(*pair, *last_two, ahead, scale.levels)
        answer["restored"] = (sharper - shown(model, [seen])[:, 0]).abs().max().item()
    return answers


def guess(model, known, horizon):
    model = load(model)
    frames = pxv_draw.best_guess(model, shown(model, known))
    return [pxv_draw.bytes_of(next(frames), model.scales[-1].levels).flatten().tolist() for _ in range(horizon)]


def shown(model, images):
    """The levels of images, [1, images, height, width, channels]."""
    scale = model.scales[-1]
    pixels = torch.tensor(images, dtype=torch.uint8).reshape(1, len(images), *scale.size, scale.channels)
    return model.levels(pixels).to(torch.get_default_dtype())


def compared(model, scales, drawn, own_bytes):
    """How the finest image, which pxv drew, differs from what is drawn here; then leaves it in the place of that.

    off: levels that are not those drawn here after the same earlier ones
    beyond: how far the number of any of these is from choosing it, as a share of all levels
    bytes: whether bytes show levels as here
    again: whether the image drawn here, from nothing, is the same
    """
    finest = scales[-1]
    reached, place = finest.reached(drawn), drawn.long()[..., None]
    upper, lower = reached.gather(-1, place)[..., 0], F.pad(reached, (1, 0)).gather(-1, place)[..., 0]
    beyond = torch.maximum(lower - finest.numbers, finest.numbers - upper).clamp(min=0)
    beyond = torch.where(finest.known < 0, beyond, (finest.known != drawn).double())
    off = (finest.chosen(drawn) != drawn).sum()
    answer = {
        "subPixels": drawn.numel(),
        "off": int(off),
        "beyond": beyond.max().item(),
        "bytes": pxv_draw.bytes_of(drawn, finest.scale.levels).flatten().tolist() == own_bytes,
        "again": torch.equal(finest.image, drawn),
    }
    finest.image = drawn
    return answer | {"nats": sum(scale.nats(scale.image).item() for scale in scales)}


@cache
def answer(question):
    """Of a question in JSON. What two instruction sets drew alike is drawn here once."""
    question = json.loads(question)
    return {each.__name__: each for each in (levels, image, future, guess)}[question.pop("answer")](**question)


with torch.no_grad():
    print(json.dumps([answer(json.dumps(question)) for question in json.load(sys.stdin)]))
