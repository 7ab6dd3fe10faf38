"""Posted JSON becomes a fault, or problems with the names of the fields."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ninepic_async.sandbox import Fault
from ninepic_async.sandbox.control.strict_json import BadJsonError, read

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*Fault.__annotations__, "other"]), JSON, max_size=3) | JSON)
def test_any_json_is_a_fault_or_a_named_problem(posted: object) -> None:
    try:
        fault = read(Fault, posted)
    except BadJsonError as error:
        problems = error.problems
    else:
        assert isinstance(posted, dict)
        for name, value in posted.items():
            assert getattr(fault, name) == value
            assert isinstance(getattr(fault, name), bool) == isinstance(value, bool)
        return
    assert problems
    assert all(problem.problem for problem in problems)
