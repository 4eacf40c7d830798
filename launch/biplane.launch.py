"""Two perception nodes, one for each plane of a biplane system, and one RViz for both."""

from tavi_perception.nodes.launch_arguments import BIPLANE, PLANES, absolute
from tavi_perception.nodes.launching import described, feeder, perception, rviz
from tavi_perception.nodes.settings import PlayerConfig


def generate_launch_description():
    return described(BIPLANE, actions)


def actions(base, words):
    started, names = [], {"c_arm": words["c_arm_frame_id"] or "c_arm"}
    for plane in PLANES:
        own = words | {name.removeprefix(f"{plane}_"): word for name, word in words.items()}
        namespace = absolute(base, plane)
        image, geometry = (absolute(namespace, own[name]) for name in ("image", "carm_geometry"))
        names[f"/{plane}"] = namespace
        started.append(perception(namespace, own, image, geometry))
        if own["source"]:
            remapped = {"image": image, "carm_geometry": geometry}
            started += feeder("image_player", PlayerConfig, own, remapped, namespace=f"{namespace}/fluoro")
    return [*started, *rviz(base, words, "biplane.rviz", names)]
