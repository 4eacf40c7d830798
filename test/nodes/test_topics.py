"""Names of topics as users give them."""

import pytest

from tavi_perception.bags.topics import BagError
from tavi_perception.nodes.topics import full_topic_name, full_topic_names


@pytest.mark.parametrize("given", ["/fluoro/image", "fluoro/image"])
def test_a_name_without_a_slash_is_taken_from_the_root_on(given):
    assert full_topic_name(given) == "/fluoro/image"


def test_a_topic_that_is_named_twice_is_one():
    assert full_topic_names(["a", "/a", "b"]) == ["/a", "/b"]


@pytest.mark.parametrize("given", ["a//b", "1x", "a b", "~/x", "~", "/a/", "/", "", "a-b", "ü", "/a{node}"])
def test_a_name_that_no_topic_can_have_is_refused_in_one_sentence(given):
    with pytest.raises(BagError) as caught:
        full_topic_name(given)
    assert f"'{given}'" in str(caught.value) and "like /fluoro/image" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
