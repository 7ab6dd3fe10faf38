"""Decode a page of 100 photos: the SDK beside `orjson.loads` and beside plain cattrs.

python -m benchmarks.decode
"""

from __future__ import annotations

import timeit
from typing import Any

import cattrs
import orjson

from ninepic_async import ImageItem
from ninepic_async._contract.endpoints import Photos
from ninepic_async._contract.messages import Reply

ID = "a4402318-0cf4-4e1e-b8e8-{:012d}"


def page() -> bytes:
    images = [
        {
            "img_url": f"https://photos.example/imgs/456/large/{ID.format(number)}.jpg",
            "height": 4860,
            "width": 3240,
            "image_id": ID.format(number),
            "thumbnail_url": f"https://photos.example/imgs/456/small/{ID.format(number)}.jpg",
            "original_url": None,
        }
        for number in range(100)
    ]
    pagination = {
        "total": 500,
        "currentPage": 1,
        "totalPages": 5,
        "hasNextPage": True,
        "hasPreviousPage": False,
        "page_size": 100,
    }
    data = {"images": images, "pagination": pagination}
    return orjson.dumps({"responseType": "success", "message": "Records for all images", "data": data})


def microseconds(call: Any) -> float:
    return min(timeit.repeat(call, number=200, repeat=15)) / 200 * 1e6


if __name__ == "__main__":
    body = page()
    reply = Reply(200, {}, body)
    endpoint = Photos(event_id=456)
    plain = cattrs.Converter()
    loads = microseconds(lambda: orjson.loads(body))
    ours = microseconds(lambda: endpoint.decode(reply))
    by_cattrs = microseconds(lambda: plain.structure(orjson.loads(body)["data"]["images"], list[ImageItem]))
    print(f"orjson.loads {loads:.0f} µs, the SDK {ours:.0f} µs, plain cattrs {by_cattrs:.0f} µs")
    print(f"the SDK / orjson.loads {ours / loads:.1f}, plain cattrs / the SDK {by_cattrs / ours:.1f}")
