from edt_core.data.catalogue import item_name


def test_an_item_without_a_title_is_called_by_its_brand_and_source_id():
    assert item_name("Tea", "Acme", "B01") == "Tea"
    assert item_name("", "Acme", "B01") == "Acme B01"
    assert item_name("", "", "B01") == "B01"
