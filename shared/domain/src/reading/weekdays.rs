//! Days of the week, and the dates that stand beside them.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use super::calendar::{Exact, Named, in_week, month_of};
use super::dates::Reader;
use super::lexicon::LEXICON;
use super::tokens::{Gap, Kind};

/// Words between a weekday and its date.
const ARTICLES: [&str; 16] =
    ["の", "the", "den", "dem", "der", "d", "le", "el", "il", "dia", "de", "del", "dne", "dnia", "w", "feira"];

impl Reader<'_> {
    /// Where what follows an article or two begins.
    pub(super) fn past_articles(&self, at: usize) -> usize {
        let article = |at: &usize| {
            self.text.get(*at).is_some_and(|token| token.gap != Gap::Full && ARTICLES.contains(&token.text.as_str()))
        };
        (at..at + 2).find(|at| !article(at)).unwrap_or(at + 2)
    }

    /// Monday 17, lundi le 17, segunda-feira, dia 17: a day of this month or the next that is this weekday.
    pub(super) fn weekday_with_day(&self, at: usize) -> Option<Named> {
        let weekday = self.weekday_at(at)?;
        let next = self.past_articles(at + 1);
        let token = self.text.get(next).filter(|token| token.kind == Kind::Number && token.gap != Gap::Full)?;
        let day = token.number().and_then(|day| i8::try_from(day).ok())?;
        let behind = self.behind(next);
        let goes_on = behind.trim_start().starts_with(['-', '–', ':', '/', '%', '€', '$']);
        let counts = matches!(
            self.word(next + 1),
            "h" | "uhr" | "am" | "pm" | "hrs" | "o" | "時" | "时" | "点" | "點" | "heures" | "horas" | "ore" | "uur"
        );
        if goes_on || counts || self.is_inside_a_number(next) || self.calendar_date(next).is_some() {
            return None;
        }
        let today = self.calendar.today;
        let first = (0_i32..=1)
            .filter_map(|ahead| today.first_of_month().checked_add(ahead.months()).ok())
            .filter_map(|month| Date::new(month.year(), month.month(), day).ok())
            .find(|date| *date >= today && date.weekday().to_monday_one_offset() == weekday)?;
        let ordinal = usize::from(matches!(self.word(next + 1), "st" | "nd" | "rd" | "th" | "e" | "er"));
        Some(self.named(at, next + 1 + ordinal, first))
    }

    /// The first Monday of March, le premier lundi de mars, letzter Freitag im Mai 2027.
    pub(super) fn nth_weekday(&self, at: usize) -> Option<Named> {
        let token = self.text.get(at)?;
        let written = || LEXICON.ordinals.get(&token.text).filter(|(_, its)| its & self.likely != 0);
        let figure = || token.number().filter(|nth| (1..=4).contains(nth));
        let nth = written().map(|(nth, _)| *nth).or_else(figure)?;
        let day = (at + 1..at + 3).find(|at| self.weekday_at(*at).is_some())?;
        let month =
            (day + 1..day + 4).find(|at| self.text.get(*at).is_some_and(|token| self.month(token).is_some()))?;
        let sentence = self.text.get(at + 1..=month)?;
        if sentence.iter().any(|token| token.gap != Gap::Space) {
            return None;
        }
        let month_named = i16::from(self.month(self.text.get(month)?)?);
        let (first, end) = match self.year(month + 1) {
            Some(year) => (month_of(year, month_named)?.0, month + 2),
            None => (self.next_month(month_named)?.0, month + 1),
        };
        let weekday = Weekday::from_monday_one_offset(self.weekday_at(day)?).ok()?;
        let date = first.nth_weekday_of_month(i8::try_from(nth).ok()?, weekday).ok()?;
        Some(self.named(at, end, date))
    }

    /// 月曜, 月曜日: which day, and where it ends.
    fn cjk_weekday(&self, at: usize) -> Option<(i8, usize)> {
        let day = "月火水木金土日".chars().zip(1..).find(|(c, _)| self.word(at).starts_with(*c)).map(|(_, day)| day)?;
        (self.word(at + 1) == "曜").then(|| (day, at + 2 + usize::from(self.word(at + 2) == "日")))
    }

    fn weekday_at(&self, at: usize) -> Option<i8> {
        if let Some((day, _)) = self.cjk_weekday(at) {
            return Some(day);
        }
        let token = self.text.get(at)?;
        let (weekday, languages) = *LEXICON.weekdays.get(token.text.trim_end_matches('\''))?;
        self.may_name(token, languages).then_some(weekday)
    }

    pub(super) fn weekday(&self, at: usize) -> Option<Named> {
        let token = self.text.get(at)?;
        let weekday = self.weekday_at(at)?;
        // Short names are words of their own in some languages: they count only before a date in figures.
        let end = self.cjk_weekday(at).map_or(at + 1, |(_, end)| end);
        let short = token.text.chars().count() <= 3 && token.text.is_ascii();
        if short && !(self.calendar_date(at + 1).is_some() && self.text.get(at + 1)?.gap != Gap::Full) {
            return None;
        }
        let ahead = i32::from((weekday - self.calendar.today.weekday().to_monday_one_offset() + 6).rem_euclid(7) + 1);
        let first = self.calendar.today.checked_add(ahead.days()).ok()?;
        Some(Named { exact: Exact::Near, ..self.named(at, end, first) })
    }

    /// Takes a date that stands right behind another into it, where both name one day.
    pub(super) fn merge(&self, before: &mut Named, found: &Named) -> bool {
        if found.closes {
            return false;
        }
        let weekday = |named: &Named| named.exact == Exact::Near && named.end == self.weekday_end(named.start);
        let week = |named: &Named| {
            named.exact == Exact::Stretch && named.first.until(named.last).is_ok_and(|span| span.get_days() == 6)
        };
        let merged = match (weekday(before), weekday(found)) {
            (true, false) if found.exact == Exact::Day => Some((found.first, found.last, Exact::Day)),
            (true, false) if week(found) => in_week(found.first, before.first).map(|day| (day, day, Exact::Near)),
            (false, true) if week(before) => in_week(before.first, found.first).map(|day| (day, day, Exact::Near)),
            (false, true) if before.exact == Exact::Day => Some((before.first, before.last, Exact::Day)),
            // "Friday morning" is not tomorrow where one word is both.
            (true, false) if found.exact == Exact::Near => Some((before.first, before.last, Exact::Near)),
            _ => None,
        };
        let Some((first, last, exact)) = merged else { return false };
        *before = Named { start: before.start, end: found.end, first, last, exact, closes: before.closes };
        true
    }

    /// Where the weekday's name that begins here ends; here, where none does.
    fn weekday_end(&self, at: usize) -> usize {
        match self.cjk_weekday(at) {
            Some((_, end)) => end,
            None => at + usize::from(self.weekday_at(at).is_some()),
        }
    }
}
