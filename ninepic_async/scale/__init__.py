"""Download whole events on Dask workers, to a folder or an object store. Needs the extra ``scale``.

report = await ninepic_async.scale.download(event, "s3://bucket/456/")
"""

from __future__ import annotations

from importlib.util import find_spec

if any(find_spec(module) is None for module in ("distributed", "obstore")):
    raise ImportError("ninepic_async.scale needs an extra: pip install 'ninepic-async[scale]'")

from ninepic_async.scale.entry import download
from ninepic_async.scale.progress import ScaleProgress
from ninepic_async.scale.report import FailedShard, ScaleReport

__all__ = ["FailedShard", "ScaleProgress", "ScaleReport", "download"]
