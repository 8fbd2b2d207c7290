"""How values, intervals and differences are written, the same in every report."""

from evals.measures import Estimate, Measure

NOT_APPLICABLE = "–"
MINUS = "\N{MINUS SIGN}"
SMALL = 10  # below it, a number that is no share is written with two decimals


def show_value(measure: Measure, value: float | None) -> str:
    """A value with its unit: “66.7 %”, “1.25 s”. 100 % and 0 % are only written where exact."""
    if value is None:
        return NOT_APPLICABLE
    if not measure.is_share:
        return f"{_decimal(value)} {measure.unit}".rstrip()
    if value in (0, 1):
        return f"{value:.0%}".replace("%", " %")
    percent = 100 * value
    if 0 < value < 1:
        percent = min(max(percent, 0.1), 99.9)
    return f"{_signed(percent, 1)} %"


def show_interval(measure: Measure, measured: Estimate) -> str:
    """The bounds of the 95 % interval, without the unit: “48–81”."""
    if measured.low is None or measured.high is None:
        return NOT_APPLICABLE
    if measure.is_share:
        return _range(f"{_signed(100 * measured.low, 0)}", f"{_signed(100 * measured.high, 0)}")
    return _range(_decimal(measured.low), _decimal(measured.high))


def show_difference(measure: Measure, value: float | None) -> str:
    """A difference with its sign; of shares, in percentage points: “+3.3”."""
    if value is None:
        return NOT_APPLICABLE
    text = _signed(100 * value, 1) if measure.is_share else _decimal(value)
    return text if text.startswith(MINUS) or not text.strip("0.") else f"+{text}"


def show_difference_interval(measure: Measure, low: float | None, high: float | None) -> str:
    """The bounds of a difference: “−6.0 to +12.5”."""
    if low is None or high is None:
        return NOT_APPLICABLE
    return f"{show_difference(measure, low)} to {show_difference(measure, high)}"


def show_p(p: float | None) -> str:
    """A p value with three decimals."""
    if p is None:
        return NOT_APPLICABLE
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def show_duration(seconds: float) -> str:
    """Hours, minutes and seconds, as far as they say something: “6 min 12 s”."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{seconds:.1f} s"


def is_better(measure: Measure, difference: float) -> bool:
    """Whether a difference, now minus before, is to the good."""
    return difference < 0 if measure.less_is_better else difference > 0


def _decimal(value: float) -> str:
    if abs(value) >= 100:
        return _signed(value, 0)
    return _signed(value, 2 if abs(value) < SMALL else 1)


def _signed(value: float, decimals: int) -> str:
    """With a true minus sign, and none before zero."""
    text = f"{abs(value):,.{decimals}f}"
    return f"{MINUS}{text}" if value < 0 and text.strip("0.,") else text


def _range(low: str, high: str) -> str:
    return f"{low} to {high}" if low.startswith(MINUS) else f"{low}–{high}"
