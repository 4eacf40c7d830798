"""What is written into a file of parameters is what a node reads from it."""

import tempfile
from pathlib import Path

import rclpy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tavi_perception.parameter_file import parameters_text


@settings(max_examples=25)
@example({"model": "/123", "runtime": '/a #1: "q": [ü'})
@given(
    st.dictionaries(
        st.sampled_from(["model", "runtime"]),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).map("/{}".format),
        min_size=1,
    )
)
def test_parameters_reach_a_node_as_they_are_written(parameters):
    context = rclpy.Context()
    with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
        text = parameters_text({**parameters, "threads": 2, "overlay_rate": 2.0})
        Path(file.name).write_text(text, encoding="utf-8")
        rclpy.init(context=context, args=["--ros-args", "--params-file", file.name])
        node = rclpy.create_node(
            "reader", context=context, automatically_declare_parameters_from_overrides=True
        )
    try:
        for name, value in {**parameters, "threads": 2, "overlay_rate": 2.0}.items():
            assert node.get_parameter(name).value == value
    finally:
        node.destroy_node()
        context.try_shutdown()
