"""The nodes that are measured against one another, and the processes that they run in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tavi_perception.inference.bundle import ModelBundle
from tavi_perception.nodes.session_graph import INPUTS, RESULTS
from tavi_perception.parameter_file import parameters_text
from tavi_perception.resources import share_directory

OURS, NAIVE, TENSORFLOW, LITERT, NAIVE_LITERT = "node", "naive", "tensorflow", "litert", "naive-litert"

KEYPOINTS, DEVIATION = RESULTS[0], RESULTS[2]


@dataclass(frozen=True)
class Arm:
    """A node under test; in every arm the graph around it is the same.

    Attributes:
        title: in tables.
        answer: topic of what counts as its answer: the last that it publishes for a controller.
        runtime: parameter of our node; empty for another node.
        pipeline: of the naive node; empty for ours.
        tensorflow: it needs TensorFlow in its process.
    """

    title: str
    answer: str
    runtime: str = ""
    pipeline: str = ""
    tensorflow: bool = False

    def command(
        self, python: Sequence[str], bundle: ModelBundle, threads: int, parameters: Path
    ) -> list[str]:
        """The words that start it.

        Args:
            python: the words that start a Python in which it can run.
            threads: of our node's inference; the naive one sets none.
            parameters: a file to write its parameters to.
        """
        remappings = {"__ns": "/tavi", "image": INPUTS[0], "carm_geometry": INPUTS[1]}
        names = [word for old, new in remappings.items() for word in ("-r", f"{old}:={new}")]
        if self.pipeline:
            module = ["-m", "benchmarks.graph.naive_node", str(bundle.folder), self.pipeline]
            return [*python, *module, "--ros-args", *names]
        values: dict[str, bool | int | float | str] = {"runtime": self.runtime, "threads": threads}
        values["model"] = str(bundle.folder.absolute())
        parameters.write_text(parameters_text(values), encoding="utf-8")
        shipped = share_directory() / "config" / "perception.yaml"
        files = [word for file in (shipped, parameters) for word in ("--params-file", str(file))]
        module = ["-m", "tavi_perception.nodes.start", "perception_node"]
        return [*python, *module, "--ros-args", *files, *names]


ARMS = {
    OURS: Arm("this node", DEVIATION, runtime="auto"),
    NAIVE: Arm("naive node, Keras predict", KEYPOINTS, pipeline="keras", tensorflow=True),
    TENSORFLOW: Arm("this node, TensorFlow tf.function", DEVIATION, runtime="tensorflow", tensorflow=True),
    LITERT: Arm("this node, LiteRT float32", DEVIATION, runtime="litert"),
    NAIVE_LITERT: Arm("naive node, LiteRT", KEYPOINTS, pipeline="litert"),
}
DEFAULT_ARMS = (OURS, NAIVE, TENSORFLOW, LITERT)
"""``NAIVE_LITERT`` tells what of the distance between the first two is the runtime's."""
