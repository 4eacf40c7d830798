"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# No test judges time: the machine may be busy.
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")
