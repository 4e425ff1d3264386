from edt_core.models.bert4rec import BERT4Rec


def test_its_network_is_four_times_as_wide():
    assert BERT4Rec(8, 1, 1, 0.1, 5).blocks[0].network[0].out_features == 32
