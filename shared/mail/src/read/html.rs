//! HTML turned into the plain text that its writer could have sent instead.
//!
//! Quotes keep a `>`, rules become the underscores that mail programs write, and what a reader was not meant to see is
//! left out: the text is read by rules that look for lines. What mail programs mark as history becomes a quote too, and
//! what they mark as a signature stands below `-- `, whatever language they write above it.

mod marks;

use mail_parser::decoders::html::add_html_token;

use crate::read::charset;
use marks::Mark;

/// Elements whose content is not text.
const SILENT: [&str; 6] = ["style", "script", "title", "template", "noscript", "svg"];

/// Elements that have no content.
const VOID: [&str; 8] = ["br", "hr", "img", "input", "meta", "link", "col", "wbr"];

/// Elements that begin on a line of their own.
const BLOCK: [&str; 22] = [
    "address", "article", "aside", "center", "dd", "div", "dl", "dt", "fieldset", "figure", "footer", "form", "header",
    "li", "main", "nav", "pre", "section", "table", "tbody", "tr", "body",
];

/// Elements that have a blank line around them.
const PARAGRAPH: [&str; 10] = ["p", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol"];

/// The text of an HTML page.
pub(super) fn to_text(html: &str) -> String {
    let mut page = Page::default();
    let mut rest = html;
    while !rest.is_empty() {
        let (text, markup) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        page.text(text);
        rest = match markup.as_bytes() {
            [b'<', b'!', b'-', b'-', ..] => after(&markup[4..], "-->"),
            [b'<', b'!' | b'?', ..] => after(markup, ">"),
            [b'<', b'/', b'a'..=b'z' | b'A'..=b'Z', ..] | [b'<', b'a'..=b'z' | b'A'..=b'Z', ..] => page.tag(markup),
            [b'<', ..] => {
                page.text("<");
                &markup[1..]
            }
            _ => "",
        };
    }
    page.written
}

fn after<'a>(html: &'a str, mark: &str) -> &'a str {
    html.split_once(mark).map_or("", |(_, rest)| rest)
}

#[derive(Default)]
struct Page {
    written: String,
    /// Line breaks and blanks that are due before the next character.
    breaks: usize,
    blank: bool,
    quotes: usize,
    /// How deep the last line was quoted.
    quoted: usize,
    preformatted: usize,
    /// The element that hides what is inside.
    hidden: Option<Inside>,
    /// The element that quotes what is inside without being a quote.
    history: Option<Inside>,
    /// Is the rest history?
    past: bool,
}

/// An element that is open, and how many of its name are open inside.
struct Inside {
    name: String,
    open: usize,
}

impl Inside {
    fn new(name: &str) -> Option<Self> {
        Some(Self { name: name.to_owned(), open: 1 })
    }

    /// Takes a tag; says whether it was the last one inside.
    fn ends_with(&mut self, name: &str, closing: bool) -> bool {
        if self.name == name {
            self.open = if closing { self.open - 1 } else { self.open + 1 };
        }
        self.open == 0
    }
}

impl Page {
    /// Takes the tag that the markup begins with, and returns what follows.
    fn tag<'a>(&mut self, markup: &'a str) -> &'a str {
        let (inner, rest) = split_tag(&markup[1..]);
        let (closing, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
        let end = inner.find(|c: char| c.is_ascii_whitespace() || c == '/').unwrap_or(inner.len());
        let (name, attributes) = (inner[..end].to_ascii_lowercase(), &inner[end..]);

        if let Some(hidden) = &mut self.hidden {
            if hidden.ends_with(&name, closing) {
                self.hidden = None;
            }
            return rest;
        }
        if SILENT.contains(&name.as_str()) && !closing {
            return after_element(rest, &name);
        }
        let opens = !closing && !VOID.contains(&name.as_str());
        if opens && marks::is_hidden(attributes, rest) {
            self.hidden = Inside::new(&name);
            return rest;
        }
        self.element(&name, closing);
        if let Some(history) = &mut self.history {
            // After its own line break: what follows is not inside.
            if history.ends_with(&name, closing) {
                self.history = None;
            }
        } else if !closing && !self.past {
            match marks::mark(attributes, rest) {
                Some(Mark::Past) => {
                    self.line();
                    self.past = true;
                }
                Some(Mark::History) if opens => {
                    self.line();
                    self.history = Inside::new(&name);
                }
                Some(Mark::Signature) if opens => self.signature(),
                _ => {}
            }
        }
        rest
    }

    /// The line above a signature, unless there is one, or nothing above it.
    fn signature(&mut self) {
        if self.written.is_empty() || self.depth() > 0 {
            return;
        }
        let above = self.written.strip_suffix("--").filter(|above| above.ends_with('\n'));
        self.written.truncate(above.unwrap_or(&self.written).trim_end().len());
        self.written.push_str("\n-- ");
        self.breaks = 1;
        self.blank = false;
    }

    /// How deep the next line is quoted.
    fn depth(&self) -> usize {
        self.quotes + usize::from(self.past || self.history.is_some())
    }

    fn element(&mut self, name: &str, closing: bool) {
        let step = |count: usize| if closing { count.saturating_sub(1) } else { count + 1 };
        match name {
            "br" => self.breaks += 1,
            "hr" => {
                self.line();
                self.text("________________________________");
                self.line();
            }
            "td" | "th" => self.blank = true,
            _ if PARAGRAPH.contains(&name) => self.breaks = self.breaks.max(2),
            _ if BLOCK.contains(&name) => self.line(),
            _ => {}
        }
        match name {
            "blockquote" => self.quotes = step(self.quotes),
            "pre" => self.preformatted = step(self.preformatted),
            "li" if !closing => self.text("- "),
            _ => {}
        }
    }

    /// What follows stands on a line of its own.
    fn line(&mut self) {
        self.breaks = self.breaks.max(1);
    }

    /// Takes text between tags.
    fn text(&mut self, text: &str) {
        if self.hidden.is_some() {
            return;
        }
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            if next == '&' {
                let (entity, tail) = split_entity(rest);
                for c in entity.chars() {
                    self.push(c);
                }
                rest = tail;
            } else {
                self.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }

    fn push(&mut self, c: char) {
        match c {
            '\n' if self.preformatted > 0 => self.breaks += 1,
            // Padding of what a preview shows.
            '\u{ad}' | '\u{200b}' | '\u{feff}' | '\u{34f}' => {}
            c if c.is_whitespace() => self.blank = true,
            c => {
                self.space();
                self.written.push(c);
            }
        }
    }

    /// Writes the breaks or the blank that are due.
    fn space(&mut self) {
        if self.written.is_empty() {
            self.begin_line(self.depth());
        } else if self.breaks > 0 {
            if self.breaks > 1 {
                self.written.push('\n');
                self.begin_line(self.quoted.min(self.depth()));
                self.written.truncate(self.written.trim_end_matches(' ').len());
            }
            self.written.push('\n');
            self.begin_line(self.depth());
        } else if self.blank {
            self.written.push(' ');
        }
        self.breaks = 0;
        self.blank = false;
    }

    fn begin_line(&mut self, quotes: usize) {
        self.written.push_str(&"> ".repeat(quotes.min(5)));
        self.quoted = quotes;
    }
}

/// The inside of a tag and what follows it; a `>` in a quoted value does not end the tag.
fn split_tag(markup: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, byte) in markup.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return (&markup[..at], &markup[at + 1..]),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    // A quote that never ends: then it was none.
    markup.split_once('>').unwrap_or((markup, ""))
}

fn after_element<'a>(html: &'a str, name: &str) -> &'a str {
    let mut rest = html;
    while let Some((_, tail)) = rest.split_once("</") {
        if tail.get(..name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name)) {
            return after(tail, ">");
        }
        rest = tail;
    }
    ""
}

/// An entity as text, and what follows it; an ampersand that begins none is itself.
fn split_entity(text: &str) -> (String, &str) {
    let end = 1 + text.bytes().skip(1).take(32).take_while(|&b| b.is_ascii_alphanumeric() || b == b'#').count();
    let Some(entity) = text.get(..=end).filter(|entity| entity.ends_with(';')) else {
        return ("&".to_owned(), &text[1..]);
    };
    let mut decoded = String::new();
    add_html_token(&mut decoded, entity.as_bytes(), false);
    // `&#146;` and its like are Windows-1252, as browsers know.
    let control = decoded.chars().next().filter(|c| ('\u{80}'..='\u{9f}').contains(c));
    (control.map_or(decoded, |c| charset::windows(&[c as u8])), &text[entity.len()..])
}
