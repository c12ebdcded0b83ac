"""Controls act at step boundaries, from any thread, and in the loop's own thread."""

import asyncio
import signal
import threading

import pytest

from dlstudio.widgets.control import Control, stop_on_interrupt


def command(name, value=0.0, sequence=1):
    return {"command": name, "value": value, "client": "tab", "sequence": sequence}


class Loop:
    """A loop in a thread that counts its steps."""

    def __init__(self, control):
        self.control, self.steps = control, 0
        self.at = threading.Condition()
        self.thread = threading.Thread(target=self.work, daemon=True)
        control.begin()
        self.thread.start()

    def work(self):
        while self.control.boundary():
            with self.at:
                self.steps += 1
                self.at.notify_all()
        self.control.end()

    def wait_until(self, condition):
        with self.at:
            assert self.at.wait_for(condition, timeout=10)


def paused(control):
    changed = threading.Event()
    control._changed = changed.set
    control.pause()
    assert changed.wait(10)
    return control.paused


def test_pause_holds_step_does_so_many_and_resume_goes_on():
    control = Control()
    loop = Loop(control)
    loop.wait_until(lambda: loop.steps > 3)
    assert paused(control)
    held = loop.steps
    control.step(2)
    loop.wait_until(lambda: loop.steps == held + 2)
    control.resume()
    loop.wait_until(lambda: loop.steps > held + 10)
    control.stop()
    loop.thread.join(10)
    assert not loop.thread.is_alive()


def test_a_paused_loop_can_be_stopped():
    control = Control()
    loop = Loop(control)
    assert paused(control)
    control.stop()
    loop.thread.join(10)
    assert not loop.thread.is_alive()


def test_the_rate_changes_at_a_boundary_in_the_loops_thread():
    rates = []
    control = Control(lambda rate: rates.append((rate, threading.current_thread().name)))
    control.begin()
    threading.Thread(target=control.set_rate, args=(0.5,), name="browser").start()
    while not control._news:
        pass
    assert rates == []
    assert control.boundary()
    assert rates == [(0.5, threading.current_thread().name)]


def test_a_command_is_applied_when_the_loop_acts_on_it():
    control = Control()
    control.begin()
    control.post(command("lr", 0.1, sequence=7))
    assert control.applied == {}
    control.boundary()
    assert control.applied == {"tab": 7}


def test_without_a_loop_the_rate_changes_at_once_and_pausing_means_nothing():
    rates = []
    control = Control(rates.append)
    control.post(command("pause"))
    control.post(command("lr", 0.2, sequence=2))
    assert rates == [0.2]
    assert control.applied == {"tab": 2}
    control.begin()
    assert control.boundary()


def test_an_async_loop_waits_without_blocking_the_event_loop(run_async):
    control = Control()
    control.begin()
    control.pause()

    async def main():
        waiting = asyncio.ensure_future(control.boundary_async())
        await asyncio.sleep(0.05)
        assert not waiting.done()
        control.resume()
        return await asyncio.wait_for(waiting, 10)

    assert run_async(main())


def test_the_fast_path_takes_no_lock():
    control = Control()
    control.begin()
    with control._signal:
        answers = []
        thread = threading.Thread(target=lambda: answers.append(control.boundary()))
        thread.start()
        thread.join(10)
    assert answers == [True]


def test_the_first_interrupt_stops_and_the_second_raises():
    control = Control()
    control.begin()
    before = signal.getsignal(signal.SIGINT)
    with stop_on_interrupt(control):
        signal.raise_signal(signal.SIGINT)
        assert not control.boundary()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
