"""The cases in which controller and robot take part; what they are told by perception is scripted."""

from __future__ import annotations

from tavi_perception.faults.matrix import Case, Failure, Scene, Unit

NODE, CONTROLLER, ROBOT, MACHINE = Unit.NODE, Unit.CONTROLLER, Unit.ROBOT, Unit.MACHINE
OFF, STUCK, GARBAGE, WRONG = Failure.OFF, Failure.STUCK, Failure.GARBAGE, Failure.WRONG
SLOW, DELAYED, INTERMITTENT = Failure.SLOW, Failure.DELAYED, Failure.INTERMITTENT

RESTS = "The controller holds and says why; the robot rests, and moves again afterwards."
RUNS_OUT = "The robot stands still within 0.2 s, says so, and rests; it moves again afterwards."
REFUSES = (
    "The robot stands still with a fault, says which command, and follows none until one says hold. The "
    "controller goes on, or aborts where the fault has lasted for a second."
)
NOT_FOLLOWED = "The robot follows none of them, and says why; it moves again afterwards."
HOLDS = "The controller holds after 0.3 s and says why, if it speaks; it moves the robot again afterwards."
ABORTS = "The controller aborts and says why; a procedure that is begun afresh moves again."


def _case(name: str, unit: Unit, failure: Failure, does: str, outcome: str) -> Case:
    return Case(name, unit, failure, does, outcome, Scene.ROBOT)


ROBOT_CASES = (
    _case("deviations_stop", NODE, OFF, "The controller gets no deviation for a second.", RESTS),
    _case("garbage_deviations", NODE, GARBAGE,
          "Deviations say valid, with numbers that no device has, or none at all.", RESTS),
    _case("slow_deviations", NODE, SLOW, "Deviations come once a second.",
          "The controller holds between two, and the robot rests."),
    _case("old_deviations", NODE, DELAYED, "Deviations are valid, and half a second old.", RESTS),
    _case("flickering_validity", NODE, INTERMITTENT, "Every other deviation is not valid.", RESTS),
    _case("controller_killed", CONTROLLER, OFF, "It is killed in motion and started again.", RUNS_OUT),
    _case("controller_stopped", CONTROLLER, STUCK, "It is stopped in motion for a second, and goes on.",
          RUNS_OUT),
    _case("nan_command", CONTROLLER, GARBAGE, "A velocity is no number.", REFUSES),
    _case("mad_command", CONTROLLER, GARBAGE, "A velocity is 1 m/s.", REFUSES),
    _case("lawless_commands", CONTROLLER, WRONG, "Commands of motion answer deviations that are not valid.",
          "The robot cannot know and follows; the recount of `./tavi audit` finds it. It rests afterwards."),
    _case("future_commands", CONTROLLER, WRONG, "Commands answer images of the future.", NOT_FOLLOWED),
    _case("slow_commands", CONTROLLER, SLOW, "Commands come once a second.",
          "Each runs out after 0.2 s: the robot stands still between two, and says so."),
    _case("old_commands", CONTROLLER, DELAYED, "Commands come a second late.", NOT_FOLLOWED),
    _case("stuttering_controller", CONTROLLER, INTERMITTENT, "It is stopped for 0.4 s again and again.",
          "The robot stands still meanwhile, each time; it moves again afterwards."),
    _case("robot_killed", ROBOT, OFF, "It is killed in motion, and started again where it now is: at 0.",
          f"The controller holds meanwhile; the robot does not move by itself then. {ABORTS}"),
    _case("robot_stopped", ROBOT, STUCK, "It is stopped in motion for a second, and goes on.", HOLDS),
    _case("axis_sticks", ROBOT, STUCK, "Its drive travels, and the catheter does not.", ABORTS),
    _case("nan_travel", ROBOT, GARBAGE, "The travel that it reports is no number.", HOLDS),
    _case("garbage_joints", ROBOT, GARBAGE,
          "JointState for `robot_bridge` has too few numbers, or none, or NaN.",
          "Refused in a sentence; nothing of it becomes a state of the robot; its joints are told to rest."),
    _case("runs_backwards", ROBOT, WRONG, "The catheter moves against its drive.", ABORTS),
    _case("overshoots", ROBOT, WRONG, "The catheter moves twice as far as its drive.", ABORTS),
    _case("impossible_travel", ROBOT, WRONG, "The travel that it reports is 5 m.", ABORTS),
    _case("robot_fault", ROBOT, WRONG, "It reports a fault for 1.5 s.", ABORTS),
    _case("slow_reports", ROBOT, SLOW, "It reports once a second.",
          "The controller holds between two reports; it moves the robot again afterwards."),
    _case("late_reports", ROBOT, DELAYED, "Its reports are a second old.", HOLDS),
    _case("stuttering_robot", ROBOT, INTERMITTENT, "It is stopped for 0.4 s again and again.", HOLDS),
    _case("all_stop", MACHINE, STUCK, "Controller and robot are stopped in motion together for a second.",
          "Nothing moves on what waited; they move again afterwards."),
    _case("stuttering_machine", MACHINE, INTERMITTENT, "Both are stopped for 0.4 s again and again.",
          "Nothing moves on what waited; they move again afterwards."),
)  # fmt: skip
