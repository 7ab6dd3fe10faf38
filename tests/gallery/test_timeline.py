from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ninepic_async.gallery.photo_notes import PhotoNotes
from ninepic_async.gallery.scan import File
from ninepic_async.gallery.thumbnails import PhotoInfo
from ninepic_async.gallery.timeline import Photo, Timeline, arrange

from .pictures import write_page
from .reading import read

START = datetime(2026, 1, 19, 6, 30)


def photo(
    name: str, taken_at: datetime | None = None, hour: datetime | None = None, place: int | None = None
) -> Photo:
    notes = PhotoNotes(hour=hour, place=None if place is None else ("photos", place))
    info = PhotoInfo(width=3, height=2, taken_at=taken_at)
    return Photo(file=File(name, 1000, 0), notes=notes, info=info, thumbnail="t.jpg")


def names(timeline: Timeline) -> list[list[str]]:
    return [[each.file.name for each in group.photos] for group in timeline.groups]


def spread(number: int, step: timedelta) -> list[Photo]:
    return [photo(f"{n:03}", START + n * step) for n in range(number)]


def test_photos_of_a_race_are_grouped_by_hour() -> None:
    timeline = arrange(spread(200, timedelta(minutes=2)))
    assert [group.heading for group in timeline.groups] == [
        ("19 January 2026", f"{hour:02}:00") for hour in range(6, 14)
    ]
    assert timeline.level is not None
    assert timeline.level.plural == "Hours"
    assert sum(sum(group.parts) for group in timeline.groups) == 200


def test_photos_of_a_holiday_are_grouped_by_day() -> None:
    timeline = arrange(spread(70, timedelta(hours=3)))
    assert [group.heading for group in timeline.groups][:2] == [
        ("", "19 January 2026"),
        ("", "20 January 2026"),
    ]
    assert [group.anchor for group in timeline.groups][:2] == ["t20260119", "t20260120"]
    assert min(len(group.photos) for group in timeline.groups[:-1]) >= 3


def test_photos_of_a_year_are_grouped_by_month() -> None:
    timeline = arrange(spread(60, timedelta(days=6)))
    assert timeline.groups[0].heading == ("", "January 2026")
    assert (timeline.groups[0].outer, timeline.groups[0].label) == ("2026", "Jan")
    assert len(timeline.groups) == 13


def test_photos_of_twenty_years_are_grouped_by_year() -> None:
    timeline = arrange(spread(88, timedelta(days=83)))
    assert timeline.groups[0].heading == ("", "2026")
    assert len(timeline.groups) == 20
    assert [group.outer for group in timeline.groups] == [""] * 20


def test_a_few_photos_are_grouped_by_hour_however_thin() -> None:
    assert len(arrange(spread(5, timedelta(hours=1))).groups) == 5


def test_times_are_shown_with_the_day_where_groups_are_longer() -> None:
    days, years = arrange(spread(70, timedelta(hours=3))), arrange(spread(88, timedelta(days=83)))
    assert days.caption(days.groups[0].photos[1]) == "09:30:00"
    assert years.caption(years.groups[0].photos[1]) == "12 April, 06:30"


def test_previews_are_grouped_by_the_services_hours() -> None:
    six = datetime(2026, 1, 19, 6)
    photos = [
        photo("c", hour=six, place=0),
        photo("a", hour=six, place=1),
        photo("d", place=3),
        photo("b", hour=six + timedelta(hours=1), place=2),
    ]
    timeline = arrange(photos)
    assert names(timeline) == [["c", "a"], ["b"], ["d"]]
    assert timeline.groups[0].heading == ("19 January 2026", "06:00 UTC")
    assert timeline.groups[0].label == "06:00"
    assert timeline.span == "19 January 2026, 06:00 to 08:00 UTC"
    assert [timeline.caption(each) for each in timeline.groups[0].photos] == ["", ""]


def test_originals_are_grouped_by_their_own_times() -> None:
    # The camera's clock is that of Mumbai, the service's UTC.
    photos = [photo(f"{n}", START + timedelta(minutes=n), hour=datetime(2026, 1, 19, 1)) for n in range(3)]
    timeline = arrange(photos)
    assert [group.heading for group in timeline.groups] == [("19 January 2026", "06:00")]
    assert timeline.span == "19 January 2026, 06:30 to 06:32"


def test_photos_without_any_time_keep_the_services_order() -> None:
    timeline = arrange([photo("a", place=2), photo("b", place=0), photo("c"), photo("d", place=1)])
    assert names(timeline) == [["b", "d", "a", "c"]]
    assert (timeline.level, timeline.span) == (None, "")


def test_a_page_by_the_services_hours_has_a_chart(tmp_path: Path) -> None:
    photos = [
        photo(f"{n}.jpg", hour=datetime(2026, 1, 19, 6) + timedelta(hours=n // 10), place=n)
        for n in range(40)
    ]
    page = read(write_page(tmp_path, "Run", photos))
    assert page.photos == [f"{n}.jpg" for n in range(40)]
    (nav,) = page.all("nav")
    assert nav.attributes["aria-label"] == "Hours"
    assert len(page.all("rect")) == 4
    assert page.texts("time") == []


@given(
    st.lists(
        st.tuples(
            st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
            st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
            st.none() | st.integers(0, 9),
        ),
        max_size=40,
    )
)
def test_no_photo_is_lost_or_shown_twice(
    moments: list[tuple[datetime | None, datetime | None, int | None]],
) -> None:
    photos = [photo(f"{n:03}", *each) for n, each in enumerate(moments)]
    timeline = arrange(photos)
    shown = [name for group in names(timeline) for name in group]
    assert sorted(shown) == [each.file.name for each in photos]
    anchors = [group.anchor for group in timeline.groups]
    assert len(set(anchors)) == len(anchors)
    times = [each.time for group in timeline.groups for each in group.photos if each.time is not None]
    assert times == sorted(times)
    assert all(sum(group.parts) == len(group.photos) for group in timeline.groups if group.level is not None)
