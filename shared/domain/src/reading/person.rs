//! What a person wants: the first of the intents, in the order of how binding they are, that their words name.
//!
//! Phrases come before kinds of words (see [`super::gist`]), and a sentence that tells of what was names no wish.

use std::cell::OnceCell;

use super::calendar::{Exact, Named};
use super::gist::{self, Kinds};
use super::intent::{Meant, of_taught, plainly};
use super::lexicon::Sense;
use super::phrase::Hit;
use super::text::Text;
use super::{Intent, TaughtPhrase};

type Found<'t> = Option<(Intent, &'t Hit<Sense>)>;

/// What a person wants; `names_another`: an address that is neither theirs nor ours stands in their words.
pub(super) fn wants(text: &Text<'_>, taught: &[TaughtPhrase], names_another: bool) -> Meant {
    of_taught(text, taught).unwrap_or_else(|| Person { text, names_another, kinds: OnceCell::new() }.wants())
}

/// A person's words while they are read.
struct Person<'t, 'a> {
    text: &'t Text<'a>,
    names_another: bool,
    /// Found when they are first asked for.
    kinds: OnceCell<Kinds>,
}

/// From this weight on kinds of words come before a phrase that only asks.
const STRONG: i32 = 3;

impl<'t> Person<'t, '_> {
    fn wants(&self) -> Meant {
        let binding = self.leaves().or_else(|| self.refers());
        let wish = [Intent::AgreedToMeet, Intent::ConnectLater, Intent::BrochureRequested, Intent::InterestedToProceed];
        if binding.is_none() && self.names_another && !wish.into_iter().any(|it| self.text.says(Sense::Wants(it))) {
            return plainly(Intent::ReferredSomeone, "somebody else's address");
        }
        let found = binding.or_else(|| self.refuses_or_wishes());
        if found.is_none()
            && self.away().is_none()
            && let Some(meant) = self.gist(STRONG)
        {
            return meant;
        }
        let found = found.or_else(|| self.says(Intent::SeekingMoreInfo));
        match found.or_else(|| as_intent(Intent::OutOfOffice, self.away())) {
            Some((intent, hit)) => {
                let sure = if self.text.times(hit.sense) > 1 { 95 } else { 85 };
                let sure =
                    if matches!(intent, Intent::SeekingMoreInfo | Intent::OutOfOffice) { sure - 15 } else { sure };
                Meant { intent, confidence: sure, evidence: vec![self.text.quote(hit)] }
            }
            None => self.gist(1).unwrap_or_else(|| Meant {
                confidence: 50,
                ..plainly(Intent::Responded, "a person's words, none of them known")
            }),
        }
    }

    /// No more mail, or no more work; somebody who writes for another tells of their absence.
    fn leaves(&self) -> Found<'t> {
        let gone = self.says(Intent::Unsubscribed).or_else(|| self.says(Intent::Retired));
        let gone = gone.or_else(|| self.says(Intent::MovedOut));
        let absent = || {
            let for_another = self.text.hits(Sense::StandIn).next()?;
            let until = || self.text.hits(Sense::Until).next();
            let dated = || self.text.dates.iter().any(|named| self.is_to_come(named)).then_some(for_another);
            self.away().or_else(until).or_else(dated)
        };
        gone.or_else(|| as_intent(Intent::OutOfOffice, absent()))
    }

    /// Names somebody else, rather than mention a colleague beside a wish of their own.
    fn refers(&self) -> Found<'t> {
        self.says(Intent::ReferredSomeone).filter(|(_, hit)| {
            let charged = self.names_another || self.kinds().charges(hit.start);
            charged || !self.appointments().any(|meet| self.kinds().dated(meet.start) && !self.is_far(meet))
        })
    }

    fn refuses_or_wishes(&self) -> Found<'t> {
        let invited = || self.laters().find(|hit| self.is_far(hit) && self.kinds().invites(hit.start));
        let meets = || self.appointments().find(|hit| !self.is_far(hit));
        // Who wants to read something first has not put it off, unless they say until when.
        let later = || self.laters().find(|hit| self.kinds().dated(hit.start) || !self.kinds().wants_to_read());
        as_intent(Intent::ConnectLater, invited())
            .or_else(|| self.says(Intent::Deactivated).filter(|(_, hit)| !self.refuses_only_a_part(hit)))
            .or_else(|| as_intent(Intent::Deactivated, self.text.hits(Sense::Gone).next()))
            .or_else(|| as_intent(Intent::AgreedToMeet, meets()))
            .or_else(|| as_intent(Intent::ConnectLater, later().or_else(|| self.appointments().next())))
            .or_else(|| self.says(Intent::BrochureRequested))
            .or_else(|| self.says(Intent::InterestedToProceed))
            .or_else(|| as_intent(Intent::Deactivated, self.text.hits(Sense::Reluctant).next()))
    }

    fn kinds(&self) -> &Kinds {
        self.kinds.get_or_init(|| Kinds::of(self.text))
    }

    fn says(&self, intent: Intent) -> Found<'t> {
        as_intent(intent, self.text.hits(Sense::Wants(intent)).find(|hit| !self.is_told(hit)))
    }

    fn appointments(&self) -> impl Iterator<Item = &'t Hit<Sense>> {
        let meets = self.text.hits(Sense::Wants(Intent::AgreedToMeet));
        meets.filter(|hit| !self.is_of_absence(hit) && !self.is_told(hit))
    }

    fn laters(&self) -> impl Iterator<Item = &'t Hit<Sense>> {
        let laters = self.text.hits(Sense::Wants(Intent::ConnectLater));
        laters.filter(|hit| !self.is_of_absence(hit) && !self.is_told(hit) && !self.kinds().deals(hit.start))
    }

    fn away(&self) -> Option<&'t Hit<Sense>> {
        let away = self.text.hits(Sense::Away).find(|hit| !self.is_told(hit));
        let to_come = |hit: &&Hit<Sense>| self.text.dates_in(hit.start..hit.end).any(|named| self.is_to_come(named));
        away.or_else(|| self.text.hits(Sense::Back).filter(to_come).find(|hit| !self.is_told(hit)))
    }

    fn is_to_come(&self, named: &Named) -> bool {
        self.text.today.is_none_or(|today| !named.is_past(today))
    }

    /// "No calls, but a leaflet would be welcome": what is refused is not what is wished for.
    fn refuses_only_a_part(&self, refusal: &Hit<Sense>) -> bool {
        let sentence = self.text.sentence(refusal.start);
        let but = self.text.hits_in(Sense::But, refusal.end..sentence.end).next();
        let behind = |hit: &Hit<Sense>| but.is_some_and(|but| (but.end..sentence.end).contains(&hit.start));
        self.kinds().only_wants_to_read(refusal.start) || self.appointments().any(behind)
    }

    /// Is the talk meant for another season rather than for an appointment?
    fn is_far(&self, hit: &Hit<Sense>) -> bool {
        let sentence = self.text.sentence(hit.start);
        let mut beside = self.text.dates_in(sentence.clone()).peekable();
        let after = self.text.hits_in(Sense::After, sentence).next().is_some();
        let Some(today) = self.text.today else { return false };
        let far = |named: &Named| {
            let ahead = today.until(named.first).map_or(0, |span| span.get_days());
            ahead > gist::SOON
                || named.exact == Exact::Stretch && named.first.until(named.last).is_ok_and(|span| span.get_days() > 14)
        };
        beside.peek().is_some() && beside.all(far) || after
    }

    /// Does the sentence tell of what was? "You sent me the brochure last autumn" asks for none.
    fn is_told(&self, hit: &Hit<Sense>) -> bool {
        use Intent::{AgreedToMeet, BrochureRequested, ConnectLater, InterestedToProceed, SeekingMoreInfo};
        let sentence = self.text.sentence(hit.start);
        let dated = || self.text.dates_in(sentence.clone()).next().is_some();
        let gives_way = match hit.sense {
            Sense::Wants(AgreedToMeet) => !dated(),
            Sense::Wants(BrochureRequested | ConnectLater | InterestedToProceed | SeekingMoreInfo) => true,
            sense => matches!(sense, Sense::Away | Sense::Back),
        };
        gives_way && !self.text.asks(sentence.end) && self.text.hits_in(Sense::Past, sentence).next().is_some()
    }

    /// Do the words tell of an absence's end rather than of a wish?
    fn is_of_absence(&self, hit: &Hit<Sense>) -> bool {
        let over = |other: &Hit<Sense>| other.start < hit.end && hit.start < other.end;
        // No phrase is longer than 64 tokens.
        let mut near = |sense| self.text.hits_in(sense, hit.start.saturating_sub(64)..hit.end).any(over);
        self.text.says(Sense::Away) && [Sense::Back, Sense::Until, Sense::Away].into_iter().any(&mut near)
    }

    /// What the kinds of words come to, if that much speaks for it.
    fn gist(&self, enough: i32) -> Option<Meant> {
        let said = gist::weigh(self.kinds());
        let most = said.iter().map(|gist| gist.weight).max().filter(|most| *most >= enough)?;
        let intent = said.iter().find(|gist| gist.weight == most)?.intent;
        let evidence = format!("kinds of words that go with {intent:?}, weight {most}");
        Some(Meant { confidence: 55, ..plainly(intent, &evidence) })
    }
}

fn as_intent(intent: Intent, hit: Option<&Hit<Sense>>) -> Found<'_> {
    hit.map(|hit| (intent, hit))
}
