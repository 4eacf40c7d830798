"""The hazard table: what may go wrong, what the node does then, and what is left to whoever listens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hazard:
    """One cause of harm; all in Markdown."""

    cause: str
    node: str
    consumer: str
    shown_by: str
    """Cases of the campaign, or a test."""


STALE = "Repeats an invalid deviation with `IMAGE_STALE` every 0.2 s."

HAZARDS = (
    Hazard(
        "No image, or a source that hangs",
        STALE + " The same picture for longer than that counts as none.",
        "Stand still on anything that is not `valid`, and on silence.",
        "`images_stop`, `publisher_killed`, `same_picture`, `same_message`, `bursts`",
    ),
    Hazard(
        "Images that are damaged, unreadable or no fluoroscopy",
        "Answers each with `IMAGE_REJECTED`, an error on `/diagnostics` and no transform.",
        "Nothing more; an operator has to mend the source.",
        "`contradictory_fields`, `black`, `saturated`, `encoding_changes`, `flicker`",
    ),
    Hazard(
        "Images that come too fast, or a machine that is too slow",
        "Answers the newest, counts what it has not answered; what is older than 0.2 s is `IMAGE_STALE`.",
        "Check the age of each deviation itself: it may grow on the way.",
        "`flood`, `cpu_starved`, `late_images`",
    ),
    Hazard(
        "A geometry that is missing, impossible or of another C-arm",
        "Gives no millimetres: `UNCALIBRATED`, no transform, an error on `/diagnostics`.",
        "Nothing more. A geometry that is wrong and possible is told by the capsule's width alone: set "
        "`device.capsule_diameter`.",
        "`nan_geometry`, `geometry_in_millimetres`, `geometry_of_another`, `geometry_withdrawn`, "
        "`late_geometry`",
    ),
    Hazard(
        "Clocks that differ, stand or are set",
        "`IMAGE_STALE` for stamps that are old or in the future, `TIME_JUMP` for those that repeat or go "
        "back; the watchdog goes by a steady clock.",
        "Keep its own watchdog on a steady clock too.",
        "`zero_stamps`, `future_stamps`, `equal_stamps`, `stamps_go_back`, `clock_set_back`, `clock_stands`",
    ),
    Hazard(
        "A model that is missing, damaged or replaced",
        "Keeps the network that it has read and checked; without one answers each image with "
        "`MODEL_NOT_READY`.",
        "Nothing more.",
        "`model_missing`, `model_truncated`, `model_replaced`",
    ),
    Hazard(
        "The node dies, hangs or is deactivated",
        "Is silent. After a start it knows nothing: it needs contrast before anything is valid.",
        "Stop after 0.2 s without a deviation; it must not wait for an invalid one.",
        "`node_killed`, `node_stopped`, `node_deactivated`, `deviations_stop`, `slow_deviations`",
    ),
    Hazard(
        "Another quality of service, other traffic on the network",
        "Names who does not match on `/diagnostics`; ignores what is no message.",
        "Give both ends the same quality of service, and look at `/diagnostics` before anything moves.",
        "`incompatible_qos`, `garbage_datagrams`",
    ),
    Hazard(
        "Recording fails",
        "Is not touched by it.",
        "Look whether `record` still runs: a procedure may go on without a bag.",
        "`recorder_killed`, `recorder_stopped`, `disk_full`",
    ),
    Hazard(
        "The controller acts on what it must not",
        "Says `valid`, `reasons` and the stamp of the image with every number; it cannot do more.",
        "Move on valid deviations of at most 0.2 s alone, each command with the stamp of its deviation.",
        "`garbage_deviations`, `old_deviations`, `flickering_validity`, `lawless_commands`, "
        "test/control/test_promises.py, `./tavi audit` on every bag",
    ),
    Hazard(
        "The robot follows a command that is late, mad or no number",
        "Has no part in it.",
        "Let the robot's own watchdog end commands after 0.2 s and refuse velocities that cannot be meant.",
        "`old_commands`, `future_commands`, `nan_command`, `mad_command`, `slow_commands`",
    ),
    Hazard(
        "The controller dies, hangs or stutters in motion",
        "Has no part in it: its deviations go on.",
        "The robot's watchdog stands still after 0.2 s; the controller, when it goes on, decides nothing on "
        "deviations that waited for it.",
        "`controller_killed`, `controller_stopped`, `stuttering_controller`, `all_stop`, "
        "`stuttering_machine`",
    ),
    Hazard(
        "The robot dies, hangs or reports late, or no numbers",
        "Has no part in it.",
        "Hold when nothing is heard of the robot for 0.3 s; ignore reports that are no numbers or not new.",
        "`robot_killed`, `robot_stopped`, `nan_travel`, `garbage_joints`, `slow_reports`, `late_reports`, "
        "`stuttering_robot`",
    ),
    Hazard(
        "The robot does something else than it reports, or counts from elsewhere",
        "States the depth that is seen, whatever the drives say.",
        "Compare both, and abort where they part: ours does from 4 mm on (2.7 mm while the capsule stands "
        "still), and when the travel leaps further than the drives can go between two reports.",
        "`axis_sticks`, `runs_backwards`, `overshoots`, `impossible_travel`, `robot_killed`, `robot_fault`",
    ),
    Hazard(
        "A landmark is taken for another",
        "Doubts what moves as no device can: `IDENTITY_DOUBTFUL`; not all of it is noticed, see below.",
        "Compare the depth with what was commanded; look with contrast before the release.",
        "test/tracking, `./tavi evaluate --closed-loop --faults`",
    ),
)
