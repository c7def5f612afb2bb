//! What opens and clicks make of a lead: its state and the record's status, upwards only, and the hour at which it reads.

use super::LeadState;
use super::change::Changing;
use crate::crm::ConnectionStatus;
use crate::engagement::{Counted, Touch, TouchKind};
use crate::place::Whereabouts;

/// Opening this many mails is interest.
const WARM_OPENS: u32 = 3;

impl Changing<'_> {
    /// A touch is noted: told if software did it, held if it may be a person's.
    pub(super) fn touched(&mut self, touch: &Touch) {
        if let Some(reason) = self.lead.engagement.note(touch, self.moment.now) {
            let mail = self.name_of(&touch.delivery);
            let what = match &touch.kind {
                TouchKind::Open => format!("an opening of {mail}"),
                TouchKind::Click { .. } => format!("a link of {mail}"),
            };
            self.tell(format!("not counted, {what}: {}", reason.words()));
        }
    }

    /// What was held counts. A lead that has ended keeps its end and its owner.
    pub(super) fn touches_settled(&mut self) {
        let counted = self.lead.engagement.settle(self.moment.now);
        if counted.is_empty() {
            return;
        }
        for Counted { delivery, at, first, link } in counted {
            let mail = self.name_of(&delivery);
            if first {
                self.note_hour(at);
            }
            match link {
                Some(link) => self.tell(format!("a person followed a link of {mail}: {link}")),
                None => self.tell(format!("a person opened {mail}")),
            }
        }
        let engagement = &self.lead.engagement;
        let news = match (engagement.opened, engagement.clicks) {
            (0..WARM_OPENS, 0) => LeadState::Engaged,
            _ => LeadState::Warm,
        };
        self.lead.state = self.lead.state.and_touches(news);
        let left_alone = matches!(self.lead.state, LeadState::Deactivated(_) | LeadState::Unsubscribed);
        if news == LeadState::Warm && !left_alone {
            self.raise(ConnectionStatus::Warm);
        }
    }

    fn note_hour(&mut self, at: jiff::Timestamp) {
        let person = &self.lead.person;
        let whereabouts = Whereabouts::from_record(&person.country, &person.state);
        self.lead.opens.note(at, whereabouts.zone.as_ref().unwrap_or(self.moment.assistant.calendar.zone()));
    }
}
