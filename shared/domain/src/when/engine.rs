//! How the answer is found: first what the mail waits for, then day by day.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::day::{Opening, Rules};
use super::pace::Caps;
use super::{Agenda, Ask, Booking, Breaker, NotBefore, Plan, Reason, Slot, plus};

/// Days looked at before giving up; ten years.
const MOST_DAYS: usize = 3660;
/// Days named one by one in the reasons; the others are counted.
const NAMED_DAYS: u32 = 6;
/// How soon a held mail is looked at again.
const HELD: u32 = 3600;

/// Where to begin, and why.
struct Start<'a> {
    rules: Rules<'a>,
    /// The earliest instant: now, or the end of the longest wait.
    at: Timestamp,
    /// Is the wait one for a day, so that any hour of it will do?
    whole_day: bool,
    why: Why,
}

impl<'a> Start<'a> {
    fn of(ask: &'a Ask) -> Self {
        let rules = Rules::of_lead(ask);
        let zone = rules.zone.clone();
        let whose = match ask.whereabouts.zone {
            Some(_) => Reason::LeadZone { zone },
            None => Reason::AssistantZone { zone },
        };
        let mut start = Self { rules, at: ask.now, whole_day: false, why: Why { reasons: vec![whose], days: 0 } };
        let longest = ask.not_before.iter().map(|wait| start.until(wait)).max_by_key(|(at, _, _)| *at);
        if let Some((at, whole_day, reason)) = longest
            && at > ask.now
        {
            (start.at, start.whole_day) = (at, whole_day);
            start.why.reasons.push(reason);
        }
        start
    }

    /// When a wait ends, whether it is one for a day, and how to say it.
    fn until(&self, wait: &NotBefore) -> (Timestamp, bool, Reason) {
        let day = |date: Date, reason| (self.rules.zone.start_of(date), true, reason);
        let later = |since, days: u16| plus_days(self.rules.date(since), days);
        let shown = |at| self.rules.zone.zone().to_datetime(at);
        match *wait {
            NotBefore::Gap { since, days } => {
                day(later(since, days), Reason::Gap { days, since: self.rules.date(since) })
            }
            NotBefore::Absence { back } => day(plus_days(back, 1), Reason::Absence { back }),
            NotBefore::UndatedAbsence { since, days } => day(later(since, days), Reason::UndatedAbsence { days }),
            NotBefore::Pause { until } => (until, false, Reason::Pause { until: shown(until) }),
            NotBefore::Retry { at } => (at, false, Reason::Retry { at: shown(at) }),
            NotBefore::Day { date } => day(date, Reason::DayAsked { date }),
        }
    }

    /// The lead's days from the start on.
    fn days(&self) -> impl Iterator<Item = Date> + use<> {
        let first = self.rules.date(self.at);
        std::iter::successors(Some(first), |date| date.tomorrow().ok()).take(MOST_DAYS)
    }
}

/// The reasons so far, kept to a readable length.
struct Why {
    reasons: Vec<Reason>,
    days: u32,
}

impl Why {
    /// A reason why a day does not serve.
    fn not_on(&mut self, reason: impl FnOnce() -> Reason) {
        self.days += 1;
        if self.days <= NAMED_DAYS {
            self.reasons.push(reason());
        }
    }

    fn finish(mut self, last: Option<Reason>) -> Vec<Reason> {
        if self.days > NAMED_DAYS {
            self.reasons.push(Reason::LaterDays { days: self.days - NAMED_DAYS });
        }
        self.reasons.extend(last);
        self.reasons
    }
}

/// Without an agenda: the day, and where in its window.
pub(super) fn plan(ask: &Ask) -> Plan {
    let mut start = Start::of(ask);
    for date in start.days() {
        let opening = match start.rules.opening(date) {
            Ok(opening) => opening,
            Err(reason) => {
                start.why.not_on(|| reason);
                continue;
            }
        };
        let Some(first) = opening.first_from(start.at) else {
            start.why.not_on(|| start.rules.closed(start.at));
            continue;
        };
        let (until, reason) = if start.whole_day {
            best_hour(ask, &start.rules, &opening, date)
        } else if first == start.at {
            (first, Reason::Free)
        } else {
            if start.why.days == 0 {
                start.why.not_on(|| start.rules.closed(start.at));
            }
            (spread_over(&opening, ask.spread, 1), Reason::Spread)
        };
        return Plan::Wait { until: until.max(first), booking: None, reasons: start.why.finish(Some(reason)) };
    }
    no_day(ask.now, start.why)
}

/// The lead's usual hour if the window has it, else an instant in the first three quarters of the window. The last quarter
/// stays free: a mail that has to queue still leaves on its day.
fn best_hour(ask: &Ask, rules: &Rules<'_>, opening: &Opening, date: Date) -> (Timestamp, Reason) {
    let usual = ask.opens.usual_hour().and_then(|hour| Some((hour, opening.hour(rules.zone.zone(), date, hour)?)));
    match usual {
        Some((hour, from)) => {
            let at = plus(from, u32::try_from(ask.spread % (30 * 60)).unwrap_or(0));
            (if opening.contains(at) { at } else { from }, Reason::UsualHour { hour })
        }
        None => (spread_over(opening, ask.spread, 3), Reason::Spread),
    }
}

/// An instant in the first so many quarters of an opening.
fn spread_over(opening: &Opening, spread: u64, quarters: u64) -> Timestamp {
    let within = spread % (opening.secs() * quarters / 4).max(1);
    opening.after(within).unwrap_or(Timestamp::MAX)
}

/// With an agenda: now, or the first free slot.
pub(super) fn book(ask: &Ask, agenda: &Agenda) -> Plan {
    if let Some(by) = ask.standing.breaker() {
        let bad = if by == Breaker::Bounces { ask.standing.bounced } else { ask.standing.complained };
        let reasons = vec![Reason::Held { by, sent: ask.standing.sent, bad }];
        return Plan::Held { by, until: plus(ask.now, HELD), reasons };
    }
    let mut start = Start::of(ask);
    let mut search = Search { ask, agenda, caps: Caps::of(ask), lost: None };
    if let Some(at) = ask.booked {
        let slot = start.rules.zone.zone().to_datetime(at);
        match search.fate(at, &start) {
            Fate::Reached => {
                let reasons = start.why.finish(Some(Reason::SlotReached { slot }));
                return Plan::SendNow { booking: Booking::default(), reasons };
            }
            Fate::Ahead => {
                let reasons = start.why.finish(Some(Reason::SlotAhead { slot }));
                return Plan::Wait { until: at, booking: Some(Booking::default()), reasons };
            }
            Fate::Lost => {
                start.why.reasons.push(Reason::SlotLost { slot });
                search.lost = Some(Slot { date: search.date(at), at });
            }
        }
    }
    for date in start.days() {
        let opening = match start.rules.opening(date) {
            Ok(opening) => opening,
            Err(reason) => {
                start.why.not_on(|| reason);
                continue;
            }
        };
        let Some(first) = opening.first_from(start.at) else {
            start.why.not_on(|| start.rules.closed(start.at));
            continue;
        };
        if start.why.days == 0 && first > start.at && !start.whole_day {
            start.why.not_on(|| start.rules.closed(start.at));
        }
        match search.first_free(&opening, first) {
            Found::Slot { at, spacing } => {
                let booking = Booking { take: Some(Slot { date: search.date(at), at }), free: search.to_free() };
                if at == ask.now {
                    return Plan::SendNow { booking, reasons: start.why.finish(Some(Reason::Free)) };
                }
                let reasons = start.why.finish(spacing.map(|secs| Reason::Spacing { secs }));
                return Plan::Wait { until: at, booking: Some(booking), reasons };
            }
            Found::Full(reason) => start.why.not_on(|| reason.unwrap_or(Reason::NoSlotLeft { date })),
            Found::NeedsDay(date) => return Plan::NeedsDay { date },
        }
    }
    no_day(ask.now, start.why)
}

fn no_day(now: Timestamp, why: Why) -> Plan {
    let by = Breaker::NoDay;
    Plan::Held { by, until: plus(now, HELD), reasons: why.finish(Some(Reason::Held { by, sent: 0, bad: 0 })) }
}

/// Seconds after its slot in which a mail still is in time: somebody looks once a minute, and may be a minute late.
const IN_TIME: u32 = 150;

/// Looks for a free slot in the days of the assistant.
struct Search<'a> {
    ask: &'a Ask,
    agenda: &'a Agenda,
    caps: Caps,
    /// The slot that this mail had and does not keep: it stands in nobody's way.
    lost: Option<Slot>,
}

/// What is to be made of a slot that was booked.
enum Fate {
    Reached,
    Ahead,
    Lost,
}

enum Found {
    /// A slot, with the spacing if other mails moved it.
    Slot {
        at: Timestamp,
        spacing: Option<u32>,
    },
    /// None in this opening: the cap is reached, or the spacing leaves none.
    Full(Option<Reason>),
    NeedsDay(Date),
}

impl Search<'_> {
    /// The day of the assistant that an instant counts for.
    fn date(&self, at: Timestamp) -> Date {
        self.ask.calendar.zone().date(at)
    }

    fn spacing(&self, date: Date) -> u32 {
        self.caps.spacing(self.caps.on(date))
    }

    fn fate(&self, slot: Timestamp, start: &Start<'_>) -> Fate {
        let now = self.ask.now;
        let allowed =
            |at: Timestamp| start.rules.opening(start.rules.date(at)).is_ok_and(|opening| opening.contains(at));
        let today = self.date(slot);
        if slot > now {
            return if slot >= start.at && allowed(slot) { Fate::Ahead } else { Fate::Lost };
        }
        let in_time = now.duration_since(slot) <= SignedDuration::from_secs(self.spacing(today).max(IN_TIME).into());
        if in_time && self.date(now) == today && start.at <= now && allowed(now) { Fate::Reached } else { Fate::Lost }
    }

    /// A lost slot of a day that is over need not be given back.
    fn to_free(&self) -> Option<Slot> {
        self.lost.filter(|slot| slot.date >= self.date(self.ask.now))
    }

    fn first_free(&self, opening: &Opening, first: Timestamp) -> Found {
        let mut full = None;
        let mut moved = None;
        for (from, to) in opening.stretches() {
            let mut at = from.max(first);
            while at < to {
                let date = self.date(at);
                let Some(day) = self.agenda.day(date) else { return Found::NeedsDay(date) };
                let cap = self.caps.on(date);
                let freed = u32::from(self.lost.is_some_and(|slot| slot.date == date && day.has(slot.at)));
                if day.booked() - freed >= cap.mails {
                    full.get_or_insert(Reason::CapReached { date, cap: cap.mails, ramp_day: cap.ramp_day });
                    at = self.ask.calendar.zone().start_of(plus_days(date, 1)).max(plus(at, 1));
                    continue;
                }
                let spacing = self.caps.spacing(cap);
                let before = at.checked_sub(SignedDuration::from_secs(spacing.into())).unwrap_or(Timestamp::MIN);
                let tomorrow = self.ask.calendar.zone().start_of(plus_days(date, 1));
                let mut clear = at;
                for near in [date, self.date(before), self.date(plus(at, spacing))] {
                    let Some(day) = self.agenda.day(near) else { return Found::NeedsDay(near) };
                    clear = clear.max(day.clear_from(at, spacing, self.lost.map(|slot| slot.at), tomorrow));
                }
                if clear == at {
                    return Found::Slot { at, spacing: moved };
                }
                (at, moved) = (clear, Some(spacing));
            }
        }
        Found::Full(full)
    }
}

fn plus_days(date: Date, days: u16) -> Date {
    date.checked_add(i64::from(days).days()).unwrap_or(Date::MAX)
}
