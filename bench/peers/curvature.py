"""The five largest eigenvalues of a loss's Hessian by PyTorch and SciPy, for bench/curvature.ts.

Usage: curvature.py FOLDER COUNT, with x.f32 [COUNT, 784], labels.i32 and theta.f32 of the MLP 784-128-64-10 in FOLDER. Products by autograd's
double backward of the mean loss over all samples at once; eigenvalues by ARPACK (eigsh), which is Lanczos's process with restarts.
Prints one JSON line.
"""
import json
import sys
import time

import numpy as np
import scipy.sparse.linalg
import torch

folder, count = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(1)
x = torch.from_numpy(np.fromfile(f"{folder}/x.f32", np.float32).reshape(count, 784))
y = torch.from_numpy(np.fromfile(f"{folder}/labels.i32", np.int32).astype(np.int64))
theta = torch.from_numpy(np.fromfile(f"{folder}/theta.f32", np.float32))
shapes = [(128, 784), (128,), (64, 128), (64,), (10, 64), (10,)]
parameters = [part.reshape(s).clone().requires_grad_() for part, s in zip(theta.split([int(np.prod(s)) for s in shapes]), shapes)]


def gradient():
    w1, b1, w2, b2, w3, b3 = parameters
    h = torch.relu(torch.nn.functional.linear(x, w1, b1))
    h = torch.relu(torch.nn.functional.linear(h, w2, b2))
    loss = torch.nn.functional.cross_entropy(torch.nn.functional.linear(h, w3, b3), y)
    return torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, parameters, create_graph=True)])


products = []
def product(v):
    start = time.perf_counter()
    g = gradient()
    along = torch.autograd.grad(g @ torch.from_numpy(np.ascontiguousarray(v, np.float32)).reshape(-1), parameters)
    result = torch.cat([part.reshape(-1) for part in along]).numpy()
    products.append(time.perf_counter() - start)
    return result


P = theta.numel()
operator = scipy.sparse.linalg.LinearOperator((P, P), matvec=product, dtype=np.float32)
product(np.ones(P, np.float32) / np.sqrt(P))
products.clear()
walls, cpus = [], []
for _ in range(3):
    before = len(products)
    start, cpu = time.perf_counter(), time.process_time()
    values = scipy.sparse.linalg.eigsh(operator, k=5, which="LA", tol=1e-3, return_eigenvectors=True)[0]
    walls.append(time.perf_counter() - start)
    cpus.append(time.process_time() - cpu)
    used = len(products) - before
print(json.dumps({
    "version": f"PyTorch {torch.__version__}, SciPy {scipy.__version__}",
    "product": 1e3 * min(products), "wall": 1e3 * min(walls), "cpu": 1e3 * min(cpus), "products": used,
    "values": sorted(map(float, values), reverse=True),
}))
