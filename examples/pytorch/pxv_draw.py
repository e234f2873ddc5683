"""Drawing from pxv's models in PyTorch, written from docs/checkpoint-format.md alone. pxv_torch.py has the networks.

    model = pxv_torch.load("models/binarized-mnist.safetensors")
    numbers = partial(uniform, seed=1, sample=0, frame=0)
    scales = list(draw(model, numbers))                             # what is drawn of each scale, coarsest first
    scales[-1].image                                                # levels, [1, height, width, channels]
    sum(each.nats(each.image) for each in scales)                   # what it cost
    list(draw(model, numbers, kept=image, from_row=14))             # an image, completed below its upper 14 rows

    model = pxv_torch.load("models/video-64.safetensors")
    frames = future(model, known, seed=1, sample=0, first=4, how=How(1.02, 0.045, 0.25))
    next(frames)[-1].image                                          # one frame after another: its scales, as above
    restored(drawn, expected, before, last, ahead, levels)          # what is shown of it, if its carry is below 1
    next(best_guess(model, known))                                  # one expected frame after another, in levels

`known` are the levels of the frames before, [1, frames, height, width, channels], oldest first. The network reads the
whole image over and over, so this is for small images.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import count

import numpy as np
import torch
import torch.nn.functional as F

from pxv_torch import extrapolated, match_blocks


@dataclass(frozen=True)
class How:
    """The settings of a drawing. What differs from frame to frame in a future is that of its first frame."""

    temperature: float = 1
    # What the temperature rises by from frame to frame.
    warming: float = 0
    carry: float = 1
    # The share of a draw that later sub-pixels of the image read. A future has its own.
    carry_within: float = 1
    # The standard deviation of a mixture at most, in levels of 255. A future has its own.
    max_deviation: float = math.inf


def draw(model, numbers, how=How(), frames=None, since=0, sought=True, slower=(), kept=None, from_row=0):
    """Yields each scale of an image, the coarsest first. The next one begins from the `image` that it has then.

    numbers: gives the random numbers of a scale, told which it is and its shape
    frames: the frames before, of which the last `since` were expected; their size is that of the image
    sought: whether templates are looked for
    slower: what is expected of the image at longer strides
    kept: an image whose rows before `from_row` are known
    """
    frames = model.no_frames() if frames is None else frames
    coarse = None
    for index, scale in enumerate(model.scales):
        map, anchors, read = scale.condition(frames, coarse, since)
        anchors = with_slower(scale, anchors, slower)
        known = torch.full(anchors.shape[:-1], -1.0)
        if scale.low_resolution and scale.low_resolution["shared"] == "known":
            known[:, :: scale.factor, :: scale.factor] = coarse
        if kept is not None:
            rows = math.ceil(from_row / scale.stride)
            known[:, :rows] = scale.subsampled(kept)[:, :rows]
        drawn = Drawing(scale, (map, anchors, read, sought), known, numbers(index, known.shape[1:]), how)
        yield drawn
        coarse = drawn.image


class Drawing:
    """What is drawn of one scale."""

    def __init__(self, scale, condition, known, numbers, how):
        """known: levels, -1 where they are drawn"""
        self.scale, self.condition, self.known, self.numbers, self.how = scale, condition, known, numbers, how
        self.anchors = condition[1].double()

    @cached_property
    def image(self):
        """The drawn image: the one that a round leaves as it is.

        A round makes at least one level more final, since each follows from those before it.
        """
        image = self.known.clamp(min=0)
        while not torch.equal(image, again := self.chosen(image)):
            image = again
        return image

    def chosen(self, image):
        """The level that is drawn of each sub-pixel, given those of `image` before it."""
        first = (self.reached(image) > self.numbers[..., None]).int().argmax(-1)
        return torch.where(self.known < 0, first.to(image), self.known)

    def reached(self, image):
        """Up to each level of each sub-pixel, given those of `image` before it: the share of all weights."""
        if self.scale.head["type"] == "logistic-mixture" and self.how.temperature != 0:
            return F.pad(self.of_levels(image, self.cumulative)[..., :-1], (0, 1), value=1)
        if self.scale.head["type"] == "grey-sigmoid":
            mean = self.scale.mean_logit(self.logits(image), self.anchors).sigmoid() * (self.scale.levels - 1)
            return (torch.arange(self.scale.levels) >= (mean[..., None] + 0.5).floor()).double()
        p = self.of_levels(image, lambda *given: self.scale.log_probability(*given).exp())
        sums = weights_of(p, self.how.temperature).cumsum(-1)
        return sums / sums[..., -1:]

    def of_levels(self, image, function):
        """What a function gives for each level of each sub-pixel, the others being those of `image`."""
        levels, logits = self.scale.levels, self.logits(image)
        logits = logits.expand(levels, *logits.shape[1:])
        each_channel = []
        for channel in range(image.shape[-1]):
            every = image.double().repeat(levels, 1, 1, 1)
            every[..., channel] = torch.arange(levels)[:, None, None]
            values = function(logits, every, self.anchors)
            each_channel.append(values[..., channel].movedim(0, -1))
        return torch.stack(each_channel, -2)[None]

    def cumulative(self, *given):
        """F of each sub-pixel's level."""
        mixtures = self.scale.mixtures(*given, self.how.temperature)
        shares = []
        for log_weights, level, distance, scales in mixtures:
            weights = log_weights.exp()
            distance, scales = self.contracted(weights, level, distance, scales)
            shares.append((weights * ((distance + 1 / 2) / scales).sigmoid()).sum(-1))
        return torch.cat(shares, -1)

    def contracted(self, weights, level, distance, scales):
        """Distances and scales of a mixture that is contracted about its mean."""
        center = (weights * (level - distance)).sum(-1, keepdim=True)
        off = level - distance - center
        deviation = (weights * (off**2 + math.pi**2 / 3 * scales**2)).sum(-1, keepdim=True).sqrt()
        most = self.how.max_deviation * (self.scale.levels - 1) / 255
        share = (most / deviation).clamp(max=1)
        return level - center - share * off, share * scales

    def logits(self, image):
        """In float64, from the levels of `image`, or from as much of those drawn as later sub-pixels read."""
        read, first = image, self.condition[1][..., 0]
        if self.how.carry_within != 1:
            read = torch.where(self.known < 0, first + self.how.carry_within * (image - first), image)
        return self.scale.logits(read, *self.condition).double()

    def nats(self, image):
        """What an image costs that is drawn so, whatever the temperature."""
        log_probability = self.scale.log_probability(self.logits(image), image.double(), self.anchors)
        return -log_probability[self.known < 0].sum()


def weights_of(p, temperature):
    """The weights of levels, along the last axis, at a temperature."""
    if temperature == 0:
        return F.one_hot(p.argmax(-1), p.shape[-1]).double()
    if temperature == 1:
        return p
    return ((p / p.amax(-1, keepdim=True)).log() / temperature).exp()


def philox(seed, counter):
    """Word c0 after the ten rounds of Philox4x32-10."""
    word = 2**32 - 1
    k0, k1 = seed & word, seed >> 32
    c0, c1, c2, c3 = np.broadcast_arrays(*(np.asarray(each, np.uint64) for each in counter))
    for _ in range(10):
        a, b = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (b >> 32) ^ c1 ^ k0, b & word, (a >> 32) ^ c3 ^ k1, a & word
        k0, k1 = (k0 + 0x9E3779B9) & word, (k1 + 0xBB67AE85) & word
    return c0


def uniform(scale, shape, seed, sample, frame):
    """The number u of each sub-pixel of a scale, [height, width, channels]."""
    height, width, channels = shape
    position = np.arange(height * width).reshape(height, width, 1)
    c0 = philox(seed, (sample, frame, position, np.arange(channels) + 256 * scale))
    return torch.from_numpy((c0 + 1 / 2) / 2**32)


def future(model, known, seed, sample, first, how=How()):
    """Yields the scales of one frame after another. The next one begins from the `image` that the finest has then.

    first: the index in the clip of the first frame that is drawn
    """
    frames = known
    for k in count():
        temperature = max(how.temperature, min(how.temperature + how.warming * k, 1.3)) if how.temperature else 0
        now = replace(how, temperature=temperature, carry_within=1)
        numbers = partial(uniform, seed=seed, sample=sample, frame=first + k)
        if how.carry == 1:
            scales = list(draw(model, numbers, now, frames))
        else:
            now = replace(now, carry_within=min(temperature or 1, 0.96), max_deviation=5)
            slower = expected_slower(model, frames, k)
            scales = list(draw(model, numbers, now, frames, k, False, slower))
            expectation = expected(model, frames, k, slower)
        yield scales
        image = scales[-1].image
        if how.carry < 1:
            image = (expectation + how.carry * (image - expectation) + 1 / 2).floor()
        frames = torch.cat([frames, image[:, None]], 1)


def restored(frame, expectation, before, last, ahead, levels):
    """A drawn frame with its fine detail restored, in levels that are not rounded yet.

    All frames are in bytes, [1, height, width, channels]. The last two known ones are `before` and `last`; the frame
    is `ahead` frames after the last one, and was drawn about `expectation`.
    """

    def blur(image):
        padded, taps = F.pad(image.movedim(-1, 1), [2] * 4, mode="replicate"), torch.tensor([1.0, 4, 6, 4, 1]) / 16
        taps = taps.to(image)
        return (padded.unfold(2, 5, 1) @ taps).unfold(3, 5, 1).matmul(taps).movedim(1, -1)

    def variance(image):
        return blur((image - blur(image)).square().mean(-1, keepdim=True))

    frame, expectation, height, width = frame.double(), expectation.double(), *frame.shape[1:3]
    moves = extrapolated(match_blocks(before.double(), last.double())[0, ..., :2].float(), min(ahead, 8)).double()
    rows = (torch.arange(height)[:, None] + moves[..., 0] + 1 / 2).floor().long().clamp(0, height - 1)
    columns = (torch.arange(width) + moves[..., 1] + 1 / 2).floor().long().clamp(0, width - 1)
    moved = last.double()[:, rows, columns]
    around = F.pad(moved.movedim(-1, 1), [1] * 4, mode="replicate").unfold(2, 3, 1).unfold(3, 3, 1).movedim(1, 3)
    lowest, highest = around.flatten(-2).amin(-1), around.flatten(-2).amax(-1)
    noise = (variance(frame) - variance(expectation)).clamp(min=0)
    missing = (variance(moved) - noise).clamp(min=0)
    gain = ((missing + 1 / 2) / (variance(expectation) + 1 / 2)).sqrt().clamp(1, 2)
    sharper = frame + (gain - 1) * (expectation - blur(expectation))
    sharper = torch.maximum(torch.minimum(sharper, highest.maximum(expectation)), lowest.minimum(expectation))
    return sharper / 255 * (levels - 1)


def best_guess(model, known):
    """Yields one expected frame after another, in levels."""
    frames = known
    for since in count():
        frame = expected(model, frames, since, expected_slower(model, frames, since))
        yield frame
        frames = torch.cat([frames, frame[:, None]], 1)


def expected(model, frames, since, slower=()):
    """The frame that is expected after `frames`, the last `since` of which were expected, in levels."""
    scale = model.scales[-1]
    # The anchors do not depend on it.
    coarse = frames.sum(1)[:, :: scale.factor, :: scale.factor]
    _, anchors, _ = scale.condition(frames, coarse, since)
    # PyTorch rounds a tie to the even integer.
    return with_slower(scale, anchors, slower)[..., 0].clamp(0, scale.levels - 1).round()


def with_slower(scale, anchors, slower):
    """The first anchor as the mean of itself and of what is expected at longer strides."""
    if not slower:
        return anchors
    others = sum(scale.subsampled(frame) for frame in slower)
    first = (anchors[..., 0] + others) / (1 + len(slower))
    return torch.cat([first[..., None], anchors[..., 1:]], -1)


def expected_slower(model, frames, since):
    """What is expected after every second and every fourth one of `frames`, where enough of these are known."""
    longest = max(scale.frames["context"] if scale.frames else 0 for scale in model.scales)
    number, known = since + 1, frames.shape[1] - since
    remembered = range(max(known - 4 * longest, 0), frames.shape[1])
    slower = []
    for stride in (2, 4):
        places = [place for place in remembered if (frames.shape[1] - place) % stride == 0]
        in_turn = number >= 2 if stride == 2 else number % stride == 0
        if longest > 1 and in_turn and sum(place < known for place in places) >= 2:
            ahead = number // stride - 1 if number % stride == 0 else 0
            slower.append(expected(model, frames[:, places], ahead))
    return slower


def bytes_of(image, levels):
    """The bytes that show levels: the nearest of a level's own."""
    own = np.arange(256) * levels // 256
    wanted = [(510 * level + levels - 1) // (2 * (levels - 1)) for level in range(levels)]
    nearest = [min(np.flatnonzero(own == level), key=lambda byte: abs(byte - wanted[level])) for level in range(levels)]
    return torch.tensor(np.array(nearest))[image.long()]
