//! Dates in a text: which day, week, month or quarter its words name, seen from the day it was written.
//!
//! **Invariant:** nothing is made up. A day that no calendar has is no date; numbers in clock times, amounts and phone
//! numbers are none; a date without a year is the next one.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan as _};

use super::lexicon::{DateKind, LEXICON, Part, Unit, Which};
use super::phrase::Facts;
use super::tokens::{Gap, Kind, Token};

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

/// Phrases about dates are looked for before dates are known.
struct NoDates;

impl Facts for NoDates {
    fn date(&self, _: usize) -> Option<usize> {
        None
    }
    fn number(&self, token: &Token) -> bool {
        number(token).is_some()
    }
    fn month(&self, token: &Token) -> bool {
        month(token).is_some()
    }
}

/// The text's dates, for the phrases that hold one.
pub(super) struct Dates<'a>(pub(super) &'a [Named]);

impl Facts for Dates<'_> {
    fn date(&self, at: usize) -> Option<usize> {
        let place = self.0.binary_search_by_key(&at, |named| named.start).ok()?;
        self.0.get(place).map(|named| named.end)
    }
    fn number(&self, token: &Token) -> bool {
        number(token).is_some()
    }
    fn month(&self, token: &Token) -> bool {
        month(token).is_some()
    }
}

/// Every date of the text, in its order, none over another.
pub(super) fn dates(source: &str, text: &[Token], calendar: Calendar) -> Vec<Named> {
    let reader = Reader { source, text, calendar };
    let hits = LEXICON.dates.find(text, &NoDates);
    let mut phrases = hits.iter().peekable();
    let mut dates: Vec<Named> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let written = reader.calendar_date(at).or_else(|| reader.day_of_month(at, dates.last()));
        let mut best = written;
        while let Some(hit) = phrases.next_if(|hit| hit.start <= at) {
            if hit.start == at && best.is_none_or(|best| best.exact == Exact::Near || hit.end > best.end) {
                best = reader.phrase(hit.sense, hit.start, hit.end, dates.last()).or(best);
            }
        }
        let Some(mut found) = best.or_else(|| reader.weekday(at)) else {
            at += 1;
            continue;
        };
        at = found.end;
        found.closes = reader.closes(&found, dates.last());
        match dates.last_mut() {
            // "In April next year" is one month.
            Some(before) if before.end + 2 >= found.start && in_named_year(before, &found).is_some() => {
                if let Some((first, last)) = in_named_year(before, &found) {
                    let exact = if before.exact == Exact::Day || found.exact == Exact::Day {
                        Exact::Day
                    } else {
                        Exact::Stretch
                    };
                    *before = Named { start: before.start, end: found.end, first, last, exact, closes: before.closes };
                }
            }
            // "Monday, 17 August" and "Monday next week" are one date.
            Some(before) if before.end == found.start && text[found.start].gap != Gap::Full => {
                if !reader.merge(before, &found) {
                    dates.push(found);
                }
            }
            _ => dates.push(found),
        }
    }
    dates
}

struct Reader<'a> {
    source: &'a str,
    text: &'a [Token],
    calendar: Calendar,
}

impl Reader<'_> {
    fn number(&self, at: usize) -> Option<i16> {
        self.text.get(at).and_then(Token::number)
    }

    fn word(&self, at: usize) -> &str {
        self.text.get(at).map_or("", |token| token.text.as_str())
    }

    /// What stands between a token and the one before it.
    fn before(&self, at: usize) -> &str {
        match (at.checked_sub(1).and_then(|before| self.text.get(before)), self.text.get(at)) {
            (Some(before), Some(token)) => self.source.get(before.end..token.start).unwrap_or_default(),
            _ => "",
        }
    }

    /// What stands behind a token.
    fn behind(&self, at: usize) -> &str {
        let end = self.text.get(at).map_or(0, |token| token.end);
        let next = self.text.get(at + 1).map_or(self.source.len(), |token| token.start);
        self.source.get(end..next).unwrap_or_default()
    }

    fn named(&self, at: usize, end: usize, date: Date) -> Named {
        Named { start: at, end, first: date, last: date, exact: Exact::Day, closes: false }
    }

    /// The next day that is this one of this month.
    fn next_day(&self, month: i16, day: i16) -> Option<Date> {
        let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        let today = self.calendar.today;
        let in_year = |year| Date::new(year, month, day).ok();
        // 29 February waits for its year.
        (0..=4).filter_map(|ahead| in_year(today.year() + ahead)).find(|date| *date >= today)
    }

    /// A date in figures, or with a month's name, that begins at this token.
    fn calendar_date(&self, at: usize) -> Option<Named> {
        if self.number(at).is_some() {
            if self.is_inside_a_number(at) {
                return None;
            }
            return self.ideographic(at).or_else(|| self.figures(at)).or_else(|| self.day_then_month(at));
        }
        self.month_then_day(at)
    }

    /// Phone numbers, amounts and references go on before or behind.
    fn is_inside_a_number(&self, at: usize) -> bool {
        let before = self.before(at);
        before.ends_with(['+', '#', '€', '$', '£', '¥', '№'])
            || (at > 0 && self.number(at - 1).is_some() && matches!(before, "." | "/" | ":"))
            || (at > 0 && before.is_empty() && self.text[at - 1].kind == Kind::Number)
    }

    /// 2026年8月17日, 8月17日.
    fn ideographic(&self, at: usize) -> Option<Named> {
        let first = self.number(at)?;
        if matches!(self.word(at + 1), "年" | "년") {
            let (month, day) = (self.number(at + 2)?, self.number(at + 4));
            if !matches!(self.word(at + 3), "月" | "월") {
                return None;
            }
            return match day.filter(|_| matches!(self.word(at + 5), "日" | "号" | "號" | "일")) {
                Some(day) => Some(self.named(at, at + 6, date(first, month, day)?)),
                None => self.stretch(at, at + 4, month_of(first, month)?),
            };
        }
        if !matches!(self.word(at + 1), "月" | "월") {
            return None;
        }
        match self.number(at + 2).filter(|_| matches!(self.word(at + 3), "日" | "号" | "號" | "일")) {
            Some(day) => Some(self.named(at, at + 4, self.next_day(first, day)?)),
            None if matches!(self.word(at + 2), "上" | "中" | "下") && self.word(at + 3) == "旬" => {
                let part = match self.word(at + 2) {
                    "上" => Part::Early,
                    "中" => Part::Mid,
                    _ => Part::Late,
                };
                self.stretch(at, at + 4, part_of(part, Unit::Month, self.next_month(first)?))
            }
            None => self.stretch(at, at + 2, self.next_month(first)?),
        }
    }

    /// 2026-08-17, 17.8.2026, 8/17/26, 17.8., 8/17.
    fn figures(&self, at: usize) -> Option<Named> {
        let (a, b) = (self.number(at)?, self.number(at + 1)?);
        let joint = self.before(at + 1).trim();
        let tight = self.before(at + 1).len() <= 2 && matches!(joint, "." | "/" | "-" | "‑" | "–");
        if !tight {
            return None;
        }
        let third = self.number(at + 2).filter(|_| self.before(at + 2).trim() == joint);
        if let Some(c) = third {
            let more = self.number(at + 3).is_some() && matches!(self.before(at + 3), "." | "-" | "/");
            if more {
                return None;
            }
            if self.word(at).len() == 4 {
                return Some(self.named(at, at + 3, date(a, b, c)?));
            }
            let year = match self.word(at + 2).len() {
                4 => c,
                2 => 2000 + c,
                _ => return None,
            };
            let (day, month) = self.order(a, b, joint);
            return Some(self.named(at, at + 3, date(year, month, day)?));
        }
        let behind = self.behind(at + 1);
        let amount =
            behind.starts_with(['%', '€', '$', '£', ':']) || behind.starts_with(" %") || behind.starts_with(" €");
        let unit = matches!(
            self.word(at + 2),
            "eur"
                | "euro"
                | "usd"
                | "chf"
                | "gbp"
                | "kr"
                | "zl"
                | "am"
                | "pm"
                | "uhr"
                | "h"
                | "kl"
                | "hrs"
                | "mb"
                | "gb"
                | "k"
                | "millionen"
                | "million"
                | "tl"
                | "rub"
                | "руб"
        );
        let clock = matches!(
            at.checked_sub(1).map_or("", |before| self.word(before)),
            "kl" | "klo" | "version" | "v" | "um" | "godz" | "saat" | "om"
        );
        if amount || unit || clock || self.word(at).len() > 2 || self.word(at + 1).len() > 2 {
            return None;
        }
        let dotted = joint == "." && (behind.starts_with('.') || self.word(at + 1).len() == 2);
        if !(dotted || joint == "/") {
            return None;
        }
        let (day, month) = self.order(a, b, joint);
        Some(self.named(at, at + 2, self.next_day(month, day)?))
    }

    fn order(&self, a: i16, b: i16, joint: &str) -> (i16, i16) {
        let month_first = if a > 12 {
            false
        } else if b > 12 {
            true
        } else {
            self.calendar.month_first && joint != "."
        };
        if month_first { (b, a) } else { (a, b) }
    }

    /// 17. August 2026, 17th of August, 17 de agosto de 2026.
    fn day_then_month(&self, at: usize) -> Option<Named> {
        let day = self.number(at)?;
        let mut next = at + 1;
        for _ in 0..3 {
            if month(self.text.get(next)?).is_some() || !BETWEEN.contains(&self.word(next)) {
                break;
            }
            next += 1;
        }
        let named = self.text.get(next).filter(|token| token.gap != Gap::Full)?;
        if self.before(at + 1).contains(['/', ':', '\n']) && self.before(at + 1) != "\n" {
            return None;
        }
        self.with_year(at, next + 1, month(named)?.into(), day)
    }

    /// August 17th, 2026.
    fn month_then_day(&self, at: usize) -> Option<Named> {
        let month = month(self.text.get(at)?)?;
        let mut next = at + 1;
        if matches!(self.word(next), "the" | "den") {
            next += 1;
        }
        let between = self.before(next);
        if self.text.get(next)?.gap == Gap::Full || between.contains([',', ':', '-', '(']) {
            return None;
        }
        let mut day = self.number(next).filter(|_| self.word(next).len() <= 2)?;
        if self.before(next + 1) == ":" || matches!(self.word(next + 1), "am" | "pm" | "uhr") {
            return None;
        }
        // August 3-14: the day that counts is the last.
        let mut closes = false;
        let joint = self.before(next + 1).trim();
        if let Some(last) =
            self.number(next + 1).filter(|last| matches!(joint, "-" | "–" | "—" | "/") && (day + 1..=31).contains(last))
        {
            (day, closes, next) = (last, true, next + 1);
        }
        let ordinal = usize::from(matches!(self.word(next + 1), "st" | "nd" | "rd" | "th"));
        let found = self.with_year(at, next + 1 + ordinal, month.into(), day)?;
        Some(Named { closes, ..found })
    }

    /// Adds the year that may stand behind.
    fn with_year(&self, at: usize, mut end: usize, month: i16, day: i16) -> Option<Named> {
        let from = end;
        while matches!(self.word(end), "de" | "del" | "of" | "r") && end < from + 1 {
            end += 1;
        }
        if let Some(year) = self.year(end) {
            return Some(self.named(at, end + 1, date(year, month, day)?));
        }
        Some(self.named(at, from, self.next_day(month, day)?))
    }

    fn year(&self, at: usize) -> Option<i16> {
        let token = self.text.get(at).filter(|token| token.gap != Gap::Full && token.text.len() == 4)?;
        token.number().filter(|year| (2000..2100).contains(year))
    }

    /// 17日 after a date, and the days a `day#` phrase did not name.
    fn day_of_month(&self, at: usize, before: Option<&Named>) -> Option<Named> {
        let day = self.number(at)?;
        if !matches!(self.word(at + 1), "日" | "号" | "일") || self.before(at + 1) != "" || self.is_inside_a_number(at)
        {
            return None;
        }
        // 3日間 is how long, not when.
        if matches!(self.word(at + 2), "間" | "以" | "内" | "后" | "後") {
            return None;
        }
        self.day_number(at, at + 2, day, before)
    }

    fn day_number(&self, at: usize, end: usize, day: i16, before: Option<&Named>) -> Option<Named> {
        let day = i8::try_from(day).ok()?;
        let near = before.filter(|before| before.end + 4 >= at && before.exact == Exact::Day);
        let from = near.map_or(self.calendar.today, |before| before.first);
        let first = (0_i32..=12)
            .filter_map(|ahead| from.first_of_month().checked_add(ahead.months()).ok())
            .filter_map(|month| Date::new(month.year(), month.month(), day).ok())
            .find(|date| *date >= from)?;
        Some(self.named(at, end, first))
    }

    fn weekday(&self, at: usize) -> Option<Named> {
        let token = self.text.get(at)?;
        let weekday = *LEXICON.weekdays.get(token.text.trim_end_matches('\''))?;
        // Short names are words of their own in some languages: they count only before a date in figures.
        let short = token.text.chars().count() <= 3 && token.text.is_ascii();
        if short && !(self.calendar_date(at + 1).is_some() && self.text.get(at + 1)?.gap != Gap::Full) {
            return None;
        }
        let ahead = i32::from((weekday - self.calendar.today.weekday().to_monday_one_offset() + 6).rem_euclid(7) + 1);
        let first = self.calendar.today.checked_add(ahead.days()).ok()?;
        Some(Named { exact: Exact::Near, ..self.named(at, at + 1, first) })
    }

    fn phrase(&self, kind: DateKind, start: usize, end: usize, before: Option<&Named>) -> Option<Named> {
        let today = self.calendar.today;
        let found = self.text.get(start..end)?;
        let count = || found.iter().find_map(number);
        let (which, end) = match self.year(end) {
            Some(year) if matches!(kind.which, Which::Number | Which::Fixed(_) | Which::Named) => (Some(year), end + 1),
            _ => (None, end),
        };
        let ahead = match kind.which {
            Which::Ahead(ahead) => Some(ahead),
            Which::AheadNumber => Some(count()?),
            Which::Number | Which::Fixed(_) | Which::Named => None,
        };
        let days = match (kind.unit, kind.which) {
            (Unit::Day, Which::Number) => return self.day_number(start, end, count()?, before),
            (Unit::Month, Which::Named) => {
                let month = found.iter().find_map(month)?;
                self.month_in(i16::from(month), which)?
            }
            (Unit::Quarter, Which::Fixed(nth)) => self.quarter_in(nth, which)?,
            (Unit::Quarter, Which::Number) => self.quarter_in(count()?, which)?,
            (Unit::Week, Which::Number) => self.week_in(count()?, which)?,
            (Unit::Year, Which::Number) => year_of(count().filter(|year| (2000..2100).contains(year))?)?,
            (unit, _) => {
                let counted = ahead?;
                // "In two months" is a day; "next month" is all of it.
                if kind.which == Which::AheadNumber || unit == Unit::Day {
                    let day = today.checked_add(span(unit, counted)).ok()?;
                    return Some(Named { exact: Exact::Near, ..self.named(start, end, day) });
                }
                stretch_ahead(today, unit, counted)?
            }
        };
        self.stretch(start, end, part_of(kind.part, kind.unit, days))
    }

    fn stretch(&self, start: usize, end: usize, (first, last): (Date, Date)) -> Option<Named> {
        Some(Named { start, end, first, last, exact: Exact::Stretch, closes: false })
    }

    fn next_month(&self, month: i16) -> Option<(Date, Date)> {
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

    fn quarter_in(&self, nth: i16, year: Option<i16>) -> Option<(Date, Date)> {
        let of = |year| {
            let (first, _) = month_of(year, nth * 3 - 2)?;
            Some((first, month_of(year, nth * 3)?.1))
        };
        match year.filter(|_| (1..=4).contains(&nth)) {
            Some(year) => of(year),
            None if (1..=4).contains(&nth) => (0..=1)
                .filter_map(|ahead| of(self.calendar.today.year() + ahead))
                .find(|days| days.1 >= self.calendar.today),
            None => None,
        }
    }

    fn week_in(&self, nth: i16, year: Option<i16>) -> Option<(Date, Date)> {
        let nth = i8::try_from(nth).ok()?;
        let of = |year| {
            let monday = jiff::civil::ISOWeekDate::new(year, nth, Weekday::Monday).ok()?.date();
            Some((monday, monday.checked_add(6.days()).ok()?))
        };
        match year {
            Some(year) => of(year),
            None => (0..=1)
                .filter_map(|ahead| of(self.calendar.today.year() + ahead))
                .find(|days| days.1 >= self.calendar.today),
        }
    }

    /// Does a range end with this date?
    fn closes(&self, found: &Named, before: Option<&Named>) -> bool {
        let joint = self.before(found.start);
        let dash = joint.contains(['-', '–', '—', '~', '〜', '～', '−']);
        let counted = found.start.checked_sub(1).is_some_and(|at| {
            self.number(at).is_some_and(|day| (1..=31).contains(&day))
                || before.is_some_and(|before| before.end == at + 1)
        });
        found.closes || dash && counted
    }

    /// Takes a date that stands right behind another into it, where both name one day.
    fn merge(&self, before: &mut Named, found: &Named) -> bool {
        if found.closes {
            return false;
        }
        let weekday =
            |named: &Named| named.exact == Exact::Near && named.end == named.start + 1 && self.is_weekday(named.start);
        let week = |named: &Named| {
            named.exact == Exact::Stretch && named.first.until(named.last).is_ok_and(|span| span.get_days() == 6)
        };
        let merged = match (weekday(before), weekday(found)) {
            (true, false) if found.exact == Exact::Day => Some((found.first, found.last, Exact::Day)),
            (true, false) if week(found) => in_week(found.first, before.first).map(|day| (day, day, Exact::Near)),
            (false, true) if week(before) => in_week(before.first, found.first).map(|day| (day, day, Exact::Near)),
            (false, true) if before.exact == Exact::Day => Some((before.first, before.last, Exact::Day)),
            (true, false) if found.exact == Exact::Near => Some((found.first, found.last, Exact::Near)),
            _ => None,
        };
        let Some((first, last, exact)) = merged else { return false };
        *before = Named { start: before.start, end: found.end, first, last, exact, closes: before.closes };
        true
    }

    fn is_weekday(&self, at: usize) -> bool {
        LEXICON.weekdays.contains_key(self.word(at).trim_end_matches('\''))
    }
}

/// Words between a day and its month.
const BETWEEN: [&str; 18] =
    ["de", "of", "st", "nd", "rd", "th", "e", "er", "ere", "ste", "te", "o", "a", "d'", "del", "den", "го", "eme"];

/// The day or month of one of two dates, in the year that the other names.
fn in_named_year(one: &Named, other: &Named) -> Option<(Date, Date)> {
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

fn in_week(monday: Date, weekday: Date) -> Option<Date> {
    monday.checked_add(i32::from(weekday.weekday().to_monday_zero_offset()).days()).ok()
}

/// The month a word names.
pub(super) fn month(token: &Token) -> Option<i8> {
    LEXICON.months.get(token.text.trim_end_matches('\'')).copied()
}

/// The number a token writes in figures or in words.
pub(super) fn number(token: &Token) -> Option<i16> {
    token.number().or_else(|| LEXICON.numbers.get(&token.text).copied())
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok().filter(|_| (2000..2100).contains(&year))
}

fn month_of(year: i16, month: i16) -> Option<(Date, Date)> {
    let first = date(year, month, 1)?;
    Some((first, first.last_of_month()))
}

fn year_of(year: i16) -> Option<(Date, Date)> {
    Some((date(year, 1, 1)?, date(year, 12, 31)?))
}

fn span(unit: Unit, count: i16) -> Span {
    let count = i64::from(count);
    match unit {
        Unit::Day => count.days(),
        Unit::Week => count.weeks(),
        Unit::Month => count.months(),
        Unit::Quarter => (3 * count).months(),
        Unit::Year => count.years(),
    }
}

/// The whole week, month, quarter or year that is so many after today's.
fn stretch_ahead(today: Date, unit: Unit, ahead: i16) -> Option<(Date, Date)> {
    let then = today.checked_add(span(unit, ahead)).ok()?;
    match unit {
        Unit::Day => Some((then, then)),
        Unit::Week => {
            let monday = then.checked_sub(i32::from(then.weekday().to_monday_zero_offset()).days()).ok()?;
            Some((monday, monday.checked_add(6.days()).ok()?))
        }
        Unit::Month => month_of(then.year(), then.month().into()),
        Unit::Quarter => {
            let first = (i16::from(then.month()) - 1) / 3 * 3 + 1;
            Some((month_of(then.year(), first)?.0, month_of(then.year(), first + 2)?.1))
        }
        Unit::Year => year_of(then.year()),
    }
}

/// The beginning, middle or end of a stretch, as people mean it.
fn part_of(part: Part, unit: Unit, (first, last): (Date, Date)) -> (Date, Date) {
    // Days that "early", "mid" and "late" begin after the start, and last.
    let (early, mid, late) = match unit {
        Unit::Day => (0, 0, 0),
        Unit::Week => (1, 2, 3),
        Unit::Month => (6, 14, 24),
        Unit::Quarter => (20, 40, 70),
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
