//! Dates in a text: which day, week, month or quarter its words name, seen from the day it was written.
//!
//! **Invariant:** nothing is made up. A day that no calendar has is no date; numbers in clock times, amounts and phone
//! numbers are none; a date without a year is the next one.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::calendar::{Calendar, Exact, Named, date, in_named_month, in_named_year, month_of, part_of};
use super::lexicon::{LEXICON, Languages, Part, Unit};
use super::phrase::Facts;
use super::tokens::{Gap, Kind, Token};

/// Phrases about dates are looked for before dates are known.
struct NoDates(Languages);

impl Facts for NoDates {
    fn date(&self, _: usize) -> Option<usize> {
        None
    }
    fn number(&self, token: &Token) -> bool {
        number(token, self.0).is_some()
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
        number(token, Languages::MAX).is_some()
    }
    fn month(&self, token: &Token) -> bool {
        month(token).is_some()
    }
}

/// Every date of the text, in its order, none over another.
pub(super) fn dates(source: &str, text: &[Token], calendar: Calendar) -> Vec<Named> {
    let reader = Reader { source, text, calendar, likely: LEXICON.likely(text) };
    let hits = LEXICON.dates.find(text, &NoDates(reader.likely), reader.likely);
    let mut phrases = hits.iter().peekable();
    let mut dates: Vec<Named> = Vec::new();
    let mut at = 0;
    while at < text.len() && dates.len() < MOST {
        let written = reader.calendar_date(at).or_else(|| reader.weekday_with_day(at));
        let written = written.or_else(|| reader.day_of_month(at, dates.last())).or_else(|| reader.nth_weekday(at));
        let mut best = written;
        while let Some(hit) = phrases.next_if(|hit| hit.start <= at) {
            if hit.start == at && best.is_none_or(|best| best.exact == Exact::Near || hit.end > best.end) {
                best = reader.phrase(hit.sense, hit.start, hit.end, dates.last()).or(best);
            }
        }
        let Some(mut found) = best.or_else(|| reader.weekday(at)).or_else(|| reader.month_alone(at)) else {
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
            // "The 17th of next month" is one day.
            Some(before) if before.end + 2 >= found.start && in_named_month(before, &found).is_some() => {
                if let Some(day) = in_named_month(before, &found) {
                    *before = Named { end: found.end, first: day, last: day, ..*before };
                }
            }
            // "Monday, 17 August" and "Monday next week" are one date.
            Some(before) if reader.past_articles(before.end) == found.start && text[found.start].gap != Gap::Full => {
                if !reader.merge(before, &found) {
                    dates.push(found);
                }
            }
            _ => dates.push(found),
        }
    }
    dates
}

/// Dates of a text that are read; nobody names more, and each takes time to be weighed.
const MOST: usize = 200;

/// Reads the dates of one text.
pub(super) struct Reader<'a> {
    source: &'a str,
    pub(super) text: &'a [Token],
    pub(super) calendar: Calendar,
    /// Only the short words of these languages are names.
    pub(super) likely: Languages,
}

impl Reader<'_> {
    pub(super) fn number(&self, at: usize) -> Option<i16> {
        self.text.get(at).and_then(Token::number)
    }

    pub(super) fn word(&self, at: usize) -> &str {
        self.text.get(at).map_or("", |token| token.text.as_str())
    }

    /// What stands between a token and the one before it.
    pub(super) fn before(&self, at: usize) -> &str {
        match (at.checked_sub(1).and_then(|before| self.text.get(before)), self.text.get(at)) {
            (Some(before), Some(token)) => self.source.get(before.end..token.start).unwrap_or_default(),
            _ => "",
        }
    }

    /// What stands behind a token.
    pub(super) fn behind(&self, at: usize) -> &str {
        let end = self.text.get(at).map_or(0, |token| token.end);
        let next = self.text.get(at + 1).map_or(self.source.len(), |token| token.start);
        self.source.get(end..next).unwrap_or_default()
    }

    pub(super) fn named(&self, at: usize, end: usize, date: Date) -> Named {
        Named { start: at, end, first: date, last: date, exact: Exact::Day, closes: false }
    }

    /// The month a token names, in a language of the text if the name is short.
    pub(super) fn month(&self, token: &Token) -> Option<i8> {
        let (month, languages) = *LEXICON.months.get(token.text.trim_end_matches('\''))?;
        self.may_name(token, languages).then_some(month)
    }

    pub(super) fn may_name(&self, token: &Token, languages: Languages) -> bool {
        token.text.len() > 3 || languages & self.likely != 0
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
    pub(super) fn calendar_date(&self, at: usize) -> Option<Named> {
        if self.cjk_month(at).is_some() {
            return self.ideographic(at);
        }
        if self.number(at).is_some() {
            if self.is_inside_a_number(at) {
                return None;
            }
            return self.ideographic(at).or_else(|| self.figures(at)).or_else(|| self.day_then_month(at));
        }
        self.month_then_day(at)
    }

    /// Phone numbers, amounts and references go on before or behind.
    pub(super) fn is_inside_a_number(&self, at: usize) -> bool {
        let before = self.before(at);
        before.ends_with(['+', '#', '€', '$', '£', '¥', '№'])
            || (at > 0 && self.number(at - 1).is_some() && matches!(before, "." | "/" | ":"))
            || (at > 0 && before.is_empty() && self.text[at - 1].kind == Kind::Number)
            // 17-8-99 goes on, 3-7 does not.
            || (at > 0 && self.number(at - 1).is_some() && before == "-" && self.before(at + 1) == "-")
    }

    /// 2026年8月17日, 8月17日.
    fn ideographic(&self, at: usize) -> Option<Named> {
        if let Some((month, end)) = self.cjk_month(at) {
            return self.stretch(at, end, self.next_month(month)?);
        }
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

    /// 三月, 十二月, and where they end.
    fn cjk_month(&self, at: usize) -> Option<(i16, usize)> {
        let digit = |at: usize| {
            "一二三四五六七八九".chars().zip(1..).find(|(c, _)| self.word(at).starts_with(*c)).map(|(_, n)| n)
        };
        let (month, end) = match (self.word(at), digit(at), digit(at + 1)) {
            ("十", _, Some(ones)) => (10 + ones, at + 2),
            ("十", _, None) => (10, at + 1),
            (_, Some(ones), _) => (ones, at + 1),
            _ => return None,
        };
        (self.word(end) == "月").then_some((month, end + 1))
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
                2 => Some(2000 + c).filter(|year| year.abs_diff(self.calendar.today.year()) <= 10)?,
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
            if self.month(self.text.get(next)?).is_some() || !BETWEEN.contains(&self.word(next)) {
                break;
            }
            next += 1;
        }
        let named = self.text.get(next).filter(|token| token.gap != Gap::Full)?;
        if self.before(at + 1).contains(['/', ':', '\n']) && self.before(at + 1) != "\n" {
            return None;
        }
        self.with_year(at, next + 1, self.month(named)?.into(), day)
    }

    /// August 17th, 2026.
    pub(super) fn month_then_day(&self, at: usize) -> Option<Named> {
        let month = self.month(self.text.get(at)?)?;
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

    /// A month with its year, in any language; in Finnish its ending alone says when.
    fn month_alone(&self, at: usize) -> Option<Named> {
        let token = self.text.get(at)?;
        let month = i16::from(self.month(token)?);
        if let Some(year) = self.year(at + 1) {
            return self.stretch(at, at + 2, month_of(year, month)?);
        }
        let ends = ["kuussa", "kuuta", "kuulle", "kuulta"];
        if !ends.iter().any(|end| token.text.ends_with(end)) {
            return None;
        }
        self.stretch(at, at + 1, self.next_month(month)?)
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

    pub(super) fn year(&self, at: usize) -> Option<i16> {
        let token = self.text.get(at).filter(|token| token.gap != Gap::Full && token.text.len() == 4)?;
        token.number().filter(|year| (2000..2100).contains(year))
    }

    /// 17日 after a date, and the days a `day#` phrase did not name.
    fn day_of_month(&self, at: usize, before: Option<&Named>) -> Option<Named> {
        let day = self.number(at)?;
        if !matches!(self.word(at + 1), "日" | "号" | "일")
            || !self.before(at + 1).is_empty()
            || self.is_inside_a_number(at)
        {
            return None;
        }
        // 3日間 is how long, not when.
        if matches!(self.word(at + 2), "間" | "内" | "后" | "後")
            || self.word(at + 2) == "以" && !matches!(self.word(at + 3), "降" | "后" | "後")
        {
            return None;
        }
        self.day_number(at, at + 2, day, before)
    }

    pub(super) fn day_number(&self, at: usize, end: usize, day: i16, before: Option<&Named>) -> Option<Named> {
        let day = i8::try_from(day).ok()?;
        let near = before.filter(|before| before.end + 4 >= at && before.exact == Exact::Day);
        let from = near.map_or(self.calendar.today, |before| before.first);
        let first = (0_i32..=12)
            .filter_map(|ahead| from.first_of_month().checked_add(ahead.months()).ok())
            .filter_map(|month| Date::new(month.year(), month.month(), day).ok())
            .find(|date| *date >= from)?;
        Some(self.named(at, end, first))
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
}

/// Words between a day and its month.
const BETWEEN: [&str; 20] = [
    "de", "of", "st", "nd", "rd", "th", "e", "er", "ere", "ste", "te", "o", "a", "d'", "del", "den", "го", "eme",
    "ten", "ter",
];

/// The month a word names.
pub(super) fn month(token: &Token) -> Option<i8> {
    LEXICON.months.get(token.text.trim_end_matches('\'')).map(|(month, _)| *month)
}

/// The number a token writes in figures, or in words of these languages.
pub(super) fn number(token: &Token, languages: Languages) -> Option<i16> {
    let written = || LEXICON.numbers.get(&token.text).filter(|(_, its)| its & languages != 0);
    token.number().or_else(|| written().map(|(number, _)| *number))
}
