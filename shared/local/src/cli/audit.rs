//! `audit`: the proof that no notification was missed, or what was.

use app::store::Audited;
use clap::Args;
use jiff::tz::TimeZone;

use super::admin::Place;

/// The proof.
#[derive(Debug, Args)]
pub struct AuditCommand {
    #[command(flatten)]
    place: Place,
    /// How many days back
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=90))]
    days: u16,
}

impl AuditCommand {
    /// Carries it out.
    pub async fn run(self) -> Result<(), String> {
        let (admin, org) = self.place.open().await?;
        let since = admin.clock.real() - jiff::SignedDuration::from_hours(24 * i64::from(self.days));
        let since = since.to_zoned(TimeZone::UTC).date();
        let audits = admin.store.audits(&org, since).await.map_err(|error| error.to_string())?;
        self.place.print(&audits, |audits| {
            let head = format!(
                "{:<11} {:<9} {:>8} {:>7} {:>7} {:>6}  until",
                "day", "module", "compared", "missed", "mended", "owned"
            );
            std::iter::once(head).chain(audits.iter().map(line)).collect::<Vec<_>>().join("\n")
        })
    }
}

fn line(audited: &Audited) -> String {
    let Audited { date, module, compared, missed, mended, open, owned, until } = audited;
    let owned = owned.map_or_else(|| "-".to_owned(), |owned| owned.to_string());
    let open: Vec<_> = open.iter().map(|id| id.as_str()).collect();
    let open = if open.is_empty() { String::new() } else { format!("; not mended: {}", open.join(", ")) };
    let (date, module) = (date.to_string(), module.as_str());
    format!("{date:<11} {module:<9} {compared:>8} {missed:>7} {mended:>7} {owned:>6}  {until}{open}")
}
