//! The corpus as it stands in its files, checked, and expanded into messages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use domain::{BounceKind, EmailAddress, Intent, MailKind};
use serde::{Deserialize, Serialize};

use crate::label::{Accepted, Label};
use crate::{people, software};

/// Which half of the corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Set {
    /// The reader is improved on it.
    Tuned,
    /// The reader is only measured on it.
    Measured,
}

impl Set {
    /// Both, in the order in which they are shown.
    pub const BOTH: [Self; 2] = [Self::Tuned, Self::Measured];

    /// Its folder's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tuned => "tuned",
            Self::Measured => "measured",
        }
    }
}

/// How a text is sent: the program that wrote the mail, with its headers, encoding and way of quoting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the programs' names; `software` and `people` say what each writes")]
pub enum Style {
    Exchange,
    GmailVacation,
    Sieve,
    Cpanel,
    Zimbra,
    Domino,
    Groupwise,
    Zoho,
    Helpdesk,
    Challenge,
    HtmlOnly,
    Bare,
    LocalCharset,
    Gmail,
    Outlook,
    OutlookHtml,
    Apple,
    Thunderbird,
    Inline,
    Phone,
    Plain,
    Suppressed,
    List,
    Signature,
    BareSignature,
}

impl Style {
    /// Its name in the corpus.
    pub fn name(self) -> String {
        let name = serde_json::to_value(self).ok();
        name.as_ref().and_then(|name| name.as_str()).unwrap_or_default().to_owned()
    }
}

/// One message of the corpus.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its name, unlike every other's in its set: the text's id and the style, or the bounce's id and the case's number.
    pub id: String,
    /// The language's code; `None` for what mail systems say.
    pub lang: Option<String>,
    /// The program that wrote it; `None` for bounces, whose bytes stand in the corpus.
    pub style: Option<Style>,
    /// The message as it comes over the wire.
    pub raw: Vec<u8>,
    /// What it means.
    pub label: Label,
}

/// What is wrong with the corpus.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A file or folder cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path}: {reason}")]
    Wrong {
        /// Which.
        path: String,
        /// The mail, the field and the remedy.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Every human text in this file without a `new_text` of its own is judged by its body.
    #[serde(default)]
    bodies_are_new_text: bool,
    #[serde(default)]
    mail: Vec<Text>,
    #[serde(default)]
    bounce: Vec<Report>,
}

/// A text, to be sent in each of its styles.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Text {
    pub id: String,
    pub lang: String,
    styles: Vec<Style>,
    pub from: String,
    pub subject: String,
    pub date: String,
    pub body: String,
    /// The writer's own last line ("LG Tom"), which a reader may take for text or for signature.
    pub closing: Option<String>,
    kind: MailKind,
    intent: Option<Intent>,
    return_date: Option<Accepted>,
    referred_to: Option<String>,
    new_text: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    id: String,
    raw: String,
    #[serde(default = "bounce")]
    kind: MailKind,
    cases: Vec<BTreeMap<String, String>>,
}

fn bounce() -> MailKind {
    MailKind::Bounce
}

/// Where a set lies.
fn folder(set: Set) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(set.name())
}

/// Reads a set and expands it into messages, in the order of its files. A set that is not there is empty.
///
/// # Errors
/// [`CorpusError`] names the file, the mail and the field.
pub fn load(set: Set) -> Result<Vec<Letter>, CorpusError> {
    let folder = folder(set);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |source| CorpusError::File { path, source }
    };
    let entries =
        std::fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(failed(&folder))?;
    let mut paths: Vec<PathBuf> = entries.iter().map(std::fs::DirEntry::path).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let (mut letters, mut ids) = (Vec::new(), BTreeSet::new());
    for path in paths {
        let wrong = |reason| CorpusError::Wrong { path: path.display().to_string(), reason };
        let text = std::fs::read_to_string(&path).map_err(failed(&path))?;
        letters.extend(expand(&text).map_err(wrong)?);
    }
    for letter in &letters {
        if !ids.insert(letter.id.as_str()) {
            let path = folder.display().to_string();
            return Err(CorpusError::Wrong { path, reason: format!("{}: this id is taken", letter.id) });
        }
    }
    Ok(letters)
}

/// The messages of one file; an error names the mail and the field.
fn expand(text: &str) -> Result<Vec<Letter>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut letters = Vec::new();
    for text in file.mail {
        let of_text = expand_text(&text, file.bodies_are_new_text);
        letters.extend(of_text.map_err(|reason| format!("{}: {reason}", text.id))?);
    }
    for report in file.bounce {
        let of_report = expand_report(&report);
        letters.extend(of_report.map_err(|reason| format!("{}: {reason}", report.id))?);
    }
    Ok(letters)
}

fn address(field: &str, text: &str) -> Result<EmailAddress, String> {
    EmailAddress::parse(text).map_err(|_| format!("{field} {text:?} is no address"))
}

fn expand_text(text: &Text, bodies_are_new_text: bool) -> Result<Vec<Letter>, String> {
    if text.styles.is_empty() {
        return Err("styles: name at least one".to_owned());
    }
    let dated = matches!(text.intent, Some(Intent::OutOfOffice | Intent::ConnectLater));
    if text.return_date.is_some() && !dated {
        return Err("return_date: only with OutOfOffice and ConnectLater".to_owned());
    }
    let referred_to = text.referred_to.as_deref().map(|text| address("referred_to", text)).transpose()?;
    if referred_to.as_ref().is_some_and(|address| !text.body.to_lowercase().contains(address.as_str())) {
        return Err("referred_to: the body does not hold this address".to_owned());
    }
    let own = (bodies_are_new_text && text.kind == MailKind::Human).then_some(&text.body);
    let mut new_text: Vec<String> = text.new_text.as_ref().or(own).into_iter().cloned().collect();
    if let (Some(first), Some(closing)) = (new_text.first(), &text.closing) {
        new_text.push(format!("{first}\n{closing}"));
    }
    let label = Label {
        kind: text.kind,
        intent: text.intent,
        return_date: text.return_date.clone().unwrap_or(Accepted::None),
        referred_to,
        new_text,
        bounce: None,
        recipient: None,
        status: None,
    };
    let letter = |style: &Style| -> Result<Letter, String> {
        let mut label = label.clone();
        let raw = if *style < Style::Gmail {
            software::write(text, *style)?
        } else {
            let (raw, closings) = people::write(text, *style)?;
            // A closing formula is neither clearly text nor clearly signature: both answers pass.
            let with =
                closings.iter().flat_map(|closing| label.new_text.iter().map(move |text| format!("{text}\n{closing}")));
            let with: Vec<String> = with.collect();
            label.new_text.extend(with);
            raw
        };
        let id = format!("{}/{}", text.id, style.name());
        Ok(Letter { id, lang: Some(text.lang.clone()), style: Some(*style), raw, label })
    };
    text.styles.iter().map(letter).collect()
}

fn expand_report(report: &Report) -> Result<Vec<Letter>, String> {
    if report.cases.is_empty() {
        return Err("cases: give at least one".to_owned());
    }
    let letter = |(index, case): (usize, &BTreeMap<String, String>)| -> Result<Letter, String> {
        let number = index + 1;
        let wrong = |reason: String| format!("case {number}: {reason}");
        let value = |name: &str| case.get(name).map(String::as_str);
        let bounce = match value("type") {
            Some("hard") => Some(BounceKind::Hard),
            Some("soft") => Some(BounceKind::Soft),
            Some("complaint") if report.kind == MailKind::Complaint => None,
            None if report.kind != MailKind::Bounce => None,
            _ => return Err(wrong("type: write hard or soft".to_owned())),
        };
        let recipient = value("recipient").map(|text| address("recipient", text)).transpose().map_err(wrong)?;
        if report.kind == MailKind::Bounce && recipient.is_none() {
            return Err(wrong("recipient is missing".to_owned()));
        }
        let mut raw = report.raw.clone();
        for (name, value) in case {
            raw = raw.replace(&format!("{{{name}}}"), value);
        }
        if let Some(name) =
            report.cases.iter().flat_map(BTreeMap::keys).find(|name| raw.contains(&format!("{{{name}}}")))
        {
            return Err(wrong(format!("{name} is missing, and the message holds {{{name}}}")));
        }
        let label = Label {
            kind: report.kind,
            intent: None,
            return_date: Accepted::None,
            referred_to: None,
            new_text: Vec::new(),
            bounce,
            recipient,
            status: value("status").map(str::to_owned),
        };
        let raw = raw.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes();
        Ok(Letter { id: format!("{}/{number}", report.id), lang: None, style: None, raw, label })
    };
    report.cases.iter().enumerate().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = r#"
        [[mail]]
        id = "x"
        lang = "en"
        styles = ["bare", "local-charset"]
        from = "Ann <ann@shop.example>"
        subject = "Away"
        date = "Mon, 3 Aug 2026 09:12:00 +0200"
        body = "Back on Monday. Ask bob@shop.example."
        kind = "auto_reply"
        intent = "OutOfOffice"
    "#;

    #[test]
    fn a_text_becomes_a_message_per_style() {
        let letters = expand(MAIL).unwrap();
        let ids: Vec<&str> = letters.iter().map(|letter| letter.id.as_str()).collect();
        assert_eq!(ids, ["x/bare", "x/local-charset"]);
        let mail = mail::parse(&letters[0].raw, None);
        assert_eq!((mail.subject.as_str(), mail.offset_secs), ("Away", 7200));
        assert_eq!(mail.text.trim(), "Back on Monday. Ask bob@shop.example.");
    }

    #[test]
    fn a_wrong_label_is_named() {
        for (part, instead, expected) in [
            ("OutOfOffice", "Holiday", "Holiday"),
            ("Mon, 3 Aug", "Tue, 3 Aug", "date"),
            ("Ann <ann@shop.example>", "Ann", "from"),
            ("[\"bare\", \"local-charset\"]", "[]", "styles"),
            ("kind =", "referred_to = \"eve@shop.example\"\nkind =", "referred_to"),
            ("intent = \"OutOfOffice\"", "intent = \"Retired\"\nreturn_date = \"2026-08-10\"", "return_date"),
            ("lang =", "language =", "language"),
        ] {
            let error = expand(&MAIL.replace(part, instead)).expect_err(expected);
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_case_fills_its_report() {
        let report = "[[bounce]]\nid = \"b\"\nraw = \"To: {recipient}\\n\\n{words}\\n\"\ncases = [{ recipient = \"a@b.example\", words = \"gone\", type = \"hard\" }]";
        let letters = expand(report).unwrap();
        assert_eq!(letters[0].raw, b"To: a@b.example\r\n\r\ngone\r\n");
        for (part, instead, expected) in
            [("hard", "firm", "type"), ("recipient =", "address =", "recipient"), ("a@b.example\"", "a\"", "recipient")]
        {
            let error = expand(&report.replace(part, instead)).expect_err(expected);
            assert!(error.contains("case 1") && error.contains(expected), "{error}");
        }
        let second = report.replace("}]", "}, { recipient = \"c@b.example\", type = \"soft\" }]");
        let error = expand(&second).expect_err("words");
        assert!(error.contains("case 2") && error.contains("words"), "{error}");
    }
}
