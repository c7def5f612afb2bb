//! Mails that tell when they are opened and followed: the HTML beside the plain text, and the signed addresses in it.
//!
//! **Invariant:** an address says all that is needed to answer it, and is signed: a link leads where the mail's did though
//! nothing can be looked up, and nowhere else. The plain text keeps its links, and the link to unsubscribe is never
//! changed.

use data_encoding::BASE64URL_NOPAD;
use url::Url;

use crate::id::{DeliveryId, OrgId};
use crate::signing::{Purpose, SigningKey};

/// A link longer than this stays as it is: with its signature it would not fit the addresses that servers take.
const LONGEST_LINK: usize = 1500;

/// A link of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The tenant.
    pub org: OrgId,
    /// The mail.
    pub delivery: DeliveryId,
    /// Where it leads.
    pub link: Url,
}

impl SigningKey {
    /// The token of a mail's picture.
    pub fn open_token(&self, org: &OrgId, delivery: &DeliveryId) -> String {
        self.sign(Purpose::Open, &format!("{org}.{delivery}"))
    }

    /// Whose picture it is; `None` unless this key made the token.
    pub fn opened(&self, token: &str) -> Option<(OrgId, DeliveryId)> {
        named(self.verify(Purpose::Open, token)?)
    }

    /// The token of a link in a mail. The link is part of what is signed, so that no other can be put in its place.
    ///
    /// ```
    /// # let key = domain::SigningKey::new(b"sixteen bytes or more").unwrap();
    /// let (org, delivery) = ("us-60001".parse().unwrap(), "dlv_leads-77.1.2".parse().unwrap());
    /// let token = key.click_token(&org, &delivery, &"https://example.com/a?b=c".parse().unwrap());
    /// assert_eq!(key.followed(&token).unwrap().link.as_str(), "https://example.com/a?b=c");
    /// assert_eq!(key.followed(&token.replacen("aHR0", "aHR1", 1)), None);
    /// ```
    pub fn click_token(&self, org: &OrgId, delivery: &DeliveryId, link: &Url) -> String {
        let link = BASE64URL_NOPAD.encode(link.as_str().as_bytes());
        self.sign(Purpose::Click, &format!("{link}.{org}.{delivery}"))
    }

    /// Which link it is; `None` unless this key made the token.
    pub fn followed(&self, token: &str) -> Option<Followed> {
        let (link, name) = self.verify(Purpose::Click, token)?.split_once('.')?;
        let link = BASE64URL_NOPAD.decode(link.as_bytes()).ok()?;
        let link = Url::parse(std::str::from_utf8(&link).ok()?).ok()?;
        let (org, delivery) = named(name)?;
        Some(Followed { org, delivery, link })
    }
}

/// `org.delivery`; an org has no dot.
fn named(name: &str) -> Option<(OrgId, DeliveryId)> {
    let (org, delivery) = name.split_once('.')?;
    Some((org.parse().ok()?, delivery.parse().ok()?))
}

/// The plain text as HTML that looks like it: lines, links, and nothing else but the picture. `wrap` gives a link its
/// other address, or `None` to leave it as it is.
pub fn tracked_html(text: &str, wrap: impl Fn(&Url) -> Option<String>, picture: &str) -> String {
    let mut html = String::from("<!DOCTYPE html>\n<html><body><div style=\"white-space: pre-wrap\">");
    let mut rest = text.trim_end();
    while let Some(start) = link_start(rest) {
        let (before, from) = rest.split_at(start);
        let (link, after) = from.split_at(link_length(from));
        html.push_str(&escape(before));
        match Url::parse(link).ok().filter(Url::has_host) {
            Some(url) => {
                let target = if link.len() <= LONGEST_LINK { wrap(&url) } else { None };
                let target = target.unwrap_or_else(|| link.to_owned());
                html.push_str(&format!("<a href=\"{}\">{}</a>", escape(&target), escape(link)));
            }
            None => html.push_str(&escape(link)),
        }
        rest = after;
    }
    html.push_str(&escape(rest));
    html.push_str(&format!(
        "</div><img src=\"{}\" width=\"1\" height=\"1\" alt=\"\"></body></html>\n",
        escape(picture)
    ));
    html
}

/// Where the next web address begins: not inside a word.
fn link_start(text: &str) -> Option<usize> {
    let starts = text.match_indices("http").map(|(at, _)| at);
    starts.into_iter().find(|at| {
        let from = &text[*at..];
        (from.starts_with("https://") || from.starts_with("http://"))
            && !text[..*at].ends_with(|c: char| c.is_alphanumeric())
    })
}

/// How much of the text belongs to the address at its start: no punctuation that ends a sentence, no closing bracket
/// that it did not open.
fn link_length(text: &str) -> usize {
    let end =
        text.find(|c: char| c.is_whitespace() || c.is_control() || "<>\"«»“”„`".contains(c)).unwrap_or(text.len());
    let mut link = &text[..end];
    while let Some(last) = link.chars().next_back() {
        let opened = |open, close| link.matches(open).count() >= link.matches(close).count();
        let belongs = match last {
            ')' => opened('(', ')'),
            ']' => opened('[', ']'),
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '}' | '|' => false,
            _ => true,
        };
        if belongs {
            break;
        }
        link = &link[..link.len() - last.len_utf8()];
    }
    link.len()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // A control character is nothing in HTML; the lines stay lines.
            c if c.is_control() && c != '\n' && c != '\t' => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> SigningKey {
        SigningKey::new(&[7; 32]).unwrap()
    }

    fn html(text: &str) -> String {
        let wrap = |url: &Url| (url.path() != "/stop").then(|| format!("https://t.example/c/{}", url.path().len()));
        let html = tracked_html(text, wrap, "https://t.example/o/x");
        let body = html.split_once("pre-wrap\">").unwrap().1;
        body.split_once("</div>").unwrap().0.to_owned()
    }

    #[test]
    fn links_are_found_where_a_reader_sees_them() {
        let a = |target: &str, text: &str| format!("<a href=\"{target}\">{text}</a>");
        let c = |number: usize| format!("https://t.example/c/{number}");
        let cases = [
            ("no link", "no link".to_owned()),
            ("See https://a.example/b.", format!("See {}.", a(&c(2), "https://a.example/b"))),
            ("(https://a.example/b)", format!("({})", a(&c(2), "https://a.example/b"))),
            ("https://a.example/b_(c)", a(&c(6), "https://a.example/b_(c)")),
            ("<https://a.example/?x=1&y=2>", format!("&lt;{}&gt;", a(&c(1), "https://a.example/?x=1&amp;y=2"))),
            (
                "stop: https://a.example/stop",
                format!("stop: {}", a("https://a.example/stop", "https://a.example/stop")),
            ),
            ("xhttps://a.example http:// https://", "xhttps://a.example http:// https://".to_owned()),
            ("a\n> b\thttps://ü.example/é!", format!("a\n&gt; b\t{}!", a(&c(7), "https://ü.example/é"))),
            ("javascript:alert(1) data:text/html,x", "javascript:alert(1) data:text/html,x".to_owned()),
            (
                "<script>\"x\" & 'y'\u{0}</script>",
                "&lt;script&gt;&quot;x&quot; &amp; &#39;y&#39;&lt;/script&gt;".to_owned(),
            ),
        ];
        for (text, expect) in cases {
            assert_eq!(html(text), expect, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_reads_the_same_and_brings_no_markup(text in "[ -~\n<>&\"'éß]{0,80}(https?://[a-z.]{0,9}[/a-z?&=<>\"'.,)(]{0,12})?[ -~]{0,20}") {
            let html = html(&text);
            let mut shown = String::new();
            for piece in html.split('<') {
                let visible = match piece.split_once('>') {
                    Some((tag, visible)) => {
                        prop_assert!(tag == "/a" || (tag.starts_with("a href=\"") && tag.ends_with('"')), "{tag}");
                        prop_assert_eq!(tag.matches('"').count() % 2, 0);
                        visible
                    }
                    None => piece,
                };
                shown.push_str(visible);
            }
            for (entity, is) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
                shown = shown.replace(entity, is);
            }
            prop_assert_eq!(shown, text.trim_end());
        }

        #[test]
        fn a_changed_token_leads_nowhere(position in 0usize..200, byte in "[a-zA-Z0-9._-]") {
            let (org, delivery) = ("us-60001".parse().unwrap(), "dlv_leads-77.1.e2".parse().unwrap());
            let link = Url::parse("https://example.com/a/b?c=d#e").unwrap();
            let (open, click) = (key().open_token(&org, &delivery), key().click_token(&org, &delivery, &link));
            prop_assert_eq!(key().opened(&open), Some((org.clone(), delivery.clone())));
            prop_assert_eq!(key().followed(&click), Some(Followed { org, delivery, link }));
            prop_assert_eq!((key().opened(&click), key().followed(&open)), (None, None));
            for token in [open, click] {
                let position = position % token.len();
                let mut forged = token.clone();
                forged.replace_range(position..=position, &byte);
                if forged != token {
                    prop_assert_eq!(key().opened(&forged), None);
                    prop_assert_eq!(key().followed(&forged), None);
                }
            }
        }
    }
}
