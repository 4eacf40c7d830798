"""A model that is no longer in use leaves the memory."""

import gc
import weakref


def test_a_model_is_gone_when_the_node_is_cleaned_up_without_any_look_for_garbage(perception, robot, frames):
    robot.ask(frames[0])
    model = weakref.ref(perception._predictor)
    gc.disable()
    try:
        perception.trigger_deactivate()
        perception.trigger_cleanup()
        # The executor lets go of the node's timers as it goes on.
        robot.wait(lambda: model() is None, "the model to be gone")
    finally:
        gc.enable()
