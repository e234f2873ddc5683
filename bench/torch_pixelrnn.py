"""The networks of the PixelRNN paper in plain PyTorch: the peer that pxv's training is timed beside.

What a user would write in the usual tool, with its usual fast habits: oneDNN convolutions, channels_last, one matrix
product a row or diagonal for the LSTMs. Masked weights are multiplied by zero, as no library skips them.

usage: torch_pixelrnn.py MODEL [--hidden 128] [--layers 15] [--batch 16] [--size 32] [--channels 3] [--levels 256]
                         [--head-width 2h] [--steps 5]
       MODEL = pixel-cnn | row-lstm | diagonal-bilstm
Prints one JSON line: median seconds a training step (RMSProp) and a forward pass, parameters, peak memory in MiB.
"""
import argparse
import json
import resource
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


def group_of(n, groups):
    """Group of each of n features: contiguous, sizes as even as can be."""
    return torch.tensor([i * groups // n for i in range(n)])


def conv_mask(kind, cout, cin, kh, kw, groups):
    m = torch.zeros(cout, cin, kh, kw)
    m[:, :, : kh // 2, :] = 1
    m[:, :, kh // 2, : kw // 2] = 1
    go, gi = group_of(cout, groups)[:, None], group_of(cin, groups)[None, :]
    m[:, :, kh // 2, kw // 2] = (gi < go).float() if kind == "A" else (gi <= go).float()
    return m


class MaskedConv2d(nn.Conv2d):
    def __init__(self, kind, cin, cout, k, groups, kh=None):
        kh = k if kh is None else kh
        super().__init__(cin, cout, (kh, k), padding=(kh // 2, k // 2))
        self.register_buffer("mask", conv_mask(kind, cout, cin, kh, k, groups))

    def forward(self, x):
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


class PixelCNNBlock(nn.Module):
    def __init__(self, h, groups):
        super().__init__()
        self.a = MaskedConv2d("B", 2 * h, h, 1, groups)
        self.b = MaskedConv2d("B", h, h, 3, groups)
        self.c = MaskedConv2d("B", h, 2 * h, 1, groups)

    def forward(self, x):
        y = self.a(F.relu(x))
        y = self.b(F.relu(y))
        return x + self.c(F.relu(y))


class RowLSTMBlock(nn.Module):
    """i-s 1x3 mask B, s-s 1x3 over the row above; one step a row."""

    def __init__(self, h, groups):
        super().__init__()
        self.h = h
        # four gates, each with its own groups, so that the mask stays per gate
        self.i2s = nn.ModuleList(MaskedConv2d("B", 2 * h, h, 3, groups, kh=1) for _ in range(4))
        self.s2s = nn.Conv1d(h, 4 * h, 3, padding=1, bias=False)
        self.up = MaskedConv2d("B", h, 2 * h, 1, groups)

    def forward(self, x):
        w = torch.cat([m.weight * m.mask for m in self.i2s]); b = torch.cat([m.bias for m in self.i2s])
        gates = F.conv2d(x, w, b, padding=(0, 1)).permute(2, 0, 1, 3).contiguous()  # rows first: one gradient buffer, not one a row
        n, _, rows, cols = x.shape
        hid = x.new_zeros(n, self.h, cols); c = x.new_zeros(n, self.h, cols)
        outs = []
        for row in gates.unbind(0):
            o, f, i, g = (row + self.s2s(hid)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            hid = torch.sigmoid(o) * torch.tanh(c)
            outs.append(hid)
        return x + self.up(torch.stack(outs, 2))


def skew(x):
    """[n,c,rows,cols] -> [rows+cols-1, n, c, rows]: diagonal first.  One pad and one view: pad each row
    by `rows` zeros, flatten, and cut rows of width rows+cols-1; row r then starts r places later."""
    n, c, rows, cols = x.shape
    flat = F.pad(x, (0, rows)).reshape(n, c, rows * (rows + cols))[..., : rows * (rows + cols - 1)]
    return flat.reshape(n, c, rows, rows + cols - 1).permute(3, 0, 1, 2).contiguous()


def unskew(x, cols):
    """[diagonals, n, c, rows] -> [n,c,rows,cols], the inverse of skew."""
    d, n, c, rows = x.shape
    flat = x.permute(1, 2, 3, 0).reshape(n, c, rows * d)
    return F.pad(flat, (0, rows)).reshape(n, c, rows, d + 1)[..., :cols]


class DiagonalLSTM(nn.Module):
    def __init__(self, h, groups):
        super().__init__()
        self.h = h
        self.i2s = nn.ModuleList(MaskedConv2d("B", 2 * h, h, 1, groups) for _ in range(4))
        self.s2s = nn.Conv1d(h, 4 * h, 2, bias=False)  # a bias would turn the skew's padding into states

    def forward(self, x):
        w = torch.cat([m.weight * m.mask for m in self.i2s]); b = torch.cat([m.bias for m in self.i2s])
        gates = skew(F.conv2d(x, w, b))
        n, _, rows, cols = x.shape
        hid = x.new_zeros(n, self.h, rows); c = x.new_zeros(n, self.h, rows)
        outs = []
        for diagonal in gates.unbind(0):
            o, f, i, g = (diagonal + self.s2s(F.pad(hid, (1, 0)))).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            hid = torch.sigmoid(o) * torch.tanh(c)
            outs.append(hid)
        return unskew(torch.stack(outs, 0), cols)


class DiagonalBiLSTMBlock(nn.Module):
    def __init__(self, h, groups):
        super().__init__()
        self.left, self.right = DiagonalLSTM(h, groups), DiagonalLSTM(h, groups)
        self.up = MaskedConv2d("B", h, 2 * h, 1, groups)

    def forward(self, x):
        left = self.left(x)
        right = self.right(x.flip(3)).flip(3)
        right = F.pad(right, (0, 0, 1, 0))[:, :, :-1]  # one row down: sees no future pixel
        return x + self.up(left + right)


BLOCKS = {"pixel-cnn": PixelCNNBlock, "row-lstm": RowLSTMBlock, "diagonal-bilstm": DiagonalBiLSTMBlock}


class PixelModel(nn.Module):
    def __init__(self, kind, h, layers, channels=3, levels=256, out=None):
        super().__init__()
        out = out or 2 * h
        self.channels, self.levels = channels, levels
        self.first = MaskedConv2d("A", channels, 2 * h, 7, channels)
        self.blocks = nn.Sequential(*[BLOCKS[kind](h, channels) for _ in range(layers)])
        self.o1 = MaskedConv2d("B", 2 * h, out, 1, channels)
        self.o2 = MaskedConv2d("B", out, channels * levels, 1, channels)

    def forward(self, x):
        y = self.blocks(self.first(x))
        y = self.o2(F.relu(self.o1(F.relu(y))))
        n, _, r, c = y.shape
        return y.view(n, self.channels, self.levels, r, c)

    def loss(self, pixels):
        x = (pixels.float() / (self.levels - 1) * 2 - 1).contiguous(memory_format=torch.channels_last)
        logits = self(x).permute(0, 2, 1, 3, 4)
        return F.cross_entropy(logits, pixels)


def bench(a):
    torch.manual_seed(0)
    m = PixelModel(a.model, a.hidden, a.layers, a.channels, a.levels, a.head_width)
    m = m.to(memory_format=torch.channels_last)
    opt = torch.optim.RMSprop(m.parameters(), lr=1e-3)
    px = torch.randint(0, a.levels, (a.batch, a.channels, a.size, a.size))
    times, fwd = [], []
    for _ in range(a.steps + 1):
        t = time.perf_counter()
        opt.zero_grad()
        m.loss(px).backward()
        opt.step()
        times.append(time.perf_counter() - t)
        with torch.no_grad():
            t = time.perf_counter()
            m.loss(px)
            fwd.append(time.perf_counter() - t)
    print(json.dumps(dict(
        secondsPerStep=statistics.median(times[1:]),
        secondsForward=statistics.median(fwd[1:]),
        parameters=sum(p.numel() for p in m.parameters()),
        peakMemoryMiB=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        torch=torch.__version__,
        threads=torch.get_num_threads())))


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("model", choices=BLOCKS)
    for k, v in dict(hidden=128, layers=15, batch=16, size=32, channels=3, levels=256, head_width=None, steps=5).items():
        p.add_argument("--" + k.replace("_", "-"), type=int, default=v)
    bench(p.parse_args())
