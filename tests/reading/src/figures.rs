//! How good the reading is, in figures.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::{Intent, MailKind};

use crate::corpus::Accepted;
use crate::judge::Verdict;

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ratio {
    /// Those that count.
    pub part: usize,
    /// All of them.
    pub whole: usize,
}

impl Ratio {
    fn of(answers: impl Iterator<Item = bool>) -> Self {
        answers.fold(Self::default(), |so_far, right| Self {
            part: so_far.part + usize::from(right),
            whole: so_far.whole + 1,
        })
    }

    /// In hundredths; `None` of nothing.
    #[expect(clippy::cast_precision_loss, reason = "a corpus has thousands of mails, not 2^52")]
    pub fn percent(self) -> Option<f64> {
        (self.whole > 0).then(|| 100.0 * self.part as f64 / self.whole as f64)
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.percent() {
            Some(percent) => write!(f, "{percent:6.2} % ({} of {})", self.part, self.whole),
            None => write!(f, "     none"),
        }
    }
}

/// One intent's mails: read so rightly, read so, and labelled so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Class {
    right: usize,
    got: usize,
    labelled: usize,
}

impl Class {
    fn precision(self) -> Ratio {
        Ratio { part: self.right, whole: self.got }
    }

    fn recall(self) -> Ratio {
        Ratio { part: self.right, whole: self.labelled }
    }

    /// From 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a corpus has thousands of mails, not 2^52")]
    fn f1(self) -> f64 {
        2.0 * self.right as f64 / (self.got + self.labelled).max(1) as f64
    }
}

/// How well a set was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Mails by software that were taken for such.
    pub auto_replies: Ratio,
    /// People's mails that were taken for software's.
    pub false_machines: Ratio,
    /// Bounces taken for bounces.
    pub bounces: Ratio,
    /// Bounces whose hard or soft is right.
    pub bounce_types: Ratio,
    /// Bounces whose address is right.
    pub recipients: Ratio,
    /// Bounces whose status code is right, also where there is none.
    pub statuses: Ratio,
    /// Complaints taken for complaints.
    pub complaints: Ratio,
    /// Return dates right, also where there is none: of absences and of "later".
    pub return_dates: Ratio,
    /// The right person found, of mails that name one or in which one was found.
    pub referred: Ratio,
    /// New text exact, blank space apart.
    pub new_texts: Ratio,
    /// By intent, of people's and software's mails that have one.
    pub intents: BTreeMap<String, Class>,
}

impl Figures {
    /// Counts them.
    pub fn of(verdicts: &[Verdict<'_>]) -> Self {
        let labelled = |kind: MailKind| verdicts.iter().filter(move |verdict| verdict.letter.label.kind == kind);
        let bounces = || labelled(MailKind::Bounce);
        let told = |verdict: &Verdict<'_>| verdict.got.bounce.clone();
        let dated = |verdict: &&Verdict<'_>| {
            let label = &verdict.letter.label;
            label.return_date != Accepted::None
                || matches!(label.intent, Some(Intent::OutOfOffice | Intent::ConnectLater))
        };
        let referring = verdicts.iter().filter(|verdict| {
            let (label, got) = (&verdict.letter.label, &verdict.got);
            label.intent.is_some() && (label.referred_to.is_some() || got.referred_to.is_some())
        });
        Self {
            auto_replies: Ratio::of(labelled(MailKind::AutoReply).map(|it| it.got.kind == MailKind::AutoReply)),
            false_machines: Ratio::of(labelled(MailKind::Human).map(|it| it.got.kind != MailKind::Human)),
            bounces: Ratio::of(bounces().map(|it| it.got.kind == MailKind::Bounce)),
            bounce_types: Ratio::of(bounces().map(|it| told(it).map(|told| told.kind) == it.letter.label.bounce)),
            recipients: Ratio::of(
                bounces().map(|it| told(it).and_then(|told| told.recipient) == it.letter.label.recipient),
            ),
            statuses: Ratio::of(bounces().map(|it| told(it).is_some_and(|told| told.status == it.letter.label.status))),
            complaints: Ratio::of(labelled(MailKind::Complaint).map(|it| it.got.kind == MailKind::Complaint)),
            return_dates: Ratio::of(
                verdicts.iter().filter(dated).map(|it| it.letter.label.return_date.takes(it.got.return_date)),
            ),
            referred: Ratio::of(referring.map(|it| it.letter.label.referred_to == it.got.referred_to)),
            new_texts: Ratio::of(verdicts.iter().filter_map(Verdict::new_text)),
            intents: intents(verdicts),
        }
    }

    /// The mean over the intents that occur, from 0 to 1; 0 of nothing.
    #[expect(clippy::cast_precision_loss, reason = "there are thirteen intents")]
    pub fn macro_f1(&self) -> f64 {
        let occurring: Vec<f64> = self.intents.values().filter(|it| it.labelled > 0).map(|it| it.f1()).collect();
        occurring.iter().sum::<f64>() / occurring.len().max(1) as f64
    }

    /// The goals that these figures miss, in words; none if all are met. What a set does not hold cannot miss a goal.
    pub fn below(&self, floors: &Floors) -> Vec<String> {
        let at_least = [
            ("auto-reply recall", self.auto_replies, floors.auto_reply_recall),
            ("bounce class", self.bounce_types, floors.bounce_class),
            ("return date", self.return_dates, floors.return_date),
        ];
        let mut below: Vec<String> = at_least
            .into_iter()
            .filter(|(_, ratio, floor)| ratio.percent().is_some_and(|percent| percent < *floor))
            .map(|(name, ratio, floor)| format!("{name}: {ratio}, at least {floor} % wanted"))
            .collect();
        if self.false_machines.percent().is_some_and(|percent| percent > floors.false_machine) {
            below.push(format!(
                "false auto-replies: {}, at most {} % wanted",
                self.false_machines, floors.false_machine
            ));
        }
        if !self.intents.is_empty() && self.macro_f1() < floors.macro_f1 {
            below.push(format!("macro-F1: {:.3}, at least {} wanted", self.macro_f1(), floors.macro_f1));
        }
        below
    }
}

/// What a set's figures must reach.
#[derive(Debug, Clone, Copy)]
pub struct Floors {
    /// Percent of the mails by software, at least.
    pub auto_reply_recall: f64,
    /// Percent of the people's mails, at most.
    pub false_machine: f64,
    /// Percent of the bounces, at least.
    pub bounce_class: f64,
    /// Percent of the absences and "later"s, at least.
    pub return_date: f64,
    /// From 0 to 1, at least.
    pub macro_f1: f64,
}

fn intents(verdicts: &[Verdict<'_>]) -> BTreeMap<String, Class> {
    let mut classes: BTreeMap<String, Class> = BTreeMap::new();
    for verdict in verdicts {
        let Some(label) = verdict.letter.label.intent else { continue };
        let seen: BTreeSet<String> =
            [Some(label), verdict.got.intent].into_iter().flatten().map(|intent| format!("{intent:?}")).collect();
        for name in seen {
            let class = classes.entry(name.clone()).or_default();
            let (is, got) =
                (name == format!("{label:?}"), verdict.got.intent.is_some_and(|got| name == format!("{got:?}")));
            class.labelled += usize::from(is);
            class.got += usize::from(got);
            class.right += usize::from(is && got);
        }
    }
    classes
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, ratio) in [
            ("auto-reply recall", self.auto_replies),
            ("people taken for software", self.false_machines),
            ("bounce recall", self.bounces),
            ("bounce class", self.bounce_types),
            ("bounce recipient", self.recipients),
            ("bounce status", self.statuses),
            ("complaint recall", self.complaints),
            ("return date", self.return_dates),
            ("referred to", self.referred),
            ("new text", self.new_texts),
        ] {
            writeln!(f, "{name:<26} {ratio}")?;
        }
        writeln!(f, "{:<26} {:6.3}", "intent macro-F1", self.macro_f1())?;
        for (name, class) in &self.intents {
            let (precision, recall) = (class.precision().to_string(), class.recall().to_string());
            writeln!(f, "  {name:<24} F1 {:.3}   precision {precision:<24} recall {recall}", class.f1())?;
        }
        Ok(())
    }
}
