"""The forward pass of pxv's models in PyTorch, written from docs/checkpoint-format.md alone.

    model = load("models/video-64.safetensors")
    model.logits(image, previous_frames)        # of each scale, coarsest first: [batch, height, width, rows, n]
    model.nats(image, previous_frames)          # of each scale: -log P per sub-pixel, [batch, height, width, channels]
    model.bits_per_dim(image, previous_frames)  # of each image: [batch]

Images are levels, [batch, height, width, channels]. `previous_frames` are [batch, frames, height, width, channels],
oldest first, only those that exist: none at the start of a clip. Maps are [batch, height, width, features]. A pixel has
a row of logits for each channel, or one for all channels where a mixture has their colours together. All is computed in
PyTorch's default dtype: float32, unless torch.set_default_dtype says otherwise.

As a command it prints bits/dim, of images or of a clip:

    python3 pxv_torch.py MODEL.safetensors BYTES.npy    # uint8, [images or frames, height, width, channels]
"""

import itertools
import json
import math
import sys

import numpy as np
import torch
import torch.nn.functional as F


def load(path):
    arrays, metadata = read_safetensors(path)
    return Model(json.loads(metadata["description"]), arrays)


def read_safetensors(path):
    """The file's arrays by name, and its metadata."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        kind = {"F32": "<f4", "F16": "<f2"}[entry["dtype"]]
        array = np.frombuffer(data[begin:end], kind).reshape(entry["shape"])
        arrays[name] = torch.tensor(array, dtype=torch.get_default_dtype())
    return arrays, metadata


class Model:
    """A chain of scales."""

    def __init__(self, description, arrays):
        self.arrays = arrays
        self.scales = [Scale(each, Arrays(arrays, f"scales.{i}.")) for i, each in enumerate(description["scales"])]
        stride = 1
        for scale in reversed(self.scales):
            scale.stride, stride = stride, stride * scale.factor

    def logits(self, image, previous_frames=None):
        return [logits for _, _, logits, _ in self.forward(image, previous_frames)]

    def nats(self, image, previous_frames=None):
        """Sub-pixels that the scale before gives are 0."""
        nats = []
        for scale, own_image, logits, anchors in self.forward(image, previous_frames):
            nats.append(-scale.log_probability(logits, own_image, anchors))
            if scale.low_resolution and scale.low_resolution["shared"] == "known":
                nats[-1][:, :: scale.factor, :: scale.factor] = 0
        return nats

    def bits_per_dim(self, image, previous_frames=None):
        nats = sum(each.sum((1, 2, 3)) for each in self.nats(image, previous_frames))
        return nats / math.log(2) / image[0].numel()

    def no_frames(self):
        """Nothing before an image of the described size."""
        return torch.zeros(1, 0, *self.scales[-1].size, self.scales[-1].channels)

    def levels(self, pixels):
        """Levels of bytes."""
        return pixels.long() * self.scales[-1].levels // 256

    def forward(self, image, previous_frames):
        """For each scale: itself, its own image, the logits and the anchors, [batch, height, width, channels, A]."""
        image = image.to(torch.get_default_dtype())
        frames = image[:, None][:, :0] if previous_frames is None else previous_frames.to(image)
        coarse = None
        for scale in self.scales:
            own_image = scale.subsampled(image)
            condition = scale.condition(frames, coarse)
            yield scale, own_image, scale.logits(own_image, *condition), condition[1]
            coarse = own_image


class Scale:
    """One network."""

    def __init__(self, description, arrays):
        self.arrays = arrays
        self.size = description["size"]["height"], description["size"]["width"]
        self.channels, self.levels = description["channels"], description["levels"]
        self.middle = (self.levels - 1) / 2
        self.layers, self.skips, self.outputs = description["layers"], description["skips"], len(description["output"])
        self.head = description["head"]
        self.rows = 1 if self.head.get("colours") == "together" else self.channels
        self.conditioning = {entry["type"]: entry for entry in description["conditioning"]}
        self.frames = self.conditioning.get("previous-frames") or self.conditioning.get("warped-frames")
        self.low_resolution = self.conditioning.get("low-resolution-image")
        self.factor = self.low_resolution["factor"] if self.low_resolution else 1

    def scaled(self, levels):
        return (levels - self.middle) / self.middle

    def subsampled(self, image):
        """The pixels of the finest image that this scale has."""
        return image[..., :: self.stride, :: self.stride, :]

    def condition(self, frames, coarse, since=0):
        """Returns the map, None without a conditioning; the anchors; and the frames that are read.

        `frames` are those before the finest image, which they give the size of; the last `since` of them were expected.
        """
        frames = self.subsampled(frames)
        anchors, read, maps = self.without_frames(frames)[..., None], None, []
        for kind in self.conditioning:
            if kind == "low-resolution-image":
                maps.append(self.map_of_coarse(coarse, frames.shape[2:4]))
                continue
            read, exists = self.context(frames)
            if kind == "previous-frames":
                map, anchors = self.map_of_frames(read, exists)
            else:
                since = (since - 1) % 8 + 1 if since > 0 else 0
                known, known_exists = self.context(frames[:, : frames.shape[1] - since])
                map, anchors = self.map_of_warped(read, exists, known, int(known_exists.sum()), since)
            maps.append(map)
        return torch.cat(maps, -1) if maps else None, anchors, read

    def logits(self, image, map, anchors, frames, sought=True):
        """The head's outputs. `sought`: whether templates are looked for."""
        inputs = self.scaled(image)[..., None]
        if self.frames and self.head["type"] in ("logistic-mixture", "grey-sigmoid"):
            inputs = torch.cat([inputs, 8 * (image[..., None] - anchors) / self.middle], -1)
        return self.network(inputs.flatten(-2), map, self.matched(image, frames, anchors[..., 0], sought))

    def matched(self, image, frames, expected, sought):
        """Returns the features of template matching and local regression, or None if the model has neither."""
        count = self.frames.get("templateMatching", 0) if self.frames else 0
        if count and not sought:
            left_out = ([0.0] * (2 * self.channels + 1) + [1.0, 0.0]) * count
            if self.frames.get("localRegression"):
                left_out += ([0.0] * self.channels + [1.0] * self.channels) * 2
            return torch.tensor(left_out).expand(*image.shape[:3], -1)
        features = []
        for ago in range(1, count + 1):
            mean, best, spread, costs = match_templates(image, frames[:, -ago], self.levels)
            differences = torch.cat([mean - expected, best - expected, spread], -1)
            features += [8 * differences / self.middle * (1 - costs[..., :1]) ** 2, costs]
        if features and self.frames.get("localRegression"):
            references = [frames[:, -ago] for ago in range(1, count + 1)]
            for moved, left in regress(image, expected, references, self.levels - 1):
                features += [8 * moved / self.middle, left]
        return torch.cat(features, -1) if features else None

    def network(self, image, map, matched):
        net = self.arrays

        def with_matched(name, x):
            return x if matched is None else x + net.conv(f"{name}.matched", matched)

        def conv_with_map(name, x, map_name, order=slice(None)):
            y = net.conv(name, x, order=order)
            return y if map is None else y + net.conv(map_name, map, order=order)

        def states(lstm, name, x, mirrored=False):
            weights, initial = net[f"{name}.state.weights"], net.get(f"{name}.state.initial")
            order = gate_order(weights.shape[2], self.channels)
            gates = conv_with_map(f"{name}.input", x, f"{name}.map", order)
            if mirrored:
                return lstm(weights[..., order], initial, gates.flip(2)).flip(2)
            return lstm(weights[..., order], initial, gates)

        x, skips = with_matched("first", conv_with_map("first", image, "first.map")), []
        for i, layer in enumerate(self.layers):
            name = f"layers.{i}"
            if layer["type"] == "pixel-cnn-block":
                y = net.conv(f"{name}.down", x.relu())
                y = conv_with_map(f"{name}.wide", y.relu(), f"{name}.map").relu()
            elif layer["type"] == "row-lstm":
                y = states(row_lstm, name, x)
            else:
                y = states(diagonal_lstm, f"{name}.left", x)
                right = states(diagonal_lstm, f"{name}.right", x, mirrored=True)
                y = y + F.pad(right[:, :-1], (0, 0, 0, 0, 1, 0))
            x = net.conv(f"{name}.up", y) + x
            if self.skips:
                skips.append(net.conv(f"skips.{i}", x))
        if skips:
            x = sum(skips)
        for j in range(self.outputs):
            x = net.conv(f"output.{j}", x.relu())
        return with_matched("head", net.conv("head", x.relu())).unflatten(-1, (self.rows, -1))

    def without_frames(self, frames):
        """An image of the size of `frames`, be there any or none: `middle` all over."""
        return torch.full_like(frames.sum(1), self.middle)

    def context(self, frames):
        """The last frames, as many as the network reads, and 1 for each that exists, 0 for each that was replaced."""
        count = self.frames.get("gru", self.frames)["context"]
        frames = frames[:, -count:]
        missing = count - frames.shape[1]
        oldest = frames[:, :1] if frames.shape[1] > 0 else self.without_frames(frames)[:, None]
        return torch.cat([oldest] * missing + [frames], 1), (torch.arange(count) >= missing).to(frames)

    def map_of_frames(self, frames, exists):
        """The map, and the last frame as the one anchor."""
        inputs = list(self.scaled(frames).unbind(1))
        if len(inputs) > 1:
            inputs.append(8 * (inputs[-1] - inputs[-2]))
        inputs.append(exists.expand(*inputs[0].shape[:3], -1))
        map = self.trunk(self.arrays.within("previous-frames"), torch.cat(inputs, -1))
        return map, frames[:, -1, ..., None]

    def map_of_warped(self, frames, exists, known, existing, since):
        """Returns the map, and as anchors the expected and the last frame. Motion is that of the frames `known`, the
        last `existing` of which exist."""
        recurrent = self.gru(frames, exists) if "gru" in self.frames else 0
        last = slice(-self.frames["context"], None)
        map, expected = self.moved_frames(frames[:, last], exists[last], known, existing, since, recurrent)
        return map, torch.stack([expected, frames[:, -1]], -1)

    def gru(self, frames, exists):
        """The feature map of a convolutional GRU over frames, at a quarter of their size."""
        net = self.arrays.within("warped-frames").within("gru")
        scaled, state = self.scaled(frames), None
        for k in range(frames.shape[1]):
            change = 8 * (scaled[:, k] - scaled[:, max(0, k - 1)])
            planes = torch.cat([scaled[:, k], change], -1)
            found = net.conv("to-quarter", net.conv("to-half", planes, 2).relu(), 2).relu()
            state = torch.zeros_like(found) if state is None else state
            x_z, x_r, x_n = net.conv("frame-to-gates", found).chunk(3, -1)
            u_z, u_r, u_n = net.conv("state-to-gates", state).chunk(3, -1)
            z, r = [(gate / 4 + 1 / 2).clamp(0, 1) for gate in (x_z + u_z, x_r + u_r)]
            candidate = (x_n + r * u_n).clamp(-1, 1)
            state = exists[k] * (candidate + z * (state - candidate))
        return net.conv("from-state", state).relu()

    def moved_frames(self, frames, exists, known, existing, since, recurrent):
        """The map, and the frame that is expected. The trunk has `recurrent` added at a quarter of the size. Of the
        frames `known`, the last `existing` exist."""
        net = self.arrays.within("warped-frames")
        scaled = self.scaled(frames)
        last = scaled[:, -1]
        changes = 8 * (scaled[:, 1:] - scaled[:, :-1])
        told = torch.cat([exists, torch.zeros(1)]).expand(*last.shape[:3], -1)
        inputs, moving = [*scaled.unbind(1), *changes.unbind(1), told], frames
        if self.frames.get("blockMatching"):
            pairs, trajectory = min(2, frames.shape[1] - 1), self.frames.get("trajectory")
            number = range(1, 1 + (trajectory or pairs))
            found = [match_blocks(known[:, -ago - 1], known[:, -ago]) for ago in number]
            fields = line_motion(found[: max(1, existing - 1)], 1 + since) if trajectory else found[0][..., :2]
            moves = torch.stack([extrapolated(field, 1 + since) for field in fields])
            onward = moved_on(known[:, -1], moves)
            moving = torch.cat([frames, onward[:, None]], 1)
            inputs += [pair * torch.tensor([1 / 4, 1 / 4, 8 / self.middle]) for pair in found[:pairs]]
            inputs += [moves / (4 * (1 + since))] if trajectory else []
            inputs.append(8 * (self.scaled(onward) - last))
        features = self.trunk(net, torch.cat(inputs, -1), recurrent)
        motion = net.conv("motion", features)
        if self.frames.get("still"):
            motion = with_zero_moves(motion, moving.shape[1], self.frames["flows"])
        moved = warp(moving, motion)
        change = 8 * (self.scaled(moved) - last)
        map = net.conv("moved", torch.cat([features, self.scaled(moved), change], -1)).relu()
        return map, moved + net.conv("residual", map) * self.middle / 8

    def trunk(self, net, inputs, recurrent=0):
        fine = net.conv("full", inputs).relu()
        half = net.conv("to-half", fine, 2).relu()
        half = half + net.conv("half.0", half).relu()
        half = half + net.conv("half.1", half).relu()
        quarter = net.conv("to-quarter", half, 2).relu() + recurrent
        quarter = quarter + net.conv("quarter.0", quarter).relu()
        quarter = quarter + net.conv("quarter.1", quarter).relu()
        if self.frames.get("halvings") == 3:
            eighth = net.conv("to-eighth", quarter, 2).relu()
            eighth = eighth + net.conv("eighth.0", eighth).relu()
            eighth = eighth + net.conv("eighth.1", eighth).relu()
            quarter = quarter + net.transposed("from-eighth", eighth, 2, quarter.shape[1:3]).relu()
        back = half + net.transposed("from-quarter", quarter, 2, half.shape[1:3]).relu()
        up = fine + net.transposed("from-half", back, 2, fine.shape[1:3]).relu()
        return net.conv("map", up).relu()

    def map_of_coarse(self, coarse, size):
        net = self.arrays.within("low-resolution-image")
        inner = net.conv("coarse", self.scaled(coarse)).relu()
        inner = inner + net.conv("coarse.0", inner).relu()
        inner = inner + net.conv("coarse.1", inner).relu()
        return net.conv("map", net.transposed("up", inner, self.factor, size).relu()).relu()

    def log_probability(self, logits, image, anchors):
        """log P of each sub-pixel's level, in nats."""
        if self.head["type"] == "softmax":
            return logits.log_softmax(-1).gather(-1, image.long()[..., None])[..., 0]
        if self.head["type"] == "sigmoid":
            return F.logsigmoid(torch.where(image == 1, logits[..., 0], -logits[..., 0]))
        if self.head["type"] == "grey-sigmoid":
            mean, level = self.mean_logit(logits, anchors), image / (self.levels - 1)
            return level * F.logsigmoid(mean) + (1 - level) * F.logsigmoid(-mean)
        mixtures = self.mixtures(logits, image, anchors)
        return torch.cat([(weights + self.log_mass(*logistics)).logsumexp(-1) for weights, *logistics in mixtures], -1)

    def mean_logit(self, logits, anchors):
        """The logit of each sub-pixel's mean level over levels - 1, of a head that has no likelihood."""
        first = (anchors[..., 0] / (self.levels - 1)).clamp(1 / 256, 1 - 1 / 256)
        return logits[..., 0] + first.logit()

    def mixtures(self, logits, image, anchors, temperature=1):
        """Of each colour: log of the weights, its level, how far that is from the means, and the scales."""
        components = self.head["components"]
        anchors = anchors[..., torch.arange(components) % anchors.shape[-1]]
        blocks = iter(logits.split(components, -1))
        chosen, distances = 0, []
        # The colours of a row: all channels, or one.
        levels = image.unflatten(-1, (self.rows, -1))[..., None].unbind(-2)
        for level, anchor in zip(levels, anchors.unflatten(-2, (self.rows, -1)).unbind(-2)):
            weights, means, scales = (next(blocks) for _ in range(3))
            distance = level - anchor - self.head["meanScale"] * means
            distance = distance - sum(next(blocks).tanh() * earlier for earlier in distances)
            scales = temperature * (scales + math.log(3)).clamp(-3, 6).exp()
            weights = (chosen + temperature * weights).log_softmax(-1)
            yield weights, level, distance, scales
            distances.append(distance)
            chosen = weights + self.log_mass(level, distance, scales)

    def log_mass(self, level, distance, scales):
        """log P of a level under logistics whose means lie `distance` below it."""
        under = F.logsigmoid((distance + 0.5) / scales)
        over = F.logsigmoid((0.5 - distance) / scales)
        inside = under + over + torch.log(-torch.expm1(-1 / scales))
        return torch.where(level == 0, under, torch.where(level == self.levels - 1, over, inside))


def match_blocks(before, last, reach=7, margin=3):
    """Returns where each pixel came from in the frame before, in pixels down and right, and the difference left."""
    (height, width, channels), side, block = last.shape[1:], 2 * reach + 1, 2 * margin + 1
    dtype = last.dtype
    before, last = ((frame + 0.5).floor().double() for frame in (before, last))
    steps = torch.arange(-reach, reach + 1)
    rows = (torch.arange(height) + steps[:, None]).clamp(0, height - 1)
    columns = (torch.arange(width) + steps[:, None]).clamp(0, width - 1)
    pairs = [(row, column) for row in rows for column in columns]
    differences = torch.stack([(last - before[:, row][:, :, column]).abs().sum(-1) for row, column in pairs], 1)
    around = F.pad(differences, [margin] * 4, mode="replicate")
    sums = around.unfold(2, block, 1).unfold(3, block, 1).sum((-1, -2))
    distance = (steps.abs()[:, None] + steps.abs()).flatten().double()[:, None, None]
    cost = channels * block**2 * torch.where(distance == 0, 0, 1 + distance / 16)
    # Of equal sums the first counts: no two differ by less than 1/16.
    chosen = (sums + cost + 1e-5 * torch.arange(side**2)[:, None, None]).argmin(1, keepdim=True)
    here = sums.gather(1, chosen)

    def fraction(along, step):
        inside = (along > 0) & (along < side - 1) & (here > 0)
        smaller, larger = (sums.gather(1, (chosen + move).clamp(0, side**2 - 1)) for move in (-step, step))
        bend = smaller - 2 * here + larger
        return torch.where(inside & (bend > 0), ((smaller - larger) / bend / 2).clamp(-0.5, 0.5), 0)

    down, right = chosen // side, chosen % side
    found = [down - reach + fraction(down, side), right - reach + fraction(right, 1), here / (channels * block**2)]
    return torch.stack(found, -1)[:, 0].to(dtype)


def match_templates(image, frame, levels, reach=6, margin=3):
    """Returns what stands in a frame beside surroundings like those above and to the left of each pixel: the mean, the
    best, the spread, and two costs."""
    (height, width, channels), dtype, moves = image.shape[1:], image.dtype, range(-reach, reach + 1)
    share = channels * (levels - 1) / 765
    step, small, usual = (max(least, math.floor(cost * share + 0.5)) for cost, least in ((3, 1), (60, 4), (400, 4)))
    image, frame = ((picture + 0.5).floor().double() for picture in (image, frame))
    around = F.pad(frame.permute(0, 3, 1, 2), [reach] * 4, mode="replicate").permute(0, 2, 3, 1)
    moved = [around[:, reach + down :, reach + right :][:, :height, :width] for down in moves for right in moves]
    moved = torch.stack(moved, 1)
    differences = F.pad((image[:, None] - moved).abs().sum(-1), [margin, margin, margin, 0])
    costs = torch.tensor([float(step * (abs(down) + abs(right))) for down in moves for right in moves])
    costs = costs.to(differences)[:, None, None] + torch.zeros_like(moved[..., 0])
    for down in range(-margin, 1):
        for right in range(-margin, margin + 1 if down < 0 else 0):
            earlier = differences[:, :, margin + down :, margin + right :][:, :, :height, :width]
            costs = costs + max(6 // (abs(down) + abs(right)), 1) * earlier
    least = costs.amin(1, keepdim=True)
    # Of equal costs the first counts.
    chosen = (costs == least).int().argmax(1, keepdim=True)
    best = moved.gather(1, chosen[..., None].expand(-1, -1, -1, -1, moved.shape[-1]))[:, 0]
    weights = ((3 * (least + small) / 10).floor() - (costs - least)).clamp(min=0) ** 2
    weights = (weights / weights.sum(1, keepdim=True))[..., None]
    mean = (weights * moved).sum(1)
    spread = (weights * (moved - mean[:, None]) ** 2).sum(1).mean(-1).sqrt()
    least, unmoved = least[:, 0], costs[:, len(moves) ** 2 // 2]
    told = torch.stack([least / (least + usual), (unmoved - least) / (unmoved + least + small)], -1)
    return mean.to(dtype), best.to(dtype), spread[..., None].to(dtype), told.to(dtype)


def regress(image, expected, references, highest):
    """Returns how far, in levels, each pixel is from the expected one, by least squares over those before it; and a
    share for the error that is left. For two decays."""
    dtype = image.dtype
    image, expected, *references = (picture.double() for picture in (image, expected, *references))
    (height, width, channels), unit = image.shape[1:], highest / 255
    error = image - expected

    def at(x, down, right, mode="constant"):
        padded = F.pad(x.permute(0, 3, 1, 2), [2] * 4, mode=mode).permute(0, 2, 3, 1)
        return padded[:, 2 + down :, 2 + right :][:, :height, :width]

    mean, sides = (lambda x: x.mean(-1, keepdim=True)), ((0, 1), (1, 0), (0, -1), (-1, 0))
    beyond = [reference - expected for reference in references]
    regressors = [at(error, 0, -1), at(error, -1, 0)]
    regressors += [mean(at(error, *place)) for place in ((-1, -1), (-1, 1), (0, -2), (-2, 0))]
    regressors += [beyond[0]] + [mean(at(expected, *side, "replicate") - expected) for side in sides]
    regressors += [mean(at(beyond[0], *side, "replicate")) for side in sides] + [mean(other) for other in beyond[1:]]
    regressors = torch.cat([*regressors, torch.full_like(image[..., :1], 2 * unit)], -1)
    # Products of all regressors and errors, and 1, that each pixel adds to the sums.
    both = torch.cat([regressors, error], -1)
    moments = F.pad((both[..., None] * both[..., None, :]).flatten(-2), (0, 1), value=1)
    count, columns = regressors.shape[-1], torch.arange(width)
    for decay in (0.7, 0.9):
        apart = torch.full((), decay, dtype=torch.double) ** (columns[:, None] - columns).abs()
        above, sums = torch.zeros_like(moments[:, 0]), []
        for row in moments.unbind(1):
            sums.append(apart @ above + apart.tril(-1) @ row)
            above = decay * (above + row)
        sums = torch.stack(sums, 1)
        weight, sums = sums[..., -1:], sums[..., :-1].unflatten(-1, both.shape[-1:] * 2)
        squares, right_hand = sums[..., :count, :count], sums[..., :count, count:]
        trace = squares.diagonal(dim1=-2, dim2=-1).sum(-1, keepdim=True)
        ridge = 0.006 * trace / count + (0.015 * weight + 1e-6) * unit**2
        coefficients = torch.linalg.solve(squares + ridge[..., None] * torch.eye(count, dtype=torch.double), right_hand)
        moved = (regressors[..., None, :] @ coefficients)[..., 0, :]
        moved = torch.maximum(torch.minimum(moved, highest - expected), -expected)
        rest = sums[..., count:, count:].diagonal(dim1=-2, dim2=-1) - (right_hand * coefficients).sum(-2)
        left = ((rest.clamp(min=0) + unit**2) / (weight + 0.25)).sqrt()
        yield moved.to(dtype), (left / (left + 4 * unit)).to(dtype)


def line_motion(pairs, steps):
    """The motion, in `steps` equal steps, onto the line through the places of each pixel in pairs of frames, the newest
    first."""
    pairs = [pair[..., :2].double() for pair in pairs]
    motions, place = [], torch.zeros_like(pairs[0])
    for pair in pairs:
        motions.append(warp(pair[:, None], F.pad(place / 4, (0, 1))))
        place = place + motions[-1]
    of_each = torch.stack(motions, -1)
    lines = [motion_of_line(motions, steps) for motions in of_each.flatten(0, -2).tolist()]
    return torch.tensor(lines, dtype=torch.double).reshape(place.shape).float()


def motion_of_line(motions, steps):
    """The same along one axis. Where content reversed, and kept its speed, a line of the opposite slope begins."""

    def similar(one, other):
        return abs(one - other) <= 1.5

    def end_of(begin):
        return next((at for at in range(begin, len(motions)) if not similar(motions[at], motions[begin])), len(motions))

    now, before, earlier = (motions + [None, None])[:3]
    reverses = earlier is not None and not similar(now, before) and similar(before, earlier)
    reverses = reverses and now * before >= 0 and abs(now) < abs(before)
    segments = [(0, 0), (1, end_of(1))] if reverses else [(0, end_of(0))]
    while segments[-1][1] + 1 < len(motions):
        begin = segments[-1][1] + 1
        if not similar(motions[begin], -motions[segments[-1][0]]):
            break
        segments.append((begin, end_of(begin)))
    product = square = 0
    for sign, (begin, end) in zip(itertools.cycle([1, -1]), segments):
        times = [at - (end - begin) / 2 for at in range(end - begin + 1)]
        product += sign * sum(time * sum(motions[begin:at]) for time, at in zip(times, range(begin, end + 1)))
        square += sum(time**2 for time in times)
    slope, newest = product / square, segments[0][1]
    intercept = sum(sum(motions[:at]) for at in range(newest + 1)) / (newest + 1) - slope * newest / 2
    return slope - intercept / steps


def extrapolated(motion, steps):
    """The displacements, [row, column, 2], over several frames, where each content takes its motion along."""
    height, width = motion.shape[:2]
    moves = total = taken_along(motion)
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    for _ in range(steps - 1):
        moves = taken_along(moves)
        down, right = (moves + 0.5).floor().long().unbind(-1)
        total = moves + total[(rows + down).clamp(0, height - 1), (columns + right).clamp(0, width - 1)]
    return total


def taken_along(motion):
    """The motion a frame later: at each place that of the content that comes there, or of a place beside."""
    height, width = motion.shape[:2]
    median = motion.flatten(0, 1).sort(0).values[height * width // 2]
    distance = (motion - median).abs().sum(-1).tolist()
    places = [(row, column) for row in range(height) for column in range(width)]
    source = {}
    for row, column in places:
        down, right = motion[row, column].tolist()
        to = (math.floor(row - down + 0.5), math.floor(column - right + 0.5))
        if 0 <= to[0] < height and 0 <= to[1] < width:
            if to not in source or far(distance, (row, column)) > far(distance, source[to]):
                source[to] = (row, column)
    while 0 < len(source) < len(places):
        rim = {}
        for row, column in places:
            if (row, column) in source:
                continue
            around = [(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
            beside = [source[place] for place in around if place in source]
            if beside:
                rim[row, column] = min(beside, key=lambda place: far(distance, place))
        source.update(rim)
    if not source:
        return torch.zeros_like(motion)
    return torch.stack([motion[source[place]] for place in places]).unflatten(0, (height, width))


def far(distance, place):
    return distance[place[0]][place[1]]


def moved_on(frame, moves):
    """The frame moved on: each pixel the mean of what its own displacement and that of four neighbours bring there."""
    height, width = frame.shape[1:3]
    fields = []
    for down, right in ((0, 0), (-2, 0), (2, 0), (0, -2), (0, 2)):
        row = (torch.arange(height) + down).clamp(0, height - 1)
        column = (torch.arange(width) + right).clamp(0, width - 1)
        fields.append(moves[:, row][:, :, column] / 4)
    down, right = torch.stack(fields, -1).unbind(-2)
    return warp(frame[:, None], torch.cat([down, right, torch.zeros_like(down)], -1))


def with_zero_moves(motion, count, flows):
    """The motion with one more displacement of each frame, of zero, after the others."""
    moves = motion[..., : 2 * count * flows].unflatten(-1, (2 * count, flows))
    return torch.cat([F.pad(moves, (0, 1)).flatten(-2), motion[..., 2 * count * flows :]], -1)


def warp(frames, motion):
    """Each pixel as a mixture of what stands at several places of several frames, [batch, height, width, channels]."""
    batch, count, height, width = frames.shape[:4]
    down, right, logits = motion.chunk(3, -1)
    y = (torch.arange(height)[:, None, None] + 4 * down).clamp(0, height - 1)
    x = (torch.arange(width)[:, None] + 4 * right).clamp(0, width - 1)
    a, b = y.frac()[..., None], x.frac()[..., None]
    top, left = y.long(), x.long()
    bottom, after = (top + 1).clamp(max=height - 1), (left + 1).clamp(max=width - 1)
    candidates = logits.shape[-1]
    frame = torch.arange(candidates) // (candidates // count)
    image = torch.arange(batch)[:, None, None, None]

    def at(row, column):
        return frames[image, frame, row, column]

    upper = (1 - b) * at(top, left) + b * at(top, after)
    lower = (1 - b) * at(bottom, left) + b * at(bottom, after)
    return (logits.softmax(-1)[..., None] * ((1 - a) * upper + a * lower)).sum(-2)


class Arrays:
    """The arrays whose names begin with `prefix`, and the convolutions with them."""

    def __init__(self, arrays, prefix):
        self.arrays, self.prefix = arrays, prefix

    def __getitem__(self, name):
        return self.arrays[self.prefix + name]

    def get(self, name):
        return self.arrays.get(self.prefix + name)

    def within(self, name):
        return Arrays(self.arrays, f"{self.prefix}{name}.")

    def conv(self, name, x, stride=1, order=slice(None)):
        """`order`: of the output features."""
        weights, bias = self[f"{name}.weights"][..., order], self[f"{name}.bias"][order]
        top, bottom = same_padding(x.shape[1], weights.shape[0], stride)
        left, right = same_padding(x.shape[2], weights.shape[1], stride)
        x = x.permute(0, 3, 1, 2)
        if bottom > top or right > left:
            x = F.pad(x, (0, right - left, 0, bottom - top))
        return F.conv2d(x, weights.permute(3, 2, 0, 1), bias, stride, (top, left)).permute(0, 2, 3, 1)

    def transposed(self, name, x, stride, size):
        weights = self[f"{name}.weights"]
        top, _ = same_padding(size[0], weights.shape[0], stride)
        left, _ = same_padding(size[1], weights.shape[1], stride)
        x = F.conv_transpose2d(x.permute(0, 3, 1, 2), weights.permute(3, 2, 0, 1), self[f"{name}.bias"], stride)
        return x[:, :, top : top + size[0], left : left + size[1]].permute(0, 2, 3, 1)


def same_padding(pixels, kernel, stride):
    """Zeros before and after, as TensorFlow's SAME."""
    total = max((math.ceil(pixels / stride) - 1) * stride + kernel - pixels, 0)
    return total // 2, total - total // 2


def row_lstm(weights, initial, gates):
    """The h of every pixel, [batch, height, width, hidden]: a row at once, of the three pixels above each."""
    steps = [(row, True, True) for row in gates.permute(1, 0, 2, 3).contiguous()]
    return torch.stack(list(walk(weights, initial, gates.shape[2], steps)), 1)


def diagonal_lstm(weights, initial, gates):
    """The same by diagonals, from the upper right to the lower left; taps are the pixels above and to the left."""
    height, width = gates.shape[1:3]
    count = height + width - 1
    # Row r is moved r places to the right: a diagonal becomes a column.
    skewed = F.pad(gates, (0, 0, 0, height)).flatten(1, 2)[:, : height * count].unflatten(1, (height, count))
    first = [max(d - width + 1, 0) for d in range(count)]
    columns = enumerate(skewed.permute(2, 0, 1, 3).contiguous())
    steps = [(column[:, first[d] : d + 1], d < width, d < height) for d, column in columns]
    states = walk(weights, initial, 0, steps)
    columns = [F.pad(h, (0, 0, row, height - row - h.shape[1])) for h, row in zip(states, first)]
    skewed = F.pad(torch.stack(columns, 2).flatten(1, 2), (0, 0, 0, height))
    return skewed.unflatten(1, (height, count + 1))[:, :, :width]


def walk(weights, initial, before, steps):
    """Yields the h of each step's pixels, [batch, pixels, hidden].

    before: pixels, all outside the image, in the place of a step before the first
    steps: of each the gates, [batch, pixels, 4 hidden], and whether a pixel outside the image stands before, and one
        after, those of the step before
    With these the taps of neighbours are neighbours, and the second tap is the cell's.
    """
    taps, hidden = weights.shape[1:3]
    outside = torch.zeros(2, hidden) if initial is None else initial
    outside = outside[:, None, None].expand(-1, len(steps[0][0]), 1, -1)
    h, c = outside.expand(-1, -1, before, -1)
    for gates, begins, ends in steps:
        pixels = gates.shape[1]
        h, c = (torch.cat([out] * begins + [state] + [out] * ends, 1) for out, state in zip(outside, (h, c)))
        read = torch.cat([h[:, tap : tap + pixels] for tap in range(taps)], -1)
        h, c = cell(gates + read @ weights.flatten(0, 2), c[:, 1 : 1 + pixels])
        yield h


def cell(gates, c):
    """Returns the h and c of an LSTM from its gates o, f, i and g, before their nonlinearities, and the c before."""
    out, forget, enter, new = gates.chunk(4, -1)
    c = forget.sigmoid() * c + enter.sigmoid() * new.tanh()
    return out.sigmoid() * c.tanh(), c


def gate_order(hidden, channels):
    """[4 hidden]: where o of all hidden features, then f, i and g, stand among the gates."""
    order, begin = [], 0
    for size in group_sizes(hidden, channels):
        order.append(torch.arange(4 * begin, 4 * (begin + size)).view(4, size))
        begin += size
    return torch.cat(order, 1).flatten()


def group_sizes(features, channels):
    unit = 16 if features % 16 == 0 and features >= 16 * channels else 1
    units = features // unit
    return [unit * (units // channels + (group < units % channels)) for group in range(channels)]


if __name__ == "__main__":
    model = load(sys.argv[1])
    levels = model.levels(torch.from_numpy(np.load(sys.argv[2])))
    clip = any(scale.frames for scale in model.scales)
    bits = [model.bits_per_dim(levels[i : i + 1], levels[None, :i]) for i in range(clip, len(levels))]
    print(f"{torch.cat(bits).mean():.4f} bits/dim")
