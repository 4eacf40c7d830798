"""The errors that a command says in one sentence."""

from __future__ import annotations


def user_errors(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """What the user can mend, and ``more`` of a command; all else is a defect and keeps its traceback."""
    from tavi_perception.bags.topics import BagError
    from tavi_perception.faults.matrix import UnknownCaseError
    from tavi_perception.imaging.source import SourceError
    from tavi_perception.inference.bundle import ModelContractError
    from tavi_perception.output import OutputError
    from tavi_perception.simulation.dataset.options import DatasetError
    from tavi_perception.simulation.seeds import SealedSeedError

    errors: tuple[type[Exception], ...] = (
        BagError,
        SourceError,
        ModelContractError,
        DatasetError,
        SealedSeedError,
        OutputError,
        UnknownCaseError,
        OSError,
        *more,
    )
    try:
        from tavi_perception.nodes.graph import GraphError
    except ImportError:  # predict needs no ROS
        return errors
    return (*errors, GraphError)


def sentence(error: Exception) -> str:
    """What the user reads of an error."""
    from tavi_perception.output import of_os_error

    return of_os_error(error) if isinstance(error, OSError) else str(error)
