"""How the supervisor of departments' processes goes about a process that does not live."""

from shaodao.delivery.supervisor import Restarts, SupervisorRules


def test_each_start_waits_twice_as_long_until_a_process_lives() -> None:
    restarts = Restarts(SupervisorRules(first_pause=0.2, longest_pause=1.0, settled=5.0))
    assert [restarts.pause_after(lived) for lived in (0, 1, 4.9, 0, 5.0, 0)] == [0.2, 0.4, 0.8, 1.0, 0.2, 0.4]
