"""PyTorch's contestant: the protocol of ../contestant.ts, the workload of ../workload.ts.

Started as `python3 pytorch.py BENCHMARK OPTIONS`; without arguments it prints the versions as JSON, by which the
runner finds out which interpreters have PyTorch. Every step uses the public API as its tutorials do: a Module,
`cross_entropy`, `backward()`, a `torch.optim` optimizer.
"""
import json
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
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return one, None


def place(model):
    """Deterministic weights, zero biases."""
    layers = [m for m in model if isinstance(m, (nn.Linear, nn.Conv2d))]
    with torch.no_grad():
        for index, layer in enumerate(layers):
            layer.weight.copy_(weights(index, tuple(layer.weight.shape)))
            layer.bias.zero_()
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


def measure(one, check, o):
    checks, samples = [], []
    for _ in range(o["warmup"]):
        loss = one()
        if check is None:
            checks.append(loss)
    if check is not None:
        checks.append(check())
    while not samples or (sum(samples) < o["budgetMs"] and len(samples) < o["maxSamples"]):
        start = time.perf_counter()
        loss = one()
        samples.append((time.perf_counter() - start) * 1000)
        if check is None and len(samples) == 1:
            checks.append(loss)
    return {"samplesMs": samples, "check": checks, "threads": torch.get_num_threads()}


def main():
    benchmark, o = sys.argv[1], json.loads(sys.argv[2])
    torch.set_num_threads(o["threads"])
    head = {"contestant": o["contestant"], "benchmark": benchmark, "version": VERSION}
    try:
        body = measure(*{"step": step, "copy": copy, "mlp": mlp, "conv": conv}[benchmark](o), o)
    except Exception as error:  # whatever PyTorch answers is this contestant's row
        body = {"unavailable": str(error)}
    print(json.dumps({**head, **body}))


if len(sys.argv) == 1:
    print(json.dumps({"version": torch.__version__}))
else:
    main()
