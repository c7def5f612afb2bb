//! What of an agenda decided.

use jiff::civil::Date;

use super::{Agenda, AgendaDay, Ask, Standing};

/// Days that a breaker looks back on.
const LOOKS_BACK_DAYS: i64 = 7;

impl Agenda {
    /// How the mails of the 7 days up to `today` were received, none of them from before `since`.
    pub fn standing(&self, today: Date, since: Option<Date>) -> Standing {
        let week = today.saturating_sub(jiff::Span::new().days(LOOKS_BACK_DAYS - 1));
        let from = since.map_or(week, |since| since.max(week));
        self.days().filter(|day| (from..=today).contains(&day.date())).map(AgendaDay::standing).sum()
    }

    /// The days that a question about now can depend on.
    pub fn evidence(&self, ask: &Ask) -> Self {
        let today = ask.calendar.date(ask.now);
        let mut seen = Self::default();
        self.days()
            .filter(|day| day.date() >= today.yesterday().unwrap_or(today))
            .for_each(|day| seen.insert(day.clone()));
        seen
    }
}
