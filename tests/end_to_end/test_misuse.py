"""What is written in the wrong way says so at once, names the right way, and sends nothing."""

from __future__ import annotations

from typing import Any

import pytest

from ninepic_async import InvalidInputError, NinePic, sync
from ninepic_async.sandbox import Sandbox

NAMED_ONLY = ["clips", "start_clips", "originals", "memories"]
SECRET = "8230-is-private"


@pytest.mark.parametrize("method", NAMED_ONLY)
async def test_an_argument_without_its_name(sb: Sandbox, client: NinePic, method: str) -> None:
    call: Any = getattr(client.event(sb.event_id), method)
    with pytest.raises(
        InvalidInputError, match=rf"^{method} takes named arguments only: {method}\("
    ) as caught:
        await call(SECRET)
    assert SECRET not in str(caught.value)
    assert len(sb.requests) == 0


@pytest.mark.parametrize("method", NAMED_ONLY)
def test_the_same_in_blocking_code(method: str) -> None:
    with sync.NinePic("a-key-of-nobody", 903) as client:
        call: Any = getattr(client.event(456), method)
        with pytest.raises(InvalidInputError, match=f"^{method} takes named arguments only"):
            call(SECRET)


async def test_a_plain_for_over_an_asyncio_list(sb: Sandbox, client: NinePic) -> None:
    pager: Any = client.event(sb.event_id).photos()
    for use in (list, tuple, lambda photos: photos[0]):
        with pytest.raises(TypeError, match=r"`async for`.*ninepic_async\.sync"):
            use(pager)
    assert len(sb.requests) == 0


async def test_a_plain_with_on_an_asyncio_client(client: NinePic) -> None:
    plain: Any = client
    with pytest.raises(TypeError, match=r"`async with`.*ninepic_async\.sync"), plain:
        pass
