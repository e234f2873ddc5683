"""Times the training of a model of pxv in PyTorch: the peer that pxv's training is timed beside.

The networks are those of examples/pytorch, with the usual fast habits: oneDNN convolutions of channels-last maps, and
one matrix product a row or diagonal for the LSTMs. Masked weights are multiplied by zero, as no library skips them.

usage: torch_pixelrnn.py MODEL.safetensors [--batch 16] [--steps 5] [--precision float32|bf16] [--compile]
                         [--device cpu|gpu]
       MODEL.safetensors is a model as training begins: weights are zero where they are masked, and only there
       --precision bf16: autocast to bfloat16; weights and optimiser stay in float32
       --compile: the loss and its gradient go through torch.compile; of an LSTM the cell alone, since the loss
       unrolls hundreds of cells, which take hours to compile
       --device gpu: the accelerator that PyTorch finds (CUDA, ROCm, Metal, XPU); ends with status 1 if there is none
Prints one JSON line: median seconds a training step (RMSProp) and a forward pass, parameters, peak memory in MiB (of
the process; with CUDA, of the tensors on the device).
"""

import argparse
import json
import resource
import statistics
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "examples/pytorch"))

import pxv_torch


class Training:
    """Trains the arrays of a model."""

    def __init__(self, model, precision, compiled, device):
        self.model = model
        self.precision = precision
        self.device = device
        has_lstm = any(name.endswith(".state.weights") for name in model.arrays)
        self.nats = torch.compile(self.eager_nats) if compiled and not has_lstm else self.eager_nats
        if compiled and has_lstm:
            # Steps of a diagonal have as many pixels as it has.
            pxv_torch.cell = torch.compile(pxv_torch.cell, dynamic=True)
        arrays = {name: array.to(device) for name, array in model.arrays.items()}
        self.parameters = {name: torch.nn.Parameter(array) for name, array in arrays.items()}
        self.masks = {name: (array != 0).to(array) for name, array in arrays.items() if is_masked(name, array)}
        self.optimiser = torch.optim.RMSprop(self.parameters.values(), lr=1e-3)

    def loss(self, levels):
        """Returns the mean nats of a sub-pixel."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            return self.nats(levels)

    def eager_nats(self, levels):
        for name, parameter in self.parameters.items():
            self.model.arrays[name] = parameter * self.masks[name] if name in self.masks else parameter
        return torch.stack([nats.mean() for nats in self.model.nats(levels)]).sum()

    def step(self, levels):
        self.optimiser.zero_grad()
        self.loss(levels).backward()
        self.optimiser.step()


def is_masked(name, array):
    return name.endswith(".weights") and bool((array == 0).any())


def find_device(name):
    if name == "cpu":
        return torch.device("cpu")
    if not torch.accelerator.is_available():
        sys.exit(f"--device gpu: PyTorch {torch.__version__} finds no accelerator; leave out --device")
    return torch.accelerator.current_accelerator()


def seconds(device, function, *arguments):
    started = time.perf_counter()
    function(*arguments)
    if device.type != "cpu":
        torch.accelerator.synchronize()
    return time.perf_counter() - started


def peak_memory_mib(device):
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--precision", choices=["float32", "bf16"], default="float32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--device", choices=["cpu", "gpu"], default="cpu")
    options = parser.parse_args()
    device = find_device(options.device)
    torch.manual_seed(0)
    training = Training(pxv_torch.load(options.model), options.precision, options.compile, device)
    # What the networks make on the way, such as states before the first row, lies where their weights lie.
    torch.set_default_device(device)
    scale = training.model.scales[-1]
    levels = torch.randint(0, scale.levels, (options.batch, *scale.size, scale.channels))
    steps, forward = [], []
    for _ in range(options.steps + 1):
        steps.append(seconds(device, training.step, levels))
        with torch.no_grad():
            forward.append(seconds(device, training.loss, levels))
    result = {
        # The first step warms up.
        "secondsPerStep": statistics.median(steps[1:]),
        "secondsForward": statistics.median(forward[1:]),
        "parameters": sum(parameter.numel() for parameter in training.parameters.values()),
        "peakMemoryMiB": peak_memory_mib(device),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
