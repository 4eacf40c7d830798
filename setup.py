"""Installs tavi_perception as an ament_python package."""

from pathlib import Path

from setuptools import find_packages, setup

NAME = "tavi_perception"
SHARE = f"share/{NAME}"


def _data_files() -> list[tuple[str, list[str]]]:
    """Launch files, configuration and models, in the folders they have here."""
    folders: dict[str, list[str]] = {SHARE: ["package.xml"]}
    for top in ("launch", "config", "models"):
        for file in sorted(path for path in Path(top).rglob("*") if path.is_file()):
            if "__pycache__" not in file.parts:
                folders.setdefault(f"{SHARE}/{file.parent}", []).append(str(file))
    return [("share/ament_index/resource_index/packages", [f"resource/{NAME}"]), *folders.items()]


setup(
    name=NAME,
    version="0.1.0",
    description="Perception for robotic transcatheter aortic valve implantation",
    maintainer="tavi_perception maintainers",
    maintainer_email="maintainers@tavi-perception.invalid",
    license="Apache-2.0",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    package_data={NAME: ["py.typed", "visualization/templates/*.j2"]},
    data_files=_data_files(),
    python_requires=">=3.10",
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    entry_points={
        "console_scripts": [
            f"perception_node = {NAME}.nodes.start:perception_node",
            f"image_player = {NAME}.nodes.start:image_player",
            f"simulator = {NAME}.nodes.start:simulator",
            f"controller = {NAME}.nodes.start:controller",
            f"robot_bridge = {NAME}.nodes.start:robot_bridge",
        ],
    },
)
