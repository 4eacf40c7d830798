"""Where the files lie that come with the package: launch files, configuration, models."""

from pathlib import Path

_MARKER = Path("config") / "perception.yaml"


def share_directory() -> Path:
    """The folder that holds config/, launch/ and models/: the clone, or the share folder of an installation.

    Raises:
        FileNotFoundError: the package was installed without its files.
    """
    here = Path(__file__).resolve()
    candidates = [here.parents[1], *(parent / "share" / "tavi_perception" for parent in here.parents)]
    for folder in candidates:
        if (folder / _MARKER).exists():
            return folder
    raise FileNotFoundError(
        f"the files of tavi_perception (config, launch, models) are not beside {here.parent}: "
        "install the package with colcon or pip, or run it from its clone"
    )
