"""The plane of bench/landscape.ts by PyTorch's loop: at each point load the parameters, forward all samples, mean loss.

Usage: landscape_torch.py POINTS SAMPLES. Prints {"seconds": of one point, "cpu": its processor time, "torch": version}, medians over POINTS of them, one thread.
"""
import json
import statistics
import sys
import time

import torch

points, samples = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(1)
torch.manual_seed(1)
model = torch.nn.Sequential(
    torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10)
)
x, labels = torch.rand(samples, 784), torch.arange(samples) % 10
origin = torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()
u, v = torch.randn_like(origin), torch.randn_like(origin)
times = []
with torch.inference_mode():
    for k in range(points + 3):
        begin, busy = time.perf_counter(), time.process_time()
        torch.nn.utils.vector_to_parameters(origin + 0.01 * k * u - 0.02 * k * v, model.parameters())
        total = 0.0
        for batch, target in zip(x.split(1000), labels.split(1000)):
            total += torch.nn.functional.cross_entropy(model(batch), target, reduction="sum").item()
        times.append((time.perf_counter() - begin, time.process_time() - busy))
wall, cpu = (statistics.median(part) for part in zip(*times[3:]))
print(json.dumps({"seconds": wall, "cpu": cpu, "torch": torch.__version__}))
