# SPDX-License-Identifier: Apache-2.0
"""asyncio: streams, events and runs that are awaited."""

import asyncio
import gc
import time

import numpy as np
import pytest

import alula


def test_streams_and_events_are_awaited(stream):
    async def main():
        log = []
        stream.call(lambda: (time.sleep(0.02), log.append("done")))
        event = stream.record()
        await event
        assert log == ["done"] and event.query()
        await stream
        await alula.Event()  # never recorded

    asyncio.run(main())


def test_the_loop_goes_on_while_work_runs(slow, slow_engine):
    async def main():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(tick())
        outputs = await slow_engine.run_async({"x": slow.input(64)})
        task.cancel()
        return ticks, outputs["y"]

    ticks, y = asyncio.run(main())
    assert ticks > 20
    np.testing.assert_array_equal(y, slow_engine.run({"x": slow.input(64)})["y"])


def test_many_runs_at_once(small, small_engine):
    inputs = [small.input(seed=seed) for seed in range(40)]

    async def main():
        return await asyncio.gather(*(small_engine.run_async({"x": x}) for x in inputs))

    for x, outputs in zip(inputs, asyncio.run(main())):
        np.testing.assert_array_equal(outputs["y"], small_engine.run({"x": x})["y"])


def test_wrong_inputs_are_named_and_leave_the_engine_usable(small, small_engine):
    async def main():
        with pytest.raises(alula.InvalidArgumentError, match="float64"):
            await small_engine.run_async({"x": small.input().astype(np.float64)})
        return await small_engine.run_async({"x": small.input()})

    assert asyncio.run(main())["y"].shape == (4, small.width)


def test_cancelled_runs_keep_their_arrays_and_leave_the_engine_usable(slow, slow_engine):
    async def main():
        for _ in range(3):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(slow_engine.run_async({"x": slow.input(64)}), 0.0005)
            gc.collect()
        return await slow_engine.run_async({"x": slow.input(64)})

    y = asyncio.run(main())["y"]
    np.testing.assert_array_equal(y, slow_engine.run({"x": slow.input(64)})["y"])


def test_a_loop_that_ends_first_waits_for_the_work(slow, slow_engine):
    async def main():
        asyncio.ensure_future(slow_engine.run_async({"x": slow.input(64)}))
        await asyncio.sleep(0)

    for _ in range(3):
        asyncio.run(main())
        gc.collect()
    assert slow_engine.run({"x": slow.input(64)})["y"].shape == (64, slow.width)


def test_files_do_not_pile_up(small, small_engine):
    import os

    def open_files():
        return len(os.listdir("/proc/self/fd"))

    async def main():
        await small_engine.run_async({"x": small.input()})

    asyncio.run(main())
    gc.collect()
    before = open_files()
    for _ in range(20):
        asyncio.run(main())
    gc.collect()
    assert open_files() <= before
