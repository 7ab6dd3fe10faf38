"""What stores refuse, by canned replies of each store's own form, and how it is said."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web
from obstore.exceptions import GenericError

from ninepic_async import DownloadError
from ninepic_async.scale.place import Place, store_errors

AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
NO_BUCKET = "there is no such bucket"
NO_PERMISSION = "permission was refused"
REGION = "another region"
CREDENTIALS = "credentials are missing or wrong"
REPLIES = {
    ("s3", 404, "NoSuchBucket", "The specified bucket does not exist"): NO_BUCKET,
    ("s3", 403, "AccessDenied", "Access Denied"): NO_PERMISSION,
    ("s3", 301, "PermanentRedirect", "Use the specified endpoint."): REGION,
    ("s3", 400, "AuthorizationHeaderMalformed", "the region 'us-east-1' is wrong; expecting 'x'"): REGION,
    ("s3", 403, "InvalidAccessKeyId", "The AWS Access Key Id does not exist."): CREDENTIALS,
    ("s3", 403, "SignatureDoesNotMatch", "The signature does not match."): CREDENTIALS,
    ("s3", 400, "ExpiredToken", "The provided token has expired."): CREDENTIALS,
    ("gs", 404, "NoSuchBucket", "The specified bucket does not exist."): NO_BUCKET,
    ("gs", 403, "AccessDenied", "Access denied."): NO_PERMISSION,
    ("az", 404, "ContainerNotFound", "The specified container does not exist."): NO_BUCKET,
    ("az", 403, "AuthorizationPermissionMismatch", "Not authorized to do this."): NO_PERMISSION,
    ("az", 403, "AuthenticationFailed", "Server failed to authenticate the request."): CREDENTIALS,
}

Answer = Callable[[int, str, str], None]


@pytest.fixture
async def answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Answer]:
    """Run a server that gives one answer to everything, and lead all stores to it."""
    replies: list[tuple[int, str]] = []

    async def handle(_: web.Request) -> web.Response:
        status, text = replies[-1]
        return web.Response(status=status, text=text, content_type="application/xml")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    account = tmp_path / "account.json"
    account.write_text(
        json.dumps(
            {"gcs_base_url": url, "disable_oauth": True, "client_email": "", "private_key": "",
             "private_key_id": ""}
        )
    )  # fmt: skip
    environment = {
        "AWS_ENDPOINT": url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AZURE_STORAGE_ACCOUNT_NAME": "devstoreaccount1",
        "AZURE_STORAGE_ACCOUNT_KEY": AZURE_KEY,
        "AZURE_STORAGE_ENDPOINT": f"{url}/devstoreaccount1",
        "AZURE_ALLOW_HTTP": "true",
        "GOOGLE_SERVICE_ACCOUNT": str(account),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def set_answer(status: int, code: str, message: str) -> None:
        replies.append((status, f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"))

    yield set_answer
    await runner.cleanup()


@pytest.mark.parametrize(("reply", "says"), REPLIES.items())
async def test_each_refusal_says_what_to_do(
    answer: Answer, reply: tuple[str, int, str, str], says: str
) -> None:
    scheme, *rest = reply
    answer(*rest)  # type: ignore[arg-type]
    place = Place.open(f"{scheme}://photos/456/")
    for operation in (place.names(), place.read("a"), place.write("a", b"x"), place.delete("a")):
        with pytest.raises(DownloadError, match=says) as caught:
            await operation
        assert f"{scheme}://photos/456" in str(caught.value)
        assert "secret" not in str(caught.value)


async def test_a_file_that_is_not_there_is_no_error(answer: Answer) -> None:
    answer(404, "NoSuchKey", "The specified key does not exist.")
    place = Place.open("s3://photos/456/")
    assert await place.read("a") is None


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (GenericError("Error performing PUT http://169.254.169.254/latest/api/token"), CREDENTIALS),
        (GenericError("\n  something odd\n  and more"), "something odd"),
        (GenericError(""), "no reason"),
    ],
)
def test_other_errors(error: Exception, says: str) -> None:
    with pytest.raises(DownloadError, match=says), store_errors("s3://photos"):
        raise error


def test_no_signature_is_shown() -> None:
    error = GenericError("Error performing GET https://x.blob.core.windows.net/photos?sig=the-signature")
    with pytest.raises(DownloadError) as caught, store_errors("az://photos"):
        raise error
    assert "the-signature" not in str(caught.value)
