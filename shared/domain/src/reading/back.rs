//! Which of a text's dates is the day on which somebody is back, or wants to hear from us.
//!
//! A date by a word of return comes before the end of an absence, this before a day on which somebody is away; a date of
//! departure is never it.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::calendar::{Calendar, Exact, Named, working_day};
use super::lexicon::{LEXICON, Sense};
use super::phrase::Hit;
use super::text::Text;
use super::tokens::Gap;

/// The first day back that a text names, seen from the writer's day: "back on Monday", "until 14 August", "talk in
/// January". `month_first` reads 8/3 as 3 August where the text leaves it open.
///
/// Where only the last day away is named it is the next working day, where a month, a quarter or a week is named, its
/// first working day. `None` where no date is named, or only one that has passed.
///
/// ```
/// use jiff::civil::date;
/// let monday = date(2026, 8, 3);
/// assert_eq!(domain::return_date("Back in the office on 17 August.", monday, false), Some(date(2026, 8, 17)));
/// assert_eq!(domain::return_date("Ich bin bis 14.08. im Urlaub.", monday, false), Some(date(2026, 8, 17)));
/// assert_eq!(domain::return_date("I am away. Phone 555-0134, room 217.", monday, false), None);
/// ```
pub fn return_date(text: &str, today: Date, month_first: bool) -> Option<Date> {
    let calendar = Calendar { today, month_first };
    let text = Text::new(text, Some(calendar));
    first_day_back(&text, calendar).or_else(|| day_to_write(&text, calendar))
}

/// The first day after an absence.
pub(super) fn first_day_back(text: &Text<'_>, calendar: Calendar) -> Option<Date> {
    let until = named_in(text, Sense::Until, calendar).filter(|named| !is_opening_hours(text, named));
    let until: Vec<Named> =
        until.chain(text.dates.iter().filter(|named| named.closes && counts(named, calendar)).copied()).collect();
    let last_away = until.iter().filter(|named| away_near(text, named)).chain(&until).next().copied();
    let after = named_in(text, Sense::After, calendar).next();
    let mut returns: Vec<(bool, Named)> = dated(text, Sense::Back, calendar)
        .filter(|(hit, named)| !is_opening_hours(text, named) && !ends_before_return(text, hit, named))
        .filter(|(hit, named)| named.exact != Exact::Day || !says_after(text, hit, named))
        .filter(|(hit, named)| !leaves_before_return(text, hit, named) && !is_denied(text, hit, named))
        .map(|(hit, named)| (hit.start == named.start, named))
        .collect();
    // "Back on Tuesday" says it more plainly than "on Monday I travel back".
    returns.sort_by_key(|(dated_first, _)| *dated_first);
    let returns: Vec<Named> = returns.into_iter().map(|(_, named)| named).collect();
    let others = || returns.iter().filter(|named| !named.closes && !until.contains(named));
    let exact = || {
        let leaves = |named: &&Named| last_away.is_none_or(|away| named.first > away.first);
        others().filter(|named| named.exact == Exact::Day).find(leaves)
    };
    if let Some(back) = exact().or_else(|| others().next()).or(returns.first()) {
        let last_away = last_away.or_else(|| day_away_before(text, back, calendar));
        return Some(on_or_after(back, last_away, calendar));
    }
    let mut answers: Vec<(bool, Named)> =
        dated(text, Sense::Answer, calendar).map(|(hit, named)| (hit.start == named.start, named)).collect();
    answers.sort_by_key(|(dated_first, _)| *dated_first);
    let answer = answers.into_iter().map(|(_, named)| named).find(|named| !is_opening_hours(text, named));
    if let Some(back) = answer.filter(|named| last_away.is_none_or(|away| named.first > away.last)) {
        return Some(first_of(&back, calendar));
    }
    last_away.or(after).map(|named| day_after(&named, calendar)).or_else(|| {
        // A day of last month is no day of next year.
        let soon = |named: &Named| calendar.today.until(named.first).is_ok_and(|span| span.get_days() < 300);
        let away = |named: &&Named| {
            soon(named)
                && away_near(text, named)
                && counts(named, calendar)
                && !departs(text, named)
                && !beside_weekday(text, named)
        };
        let Some(first) = text.dates.iter().find(away) else {
            return only_date(text, calendar).filter(soon).map(|named| first_of(&named, calendar));
        };
        // "Today and tomorrow": the last day of the sentence.
        let sentence = text.sentence(first.start);
        let days = text.dates.iter().filter(away).filter(|named| sentence.contains(&named.start));
        days.max_by_key(|named| named.last).map(whole_day_after)
    })
}

/// Words of a text in which the only date there is is meant.
const SHORT: usize = 60;

/// The day that a short text names, whatever is said of it: "Closed for Pentecost. See you on 2 June!" Of several it is the
/// last: who tells of an absence ends with its end.
fn only_date(text: &Text<'_>, calendar: Calendar) -> Option<Named> {
    let counts = |named: &&Named| counts(named, calendar) && named.last > calendar.today;
    let days = || text.dates.iter().filter(|named| counts(named) && text.tokens.len() <= SHORT);
    let exact = days().any(|named| named.exact == Exact::Day);
    let fits = |named: &&Named| {
        (!exact || named.exact != Exact::Stretch)
            && (!departs(text, named) || text.says(Sense::Away) && !away_near(text, named))
            && !beside_weekday(text, named)
    };
    days().rfind(fits).copied()
}

/// The day from which a person wants to hear from us.
pub(super) fn day_to_write(text: &Text<'_>, calendar: Calendar) -> Option<Date> {
    if let Some(named) = named_in(text, Sense::After, calendar).next() {
        return Some(day_after(&named, calendar));
    }
    let wishes = || {
        let later = text.hits(Sense::Wants(super::Intent::ConnectLater));
        later.chain(text.hits(Sense::Wants(super::Intent::AgreedToMeet)))
    };
    // Later is not today.
    let usable = |named: &&Named| named.last > calendar.today;
    let inside = wishes().find_map(|hit| text.dates_in(hit.start..hit.end).filter(usable).last());
    let beside = || {
        wishes().find_map(|hit| {
            let sentence = text.sentence(hit.start);
            text.dates
                .iter()
                .filter(usable)
                .filter(|named| sentence.contains(&named.start))
                .find(|named| !departs(text, named))
        })
    };
    let back = || named_in(text, Sense::Back, calendar).next();
    let until = || named_in(text, Sense::Until, calendar).next();
    if let Some(named) = inside.or_else(beside).copied().or_else(back) {
        let busy = named_in(text, Sense::Until, calendar).any(|until| until == named);
        return Some(if busy && named.exact != Exact::Stretch {
            day_after(&named, calendar)
        } else {
            first_of(&named, calendar)
        });
    }
    if let Some(named) = until() {
        return Some(day_after(&named, calendar));
    }
    // Said in a sentence of its own: "Maybe later. In March?"
    text.dates.iter().filter(usable).find(|named| !departs(text, named)).map(|named| first_of(named, calendar))
}

/// The dates of the phrases that say this, in the order of the text.
fn named_in<'a>(text: &'a Text<'_>, sense: Sense, calendar: Calendar) -> impl Iterator<Item = Named> + 'a {
    dated(text, sense, calendar).map(|(_, named)| named)
}

fn dated<'a>(
    text: &'a Text<'_>,
    sense: Sense,
    calendar: Calendar,
) -> impl Iterator<Item = (&'a Hit<Sense>, Named)> + 'a {
    text.hits(sense).filter_map(move |hit| {
        // Of two dates in a phrase the one nearer to its end was meant.
        let named = text.dates_in(hit.start..hit.end).last()?;
        counts(named, calendar).then_some((hit, *named))
    })
}

/// "Back after the 14th" leaves the 14th.
fn says_after(text: &Text<'_>, hit: &Hit<Sense>, named: &Named) -> bool {
    let mut afters = text.hits_in(Sense::After, hit.start..named.start + 1);
    // "The Monday after, 19 October" is no day after that.
    let pauses = |after: &Hit<Sense>| {
        let between = text.tokens.get(after.start + 1..=named.start).unwrap_or_default();
        between.iter().any(|token| token.gap != Gap::Space)
    };
    afters.any(|after| after.language == hit.language && within(named, after) && !pauses(after))
}

/// "Off today, back tomorrow": the date before the word of return is not its date where another follows.
fn ends_before_return(text: &Text<'_>, hit: &Hit<Sense>, named: &Named) -> bool {
    let dated_first = text.dates_in(hit.start..hit.end).next().is_some_and(|first| first.start == hit.start);
    let mut others = text.hits_in(Sense::Back, named.end..hit.end);
    dated_first && others.any(|other| text.dates_in(other.start..other.end).next().is_some())
}

/// "On leave from 13 July and back on 3 August": a day of departure before the word of return is not its date.
fn leaves_before_return(text: &Text<'_>, hit: &Hit<Sense>, named: &Named) -> bool {
    let ends_with_word = hit.end > named.end;
    let mut dates_behind = text.dates_in(named.end..text.sentence(named.start).end);
    ends_with_word && departs(text, named) && dates_behind.next().is_some()
}

/// "On Monday we are not back": what stands between the date and the word of return denies it.
fn is_denied(text: &Text<'_>, hit: &Hit<Sense>, named: &Named) -> bool {
    let first = hit.start == named.start || text.dates_in(hit.start..hit.end).next().is_some_and(|date| date == named);
    first && hit.end > named.end && text.hits_in(Sense::Not, named.end..hit.end).next().is_some()
}

fn within(named: &Named, hit: &Hit<Sense>) -> bool {
    hit.start <= named.start && named.end <= hit.end
}

fn counts(named: &Named, calendar: Calendar) -> bool {
    !named.is_past(calendar.today)
}

fn away_near(text: &Text<'_>, named: &Named) -> bool {
    let sentence = text.sentence(named.start);
    // No phrase is longer than 64 tokens.
    let mut away = text.hits_in(Sense::Away, sentence.start.saturating_sub(64)..sentence.end);
    away.any(|hit| hit.end > sentence.start)
}

/// Is it the day on which the absence begins?
fn departs(text: &Text<'_>, named: &Named) -> bool {
    let behind = text.dates.iter().skip(text.dates.partition_point(|other| other.start < named.end));
    let opens = behind.take_while(|other| other.start <= named.end + 3).any(|other| other.closes);
    opens || text.hits_in(Sense::From, named.start.saturating_sub(64)..named.end).any(|hit| within(named, hit))
}

/// "Monday to Friday" is when somebody works, unless they say that they are away.
fn is_opening_hours(text: &Text<'_>, named: &Named) -> bool {
    beside_weekday(text, named) && !away_near(text, named)
}

fn beside_weekday(text: &Text<'_>, named: &Named) -> bool {
    let weekday = |named: &Named| {
        named.exact == Exact::Near
            && named.end == named.start + 1
            && LEXICON.weekdays.contains_key(&text.tokens[named.start].text)
    };
    let near = text.dates_in(named.start.saturating_sub(4)..named.start + 6);
    weekday(named) && near.into_iter().any(|other| weekday(other) && other.start != named.start)
}

/// "On leave on 21 September, back the Monday after": the last day said to be spent away before the word of return.
fn day_away_before(text: &Text<'_>, back: &Named, calendar: Calendar) -> Option<Named> {
    let before = text.dates.iter().take_while(|named| named.end <= back.start);
    before
        .filter(|named| named.exact == Exact::Day && counts(named, calendar) && away_near(text, named))
        .last()
        .copied()
}

/// A weekday after the last day away is the one that follows it.
fn on_or_after(back: &Named, last_away: Option<Named>, calendar: Calendar) -> Date {
    match last_away {
        Some(away)
            if back.exact == Exact::Near
                && back.first <= away.last
                && away.exact == Exact::Day
                && away.start != back.start =>
        {
            let weekday = back.first.weekday();
            let mut days = (1..=7).filter_map(|ahead: i32| away.last.checked_add(ahead.days()).ok());
            days.find(|day| day.weekday() == weekday).unwrap_or(back.first)
        }
        _ => first_of(back, calendar),
    }
}

/// A day itself; of a stretch the first working day that is not over.
fn first_of(named: &Named, calendar: Calendar) -> Date {
    if named.first == named.last {
        return named.first;
    }
    let tomorrow = calendar.today.checked_add(1.days()).unwrap_or(calendar.today);
    let day = working_day(named.first.max(tomorrow));
    if day <= named.last { day } else { named.last }
}

/// The next working day after a last day away. A stretch ends the absence somewhere in it, unless
/// it is the last of several.
fn day_after(named: &Named, calendar: Calendar) -> Date {
    if named.exact == Exact::Stretch && !named.closes {
        // "Until the end of August" leaves its last day.
        let late = named.last.until(named.first).is_ok_and(|span| span.get_days().abs() < 7)
            && named.last == named.last.last_of_month();
        return if late { named.last } else { first_of(named, calendar) };
    }
    whole_day_after(named)
}

/// The next working day after all of it.
fn whole_day_after(named: &Named) -> Date {
    working_day(named.last.checked_add(1.days()).unwrap_or(named.last))
}
