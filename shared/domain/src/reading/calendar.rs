//! Days and stretches of the calendar, as people name them from the day they write on.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan as _};

use super::lexicon::{Part, Unit};

/// From where a text's dates are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Calendar {
    /// The writer's day.
    pub(super) today: Date,
    /// 8/3 is 3 August.
    pub(super) month_first: bool,
}

/// How exactly a date is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exact {
    /// A day of the calendar.
    Day,
    /// A weekday, or a day counted from today.
    Near,
    /// A week, month, quarter or year.
    Stretch,
}

/// A date in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named {
    /// Its tokens are `start..end`.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) first: Date,
    pub(super) last: Date,
    pub(super) exact: Exact,
    /// It is the end of a stretch that begins just before it: 3 to 14 August.
    pub(super) closes: bool,
}

/// The day or month of one of two dates, in the year that the other names.
pub(super) fn in_named_year(one: &Named, other: &Named) -> Option<(Date, Date)> {
    let days = |named: &Named| named.first.until(named.last).map_or(0, |span| span.get_days());
    let (year, named) = match (days(one), days(other)) {
        (364.., ..=40) => (one, other),
        (..=40, 364..) => (other, one),
        _ => return None,
    };
    let in_year = |date: Date| Date::new(year.first.year(), date.month(), date.day()).ok();
    let dated = named.exact == Exact::Day || days(named) >= 27;
    dated.then(|| Some((in_year(named.first)?, in_year(named.last)?))).flatten()
}

/// A day of a month named by its number, in the month that is named behind it.
pub(super) fn in_named_month(day: &Named, month: &Named) -> Option<Date> {
    let whole = month.first == month.first.first_of_month() && month.last == month.first.last_of_month();
    let stretch = month.exact == Exact::Stretch && day.exact == Exact::Day && !day.closes;
    (whole && stretch).then(|| Date::new(month.first.year(), month.first.month(), day.first.day()).ok()).flatten()
}

pub(super) fn in_week(monday: Date, weekday: Date) -> Option<Date> {
    monday.checked_add(i32::from(weekday.weekday().to_monday_zero_offset()).days()).ok()
}

pub(super) fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok().filter(|_| (2000..2100).contains(&year))
}

pub(super) fn month_of(year: i16, month: i16) -> Option<(Date, Date)> {
    let first = date(year, month, 1)?;
    Some((first, first.last_of_month()))
}

/// The quarter or half of a year with this number, as so many months.
pub(super) fn months_of(year: i16, nth: i16, months: i16) -> Option<(Date, Date)> {
    Some((month_of(year, (nth - 1) * months + 1)?.0, month_of(year, nth * months)?.1))
}

pub(super) fn year_of(year: i16) -> Option<(Date, Date)> {
    Some((date(year, 1, 1)?, date(year, 12, 31)?))
}

pub(super) fn span(unit: Unit, count: i16) -> Span {
    let count = i64::from(count);
    match unit {
        Unit::Day => count.days(),
        Unit::Week => count.weeks(),
        Unit::Month => count.months(),
        Unit::Quarter => (3 * count).months(),
        Unit::Half => (6 * count).months(),
        Unit::Year => count.years(),
    }
}

/// The whole week, month, quarter or year that is so many after today's.
pub(super) fn stretch_ahead(today: Date, unit: Unit, ahead: i16) -> Option<(Date, Date)> {
    let then = today.checked_add(span(unit, ahead)).ok()?;
    match unit {
        Unit::Day => Some((then, then)),
        Unit::Week => {
            let monday = then.checked_sub(i32::from(then.weekday().to_monday_zero_offset()).days()).ok()?;
            Some((monday, monday.checked_add(6.days()).ok()?))
        }
        Unit::Month => month_of(then.year(), then.month().into()),
        Unit::Quarter | Unit::Half => {
            let months = if unit == Unit::Half { 6 } else { 3 };
            months_of(then.year(), (i16::from(then.month()) - 1) / months + 1, months)
        }
        Unit::Year => year_of(then.year()),
    }
}

/// The beginning, middle or end of a stretch, as people mean it.
pub(super) fn part_of(part: Part, unit: Unit, (first, last): (Date, Date)) -> (Date, Date) {
    // Days that "early", "mid" and "late" begin after the start, and last.
    let (early, mid, late) = match unit {
        Unit::Day => (0, 0, 0),
        Unit::Week => (1, 2, 3),
        Unit::Month => (6, 14, 24),
        Unit::Quarter => (20, 40, 70),
        Unit::Half => (40, 80, 150),
        Unit::Year => (20, 165, 335),
    };
    let day = |after: i32| first.checked_add(after.days()).unwrap_or(last).min(last);
    match part {
        Part::All => (first, last),
        Part::Early => (first, day(early)),
        Part::Mid => (day(mid), day(mid + early)),
        Part::Late => (day(late), last),
    }
}

impl Named {
    /// Does it lie before the day the text was written?
    pub(super) fn is_past(&self, today: Date) -> bool {
        self.last < today
    }
}

/// The day, or the Monday after a weekend.
pub(super) fn working_day(date: Date) -> Date {
    let over = match date.weekday() {
        Weekday::Saturday => 2,
        Weekday::Sunday => 1,
        _ => 0,
    };
    date.checked_add(over.days()).unwrap_or(date)
}
