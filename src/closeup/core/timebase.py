"""The only place where frames and seconds meet: exact fractions inside, float seconds at the surface."""

from fractions import Fraction


def fraction_from_text(text: str) -> Fraction:
    """Read "30000/1001" or "25" as an exact rate.

    Raises:
        ValueError: If it is not a positive fraction of whole numbers.
    """
    value = Fraction(text)
    if value <= 0:
        raise ValueError(f"{text!r} is not a positive rate")
    return value


def fraction_to_text(value: Fraction) -> str:
    """Write a rate as "numerator/denominator", always with both."""
    return f"{value.numerator}/{value.denominator}"


def clock(seconds: float) -> str:
    """Seconds as people read them: 75.0 is "1:15", 3675 is "1:01:15"."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


class Sampler:
    """Picks frames by time, `rate_hz` a second, whatever the frame rate, without drift.

    The grid is time 0, 1/rate, 2/rate, ...; the first frame at or after each grid point is wanted, and one frame
    serves several points where frames are rarer than the grid.
    """

    def __init__(self, rate_hz: float) -> None:
        if not rate_hz > 0:
            raise ValueError("rate_hz must be positive")
        self._step = 1 / Fraction(rate_hz).limit_denominator(1000)
        self._next = Fraction(0)

    def wants(self, time: Fraction) -> bool:
        """Say whether the frame at `time` (seconds, ascending from call to call) is to be looked at."""
        if time < self._next:
            return False
        self._next = (time // self._step + 1) * self._step
        return True
