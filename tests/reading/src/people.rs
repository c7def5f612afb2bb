//! Mails as people's programs send them: an answer, and what the program puts around it.

use crate::corpus::{Style, Text};
use crate::language::{Envelope, Language};
use crate::wire::{Part, Transfer, html};

/// The message, and the closings that the style added and a reader may keep; an error names the field that cannot be
/// written.
pub fn write(text: &Text, style: Style) -> Result<(Vec<u8>, Vec<String>), String> {
    let envelope = Envelope::of(text, false)?;
    let language = Language::of(&text.lang);
    let mail = Mail { language, at: envelope.original_date(), to: format!("{} <{}>", envelope.name, envelope.address) };
    let body = match &text.closing {
        Some(closing) => format!("{}\n{closing}", text.body.trim_end()),
        None => text.body.trim_end().to_owned(),
    };
    let mut headers = envelope.headers();
    headers.push(envelope.answers());
    let mut closings = Vec::new();
    let plain = |text: &str| Part::utf8("plain", text, Transfer::Quoted);
    let part = match style {
        Style::Gmail => {
            let attribution = language.gmail(&mail.at);
            let markup = format!(
                "<div dir=\"ltr\">{}</div><br><div class=\"gmail_quote gmail_quote_container\"><div dir=\"ltr\" \
                 class=\"gmail_attr\">{}<br></div><blockquote class=\"gmail_quote\" style=\"margin:0 0 0 .8ex\">{}</blockquote></div>",
                html(&body),
                html(&attribution),
                html(&language.original)
            );
            let both = [
                plain(&format!("{body}\n\n{attribution}\n\n{}", mail.quote())),
                Part::utf8("html", &markup, Transfer::Quoted),
            ];
            Part::alternative("000000000000a1b2c3", &both)
        }
        Style::OutlookHtml => {
            let block: Vec<String> = mail
                .block()
                .iter()
                .map(|(name, said)| format!("<b>{}</b> {}", html_line(name), html_line(said)))
                .collect();
            let markup = format!(
                "<html xmlns:o=\"urn:schemas-microsoft-com:office:office\"><head><style>p.MsoNormal{{margin:0cm}}</style></head>\
                 <body><div class=\"WordSection1\">{}<div><div style=\"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm\">\
                 <p class=\"MsoNormal\">{}</p></div></div>{}</div></body></html>",
                html(&body),
                block.join("<br>\n"),
                html(&language.original)
            );
            Part::utf8("html", &markup, Transfer::Base64)
        }
        Style::Outlook => plain(&mail.below(&body)),
        Style::Suppressed => {
            headers.push("X-Auto-Response-Suppress: DR, OOF, AutoReply".to_owned());
            headers.push("X-MS-Has-Attach: ".to_owned());
            Part::utf8("plain", &mail.below(&body), Transfer::Base64)
        }
        Style::Apple => plain(&format!("{body}\n\n> {}\n> \n{}", language.apple(&mail.at), mail.quote())),
        Style::Thunderbird => plain(&format!("{}\n{}\n\n{body}", language.gmail(&mail.at), mail.quote())),
        Style::Inline => {
            let mut quoted = language.original.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty());
            let mut text = format!("{}\n", language.gmail(&mail.at));
            for paragraph in body.split("\n\n") {
                if let Some(original) = quoted.next() {
                    text.push_str(&quote(original.trim()));
                    text.push('\n');
                }
                text.push_str(&format!("\n{}\n\n", paragraph.trim()));
            }
            plain(&text)
        }
        Style::Phone => {
            plain(&format!("{body}\n\n{}\n\n> {}\n> \n{}", language.phone, language.apple(&mail.at), mail.quote()))
        }
        Style::List => {
            headers.extend(
                [
                    "Precedence: list",
                    "List-Id: Members <members.verein.example>",
                    "List-Unsubscribe: <mailto:leave@verein.example>",
                ]
                .map(str::to_owned),
            );
            let footer = "_______________________________________________\nmembers mailing list\nmembers@verein.example\nhttps://verein.example/mailman/listinfo/members";
            plain(&format!("{body}\n\n{}\n{}\n{footer}", language.gmail(&mail.at), mail.quote()))
        }
        Style::Signature => {
            let signature = format!(
                "{}\nTel. +49 30 5550 0199 | {} | www.example.com\nhello@sales-office.example\n\n{}",
                envelope.name, envelope.address, language.disclaimer
            );
            plain(&format!("{body}\n\n-- \n{signature}\n\n{}\n\n{}", language.gmail(&mail.at), mail.quote()))
        }
        Style::BareSignature => {
            let closing = &language.closing;
            closings = vec![closing.clone(), format!("{closing}\n{}", envelope.name)];
            let signature = format!(
                "{closing}\n\n{}\nManaging Director\nPhone +44 20 7946 0123\n{}",
                envelope.name, envelope.address
            );
            plain(&mail.below(&format!("{body}\n\n{signature}")))
        }
        _ => Part::utf8("plain", &body, Transfer::Raw),
    };
    Ok((part.message(&headers), closings))
}

/// The mail that is answered.
struct Mail {
    language: &'static Language,
    at: jiff::Zoned,
    to: String,
}

impl Mail {
    fn quote(&self) -> String {
        quote(self.language.original.trim())
    }

    fn block(&self) -> Vec<(String, String)> {
        self.language.outlook(&self.at, &self.to)
    }

    /// Outlook's way: the answer, a rule, the original's headers and all of it unmarked.
    fn below(&self, body: &str) -> String {
        let block: Vec<String> = self.block().iter().map(|(name, said)| format!("{name} {said}")).collect();
        format!("{body}\n\n________________________________\n{}\n\n{}", block.join("\n"), self.language.original)
    }
}

fn quote(text: &str) -> String {
    let line = |line: &str| if line.is_empty() { ">".to_owned() } else { format!("> {line}") };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn html_line(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
