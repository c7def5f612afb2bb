//! B4: mails read, from the bytes to who wrote them.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Instant;

use domain::MailKind;
use serde_json::{Value, json};

/// Reads all `.eml` of a folder `passes` times.
pub fn read(folder: &Path, passes: u32) -> io::Result<Value> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    let mails = paths.iter().map(fs::read).collect::<io::Result<Vec<_>>>()?;
    let (mut software, mut bounces, mut ids) = (0_u32, 0_u32, 0);
    let began = Instant::now();
    for _ in 0..passes {
        (software, bounces, ids) = (0, 0, 0);
        for raw in &mails {
            let mail = mail::parse(raw, None);
            ids += mail.references.len() + mail.in_reply_to.len();
            match domain::read_mail(&mail, &[]).kind {
                MailKind::AutoReply => software += 1,
                MailKind::Bounce => bounces += 1,
                MailKind::Human | MailKind::Complaint => {}
            }
        }
    }
    let secs = began.elapsed().as_secs_f64();
    let read = mails.len() as f64 * f64::from(passes);
    Ok(json!({
        "mails": mails.len(), "passes": passes, "secs": secs, "per_sec": read / secs,
        "software": software, "bounces": bounces, "thread_ids": ids,
    }))
}
