"""The workloads of `nadir bench` on PyTorch: answers one JSON object a line to each request on standard input.

    python3 torch-system.py THREADS

`nadir bench --peers` starts it; src/bench/subject.ts describes the requests. State and batches come from a safetensors
file that Nadir wrote, so that every system starts from the same numbers.
"""

import json
import math
import signal
import struct
import sys
import time

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    hint = "Install it (pip install torch), or name another interpreter: --python <path>, or NADIR_PYTHON."
    print(json.dumps({"error": f"{sys.executable} has no module torch. {hint}"}), flush=True)
    sys.exit(1)


def read(path):
    """The tensors of a safetensors file, by name."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    (length,) = struct.unpack_from("<Q", data)
    start = 8 + length
    kinds = {"F32": torch.float32, "I32": torch.int32}
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(data, dtype=kinds[entry["dtype"]], count=(end - begin) // 4, offset=start + begin)
        # Class numbers and tokens are int64 in torch.
        wide = flat.to(torch.int64) if entry["dtype"] == "I32" else flat.clone()
        tensors[name] = wide.reshape(entry["shape"])
    return tensors


class CharacterModel(torch.nn.Module):
    """A pre-norm transformer over characters with learned positions, its names those of Nadir's."""

    def __init__(self, context=128, width=128, layers=4, characters=65):
        super().__init__()
        self.tokens = torch.nn.Embedding(characters, width)
        self.positions = torch.nn.Embedding(context, width)
        self.blocks = torch.nn.ModuleList(Block(width) for _ in range(layers))
        self.norm = torch.nn.LayerNorm(width)
        self.head = torch.nn.Linear(width, characters, bias=False)

    def forward(self, x):
        h = self.tokens(x) + self.positions.weight
        for block in self.blocks:
            h = block(h)
        return self.head(self.norm(h))


class Block(torch.nn.Module):
    def __init__(self, width, heads=4):
        super().__init__()
        self.heads = heads
        self.attention_norm = torch.nn.LayerNorm(width)
        self.attention = torch.nn.Linear(width, 3 * width)
        self.projection = torch.nn.Linear(width, width)
        self.perceptron_norm = torch.nn.LayerNorm(width)
        self.up = torch.nn.Linear(width, 4 * width)
        self.down = torch.nn.Linear(4 * width, width)

    def forward(self, x):
        batch, context, width = x.shape
        split = self.attention(self.attention_norm(x)).view(batch, context, 3, self.heads, width // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        h = x + self.projection(mixed.transpose(1, 2).reshape(x.shape))
        return h + self.down(F.gelu(self.up(self.perceptron_norm(h)), approximate="tanh"))


class Theta(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.theta = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.theta * x


def perceptron():
    return torch.nn.Sequential(
        torch.nn.Linear(784, 256),
        torch.nn.ReLU(),
        torch.nn.Linear(256, 128),
        torch.nn.ReLU(),
        torch.nn.Linear(128, 10),
    )


def convolutional():
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 32, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(32, 64, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(64 * 7 * 7, 128),
        torch.nn.ReLU(),
        torch.nn.Linear(128, 10),
    )


def momentum(parameters):
    return torch.optim.SGD(parameters, lr=0.01, momentum=0.9)


def adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-3)


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.01)


def adamw(parameters):
    return torch.optim.AdamW(parameters, lr=3e-4, weight_decay=0.01)


def token_loss(output, y):
    return F.cross_entropy(output.view(-1, output.shape[-1]), y)


TRAINING = {
    "A": (Theta, sgd, F.mse_loss),
    "B": (lambda: torch.nn.Linear(1, 1), sgd, F.mse_loss),
    "C64-sgdm": (perceptron, momentum, F.cross_entropy),
    "C64-adam": (perceptron, adam, F.cross_entropy),
    "C512-sgdm": (perceptron, momentum, F.cross_entropy),
    "C512-adam": (perceptron, adam, F.cross_entropy),
    "D": (convolutional, adam, F.cross_entropy),
    "E": (CharacterModel, adamw, token_loss),
}


class Training:
    def __init__(self, name, state, batches):
        make, optimizer, self.loss_of = TRAINING[name]
        self.model = make()
        self.model.load_state_dict(state)
        self.optimizer = optimizer(self.model.parameters())
        self.batches = batches
        self.done = 0

    def run(self, steps):
        for _ in range(steps):
            x, y = self.batches[self.done % len(self.batches)]
            self.optimizer.zero_grad()
            loss = self.loss_of(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            self.loss = loss.item()
            self.done += 1

    def value(self):
        return self.loss


def convolution_gradient(dy, x, weight, wanted):
    mask = [wanted == "x", wanted == "weight", False]
    gradients = torch.ops.aten.convolution_backward(dy, x, weight, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1, mask)
    return gradients[0 if wanted == "x" else 1]


def matmul(state):
    out = torch.empty(state["a"].shape)
    return lambda: torch.mm(state["a"], state["b"], out=out)


def softmax(state):
    out = torch.empty(state["x"].shape)
    return lambda: torch.softmax(state["x"], -1, out=out)


def update(state):
    weight = torch.nn.Parameter(torch.zeros(state["gradient"].shape))
    weight.grad = state["gradient"]
    optimizer = adam([weight])

    def step():
        optimizer.step()
        return weight.detach()

    return step


OPERATIONS = {
    **{f"matmul-{n}": matmul for n in (256, 512, 1024, 2048)},
    "conv": lambda s: lambda: F.conv2d(s["x"], s["weight"], padding=1),
    "conv-input-grad": lambda s: lambda: convolution_gradient(
        s["dy"], torch.empty(64, 32, 14, 14), s["weight"], "x"
    ),
    "conv-weight-grad": lambda s: lambda: convolution_gradient(
        s["dy"], s["x"], torch.empty(64, 32, 3, 3), "weight"
    ),
    "softmax": softmax,
    "adam": update,
}


class Operation:
    def __init__(self, name, state):
        self.step = OPERATIONS[name](state)

    def run(self, steps):
        for _ in range(steps):
            self.result = self.step()

    def value(self):
        return self.result.double().square().mean().item()


def open_workload(name, path):
    tensors = read(path)
    state = {key[len("state.") :]: value for key, value in tensors.items() if key.startswith("state.")}
    if name in OPERATIONS:
        return Operation(name, state)
    count = sum(key.endswith(".0") for key in tensors if key.startswith("batch."))
    batches = [(tensors[f"batch.{i}.0"], tensors[f"batch.{i}.1"]) for i in range(count)]
    return Training(name, state, batches)


def answer(**fields):
    print(json.dumps(fields), flush=True)


def main():
    # Ctrl-C reaches the whole foreground group: the parent decides, and closes standard input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(int(sys.argv[1]))
    answer(version=torch.__version__)
    subject = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "open":
                subject = open_workload(request["workload"], request["data"])
                answer()
            elif request["do"] == "run":
                start = time.perf_counter()
                subject.run(request["steps"])
                answer(ms=(time.perf_counter() - start) * 1e3)
            elif request["do"] == "value":
                value = subject.value()
                answer(value=value if math.isfinite(value) else None)
            else:
                subject = None
                answer()
        except Exception as error:
            answer(error=f"{type(error).__name__}: {error}")


main()
