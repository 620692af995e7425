import asyncio

from loopwright.serving.batching import Batcher


def test_what_arrives_while_a_batch_runs_is_the_next_batch():
    batches = []

    async def run():
        def take(batch):
            batches.append(list(batch))
            if batch == [1]:
                batcher.add(2)
                batcher.add(3)

        batcher = Batcher(take)
        batcher.add(1)
        await asyncio.sleep(0.01)

    asyncio.run(run())
    assert batches == [[1], [2, 3]]


def test_a_batch_has_a_most_and_the_rest_goes_to_the_next_turn():
    batches = []

    async def run():
        batcher = Batcher(batches.append, most=2)
        for item in range(5):
            batcher.add(item)
        await asyncio.sleep(0.01)
        assert len(batcher) == 0

    asyncio.run(run())
    assert batches == [[0, 1], [2, 3], [4]]
