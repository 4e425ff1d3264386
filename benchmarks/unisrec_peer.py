"""RecTools' UniSRec, one training step per line on standard input; runs in its own environment.

Started by phase1_step.py: ``python unisrec_peer.py DATA.npz``. Prints the seconds of each step.
"""

import sys
import time
import warnings

import numpy as np
import torch
from rectools.fast_transformers.preprocessing import build_sequences
from rectools.fast_transformers.unisrec.lightning import UniSRecLightning
from rectools.fast_transformers.unisrec.model import UniSRecModel, _NegativeSampler
from rectools.fast_transformers.unisrec.net import UniSRecNet

LENGTH, BATCH, WIDTH = 50, 512, 128


def main() -> None:
    """Build the model as its own ``fit`` does, then step when asked to."""
    warnings.filterwarnings("ignore")
    data = np.load(sys.argv[1])
    torch.set_num_threads(int(data["threads"]))
    torch.manual_seed(0)
    items, offsets = torch.from_numpy(data["items"]), data["offsets"]
    users = torch.from_numpy(np.repeat(np.arange(len(offsets) - 1), np.diff(offsets)))
    x, y, unique, _ = build_sequences(users, items, torch.arange(len(items)), max_len=LENGTH)
    table = torch.randn(len(unique) + 1, int(data["embedding"]))
    settings = {
        "n_factors": WIDTH, "session_max_len": LENGTH, "dropout": 0.5,
        "adaptor_type": "pca", "use_adaptor_ffn": False,
    }  # fmt: skip
    # its SVD of the table takes longer than all steps and is no part of one
    UniSRecNet._pca_init = staticmethod(lambda rows, width: torch.randn(rows.shape[1], width) / 40)
    net = UniSRecNet(len(unique), table, **settings)
    model = UniSRecModel(table, loss="BCE", n_negatives=1, epochs=1, batch_size=BATCH, **settings)
    module = UniSRecLightning(net, model._param_groups(net), loss="BCE", n_negatives=1)
    module.log = lambda *_, **__: None
    optimizer = module.configure_optimizers()
    sample = _NegativeSampler(len(unique), 1)
    net.train()
    print("ready", flush=True)
    for _ in sys.stdin:
        rows = torch.randperm(len(x))[:BATCH]
        started = time.perf_counter()
        loss = module.training_step(sample({"x": x[rows], "y": y[rows]}), 0)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
