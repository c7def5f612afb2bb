//! Weeks, months, quarters and years named by phrases: next week, in two months, early January.

use jiff::ToSpan as _;
use jiff::civil::{Date, ISOWeekDate, Weekday};

use super::calendar::{Exact, Named, month_of, months_of, part_of, span, stretch_ahead, year_of};
use super::dates::{Reader, number};
use super::lexicon::{DateKind, Part, Unit, Which};
use super::tokens::Token;

/// Words between the numbers of weeks.
const JOINTS: [&str; 21] = [
    "and", "to", "und", "bis", "och", "og", "till", "til", "et", "au", "a", "y", "al", "e", "en", "tot", "t", "m",
    "do", "i", "ja",
];

/// Words between a quarter, a month or a week and its year.
const LINKS: [&str; 9] = ["of", "de", "del", "do", "van", "des", "in", "i", "w"];

impl Reader<'_> {
    pub(super) fn phrase(&self, kind: DateKind, start: usize, end: usize, before: Option<&Named>) -> Option<Named> {
        let today = self.calendar.today;
        let found = self.text.get(start..end)?;
        let number = |token: &Token| number(token, self.likely);
        let count = || found.iter().find_map(number);
        let linked = usize::from(self.year(end).is_none() && LINKS.contains(&self.word(end)));
        let (which, end) = match self.year(end + linked) {
            Some(year) if matches!(kind.which, Which::Number | Which::Fixed(_) | Which::Named) => {
                (Some(year), end + linked + 1)
            }
            _ => (None, end),
        };
        let ahead = match kind.which {
            Which::Ahead(ahead) | Which::Near(ahead) => Some(ahead),
            Which::AheadNumber => Some(count()?),
            Which::Number | Which::Fixed(_) | Which::Named => None,
        };
        let days = match (kind.unit, kind.which) {
            (Unit::Day, Which::Number) => {
                // Of "del 22 al 24" the last is the date.
                let at = start + found.iter().rposition(|token| number(token).is_some())?;
                let closes = found.iter().filter(|token| number(token).is_some()).count() > 1;
                // "The 7th of December" is no day of this month, and "until the" belongs to the sentence.
                let from = if matches!(self.word(start), "the" | "den" | "dia") { start } else { at };
                return if self.calendar_date(at).is_some() {
                    None
                } else {
                    let day = self.text.get(at).and_then(number)?;
                    self.day_number(from, end, day, before).map(|named| Named { closes, ..named })
                };
            }
            (Unit::Month, Which::Named) => {
                let at = start + found.iter().position(|token| self.month(token).is_some())?;
                // "Through August 14" is a day.
                if self.month_then_day(at).is_some() {
                    return None;
                }
                let days = self.month_in(i16::from(self.month(self.text.get(at)?)?), which)?;
                // "In", "until" or "after" belongs to the sentence.
                return self.stretch(
                    if kind.part == Part::All { at } else { start },
                    end,
                    part_of(kind.part, kind.unit, days),
                );
            }
            (Unit::Quarter, Which::Fixed(nth)) => self.months_in(nth, 3, which)?,
            (Unit::Quarter, Which::Number) => self.months_in(count()?, 3, which)?,
            (Unit::Half, Which::Fixed(nth)) => self.months_in(nth, 6, which)?,
            (Unit::Half, Which::Number) => self.months_in(count()?, 6, which)?,
            (Unit::Week, Which::Number) => {
                let (nth, (last, end)) = (count()?, self.last_week(count()?, end));
                let days = (self.week_in(nth, which), self.week_in(last, which)?);
                let closes = last != nth;
                // Of the weeks 31 to 34 the first may be over.
                let first = days.0.filter(|first| first.0 <= days.1.0).map_or(days.1.0, |first| first.0);
                return Some(Named { closes, ..self.stretch(start, end, (first, days.1.1))? });
            }
            (Unit::Year, Which::Number) => year_of(count().filter(|year| (2000..2100).contains(year))?)?,
            (unit, _) => {
                let counted = ahead?;
                // "In two months" is a day; "next month" is all of it.
                if matches!(kind.which, Which::AheadNumber | Which::Near(_)) || unit == Unit::Day {
                    let day = today.checked_add(span(unit, counted)).ok()?;
                    return Some(Named { exact: Exact::Near, ..self.named(start, end, day) });
                }
                stretch_ahead(today, unit, counted)?
            }
        };
        self.stretch(start, end, part_of(kind.part, kind.unit, days))
    }

    pub(super) fn stretch(&self, start: usize, end: usize, (first, last): (Date, Date)) -> Option<Named> {
        Some(Named { start, end, first, last, exact: Exact::Stretch, closes: false })
    }

    pub(super) fn next_month(&self, month: i16) -> Option<(Date, Date)> {
        self.month_in(month, None)
    }

    fn month_in(&self, month: i16, year: Option<i16>) -> Option<(Date, Date)> {
        match year {
            Some(year) => month_of(year, month),
            None => (0..=1)
                .filter_map(|ahead| month_of(self.calendar.today.year() + ahead, month))
                .find(|days| days.1 >= self.calendar.today),
        }
    }

    /// The nth quarter or half of a year.
    fn months_in(&self, nth: i16, months: i16, year: Option<i16>) -> Option<(Date, Date)> {
        if !(1..=12 / months).contains(&nth) {
            return None;
        }
        let of = |year| months_of(year, nth, months);
        match year {
            Some(year) => of(year),
            None => (0..=1)
                .filter_map(|ahead| of(self.calendar.today.year() + ahead))
                .find(|days| days.1 >= self.calendar.today),
        }
    }

    /// The last of the weeks that are named together, "week 29-31", "uge 32, 33 og 34", and where its number ends.
    fn last_week(&self, mut nth: i16, mut end: usize) -> (i16, usize) {
        while let Some(at) = (end..end + 4).find(|at| !JOINTS.contains(&self.word(*at))) {
            let joined = at > end || self.before(at).contains(['-', '–', '—', ',', '/', '+', '&']);
            let apart = (end..=at).any(|at| self.before(at).contains(['.', '(', ')', ':', '\n']));
            let Some(next) = self.number(at).filter(|next| joined && !apart && (nth + 1..=53).contains(next)) else {
                break;
            };
            if self.calendar_date(at).is_some() {
                break;
            }
            (nth, end) = (next, at + 1);
        }
        (nth, end)
    }

    fn week_in(&self, nth: i16, year: Option<i16>) -> Option<(Date, Date)> {
        let nth = i8::try_from(nth).ok()?;
        let of = |year| {
            let monday = ISOWeekDate::new(year, nth, Weekday::Monday).ok()?.date();
            Some((monday, monday.checked_add(6.days()).ok()?))
        };
        match year {
            Some(year) => of(year),
            None => (0..=1)
                .filter_map(|ahead| of(self.calendar.today.year() + ahead))
                .find(|days| days.1 >= self.calendar.today),
        }
    }
}
