"""How many requests are let through in a minute."""

from battery_assets.actions.people.windows import Window, Windows


def test_exactly_the_limit_passes_at_once():
    windows = Windows()
    passed = [windows.wait_s("one", 100, 1000.0) == 0 for _ in range(1000)]
    assert sum(passed) == 100
    assert windows.wait_s("another", 100, 1000.0) == 0


def test_the_edge_of_a_minute_lets_no_second_hundred_through():
    window = Window()
    assert sum(window.wait_s(100, 119.0) == 0 for _ in range(200)) == 100
    assert sum(window.wait_s(100, 120.5) == 0 for _ in range(200)) <= 2


def test_who_waits_as_long_as_it_says_gets_through():
    for first_s, again_s in ((119.0, 119.5), (119.0, 121.0), (61.0, 119.9), (60.0, 60.0)):
        window = Window()
        for _ in range(300):
            window.wait_s(100, first_s)
        wait = max(window.wait_s(100, again_s) for _ in range(300))
        assert 0 < wait <= 61
        assert window.wait_s(100, again_s + wait + 0.01) == 0, (first_s, again_s, wait)


def test_a_steady_asker_below_the_limit_never_waits():
    window = Window()
    assert not [k for k in range(3000) if window.wait_s(100, k * 0.61)]


def test_the_longest_unused_are_forgotten():
    windows = Windows(most=3)
    for name in "abcabcd":
        windows.wait_s(name, 1, 0.0)
    assert "a" not in windows
    assert "d" in windows
