import numpy as np
import torch
from torch.nn import functional

from edt_core.models.layout import layout_of
from edt_core.models.sasrec import SASRec


def test_it_is_torchs_own_pre_norm_transformer_on_each_row():
    torch.manual_seed(0)
    ours = SASRec(8, 2, 2, 0.0, 10).eval()
    inputs = torch.randn(9, 8)
    found = ours(inputs, layout_of(np.array([2, 7])))
    tokens = inputs[2:] + ours.positions.weight[:7]
    for block in ours.blocks:
        theirs = torch.nn.TransformerEncoderLayer(
            8, 2, 8, 0.0, functional.relu, batch_first=True, norm_first=True
        )
        theirs.self_attn.in_proj_weight = block.attention.inward.weight
        theirs.self_attn.in_proj_bias = block.attention.inward.bias
        theirs.self_attn.out_proj = block.attention.outward
        theirs.linear1, theirs.linear2 = block.network[0], block.network[3]
        theirs.norm1, theirs.norm2 = block.before_attention, block.before_network
        mask = torch.nn.Transformer.generate_square_subsequent_mask(7)
        tokens = theirs(tokens[None], src_mask=mask, is_causal=True)[0]
    torch.testing.assert_close(found[2:], ours.after(tokens), atol=1e-5, rtol=1e-5)
