"""PyTorch's contestant: the protocol of ../contestant.ts, the workload of ../workload.ts.

Started as `python3 pytorch.py BENCHMARK OPTIONS`; without arguments it prints the versions as JSON, by which the
runner finds out which interpreters have PyTorch. Every step uses the public API as its tutorials do: a Module,
`cross_entropy`, `backward()`, a `torch.optim` optimizer.
"""
import json
import resource
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

VERSION = f"PyTorch {torch.__version__}, Python {sys.version.split()[0]}, " + (
    "MKL" if torch.backends.mkl.is_available() else "system BLAS"
)


def hash32(seed, count):
    """As hash32 in workload.ts, for indices 0 … count−1."""
    x = np.arange(count, dtype=np.uint32) + np.uint32((seed * 0x9E3779B9) & 0xFFFFFFFF)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def uniform(seed, shape, low, high):
    h = hash32(seed, int(np.prod(shape))) >> np.uint32(8)
    return torch.from_numpy((low + (high - low) * (h / 2.0**24)).astype(np.float32).reshape(shape))


def labels(seed, count, classes):
    return torch.from_numpy((hash32(seed, count) % classes).astype(np.int64))


def weights(layer, shape):
    bound = (6 / int(np.prod(shape[1:]))) ** 0.5
    return uniform(10 + layer, shape, -bound, bound)


def mean_magnitude(theta):
    return theta[:1000].abs().double().mean().item()


def step(o):
    s = o["sizes"]
    theta = nn.Parameter(uniform(3, (s["count"],), -1, 1))
    theta.grad = uniform(4, (s["count"],), -1, 1)
    how = {"default": {}, "foreach": {"foreach": True}, "fused": {"fused": True}}[o["variant"]]
    optimizer = torch.optim.AdamW(
        [theta], lr=s["lr"], betas=(s["beta1"], s["beta2"]), eps=s["eps"], weight_decay=s["weightDecay"], **how
    )
    return optimizer.step, lambda: mean_magnitude(theta.detach())


def copy(o):
    n = o["sizes"]["count"]
    a, b = uniform(3, (n * 7 // 2,), -1, 1), torch.zeros(n * 7 // 2)  # 3.5 vectors in, 3.5 out: the same 28 bytes
    return lambda: b.copy_(a), lambda: mean_magnitude(b)


def training(model, x, y, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)

    def one():
        optimizer.zero_grad()
        logits = model(x)
        loss = F.cross_entropy(logits.flatten(0, -2), y.flatten())
        loss.backward()
        optimizer.step()
        return loss.item()

    return one, None


def place(model):
    """Deterministic weights, zero biases; the scales of norms keep torch's ones."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    with torch.no_grad():
        for index, weight in enumerate(matrices):
            weight.copy_(weights(index, tuple(weight.shape)))
        for name, p in model.named_parameters():
            if p.dim() == 1 and name.endswith("bias"):
                p.zero_()
    return model


def mlp(o):
    s = o["sizes"]
    sizes = s["layers"]
    parts = []
    for fan_in, fan_out in zip(sizes, sizes[1:]):
        parts += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    model = place(nn.Sequential(*parts[:-1]))
    return training(model, uniform(1, (s["batch"], sizes[0]), 0, 1), labels(2, s["batch"], sizes[-1]), s["lr"])


def conv(o):
    s = o["sizes"]
    c = s["channels"]
    parts = []
    for _ in range(s["depth"]):
        parts += [nn.Conv2d(c, c, 3, padding=1), nn.ReLU()]
    model = place(nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, s["classes"])))
    x = uniform(1, (s["batch"], c, s["size"], s["size"]), 0, 1)
    return training(model, x, labels(2, s["batch"], s["classes"]), s["lr"])


class Attention(nn.Module):
    """nanoGPT's: torch's fused attention where there is one, else written out."""

    def __init__(self, s):
        super().__init__()
        width, self.heads = s["width"], s["heads"]
        self.c_attn = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width)
        self.register_buffer("bias", torch.tril(torch.ones(s["positions"], s["positions"], dtype=torch.bool)))

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = (
            part.view(b, t, self.heads, c // self.heads).transpose(1, 2) for part in self.c_attn(x).split(c, dim=2)
        )
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = (q @ k.transpose(-2, -1)) * (1.0 / (c // self.heads) ** 0.5)
            y = F.softmax(scores.masked_fill(~self.bias[:t, :t], float("-inf")), dim=-1) @ v
        return self.c_proj(y.transpose(1, 2).contiguous().view(b, t, c))


class Block(nn.Module):
    def __init__(self, s):
        super().__init__()
        width = s["width"]
        self.ln_1 = nn.LayerNorm(width)
        self.attn = Attention(s)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Gpt(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.wte = nn.Embedding(s["vocabulary"], s["width"])
        self.wpe = nn.Embedding(s["positions"], s["width"])
        self.h = nn.Sequential(*(Block(s) for _ in range(s["layers"])))
        self.ln_f = nn.LayerNorm(s["width"])

    def forward(self, tokens):
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
        return F.linear(self.ln_f(self.h(x)), self.wte.weight)


def gpt(o):
    s = o["sizes"]
    shape = (s["batch"], s["positions"])
    tokens, targets = (labels(seed, shape[0] * shape[1], s["vocabulary"]).view(shape) for seed in (1, 2))
    return training(place(Gpt(s)), tokens, targets, s["lr"])


class Residual(nn.Module):
    """He et al., option A: every second pixel, and zeros for the new channels."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.padding = stride, (outputs - inputs) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.padding:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.padding, self.padding))
        return F.relu(y + x)


def images(o, model):
    s = o["sizes"]
    x = uniform(1, (s["batch"], 3, 32, 32), 0, 1)
    return training(place(model), x, labels(2, s["batch"], s["classes"]), s["lr"])


def resnet20(o):
    changes = [(16, 16, 1), (16, 16, 1), (16, 16, 1), (16, 32, 2), (32, 32, 1), (32, 32, 1), (32, 64, 2)]
    changes += [(64, 64, 1), (64, 64, 1)]
    stem = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, o["sizes"]["classes"])]
    return images(o, nn.Sequential(*stem, *(Residual(*change) for change in changes), *head))


def vgg9(o):
    parts, inputs = [], 3
    for outputs in [64, 64, 0, 128, 128, 0, 256, 256, 256, 0]:
        if outputs == 0:
            parts.append(nn.MaxPool2d(2))
            continue
        parts += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
        inputs = outputs
    hidden = [nn.Flatten(), nn.Linear(256 * 4 * 4, 256), nn.BatchNorm1d(256), nn.ReLU()]
    return images(o, nn.Sequential(*parts, *hidden, nn.Linear(256, o["sizes"]["classes"])))


BENCHMARKS = {f.__name__: f for f in (step, copy, mlp, conv, gpt, resnet20, vgg9)}


def measure(one, check, o):
    checks, samples, cpu = [], [], []
    for _ in range(o["warmup"]):
        loss = one()
        if check is None:
            checks.append(loss)
    if check is not None:
        checks.append(check())
    while not samples or (sum(samples) < o["budgetMs"] and len(samples) < o["maxSamples"]):
        start, busy = time.perf_counter(), time.process_time()
        loss = one()
        samples.append((time.perf_counter() - start) * 1000)
        cpu.append((time.process_time() - busy) * 1000)
        if check is None and len(samples) == 1:
            checks.append(loss)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "samplesMs": samples,
        "cpuMs": min(cpu),
        "check": checks,
        "threads": torch.get_num_threads(),
        "peakMb": peak,
    }


def main():
    benchmark, o = sys.argv[1], json.loads(sys.argv[2])
    torch.set_num_threads(o["threads"])
    head = {"contestant": o["contestant"], "benchmark": benchmark, "version": VERSION}
    try:
        body = measure(*BENCHMARKS[benchmark](o), o)
    except Exception as error:  # whatever PyTorch answers is this contestant's row
        body = {"unavailable": str(error)}
    print(json.dumps({**head, **body}))


if len(sys.argv) == 1:
    print(json.dumps({"version": torch.__version__}))
else:
    main()
