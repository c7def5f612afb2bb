//! The two forms text takes: one line in a header, many lines in a body.

/// One line: whatever breaks lines or is invisible is one space, so that nothing can begin a header of its own.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<_> = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ")
}

/// Lines that end in a line feed, without other control characters than the tab, and without an end that is blank.
pub(crate) fn many_lines(text: &str) -> String {
    let mut lines = text.replace("\r\n", "\n").replace('\r', "\n");
    lines.retain(|c| c == '\n' || c == '\t' || !c.is_control());
    lines.truncate(lines.trim_end().len());
    lines
}

/// The first `bytes` of a text, cut between characters.
pub(crate) fn head(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// What a server said, in one short line and without the addresses it repeats.
pub(crate) fn said(words: &str) -> String {
    let words = one_line(words);
    let words: Vec<_> = words.split(' ').map(|word| if word.contains('@') { "…" } else { word }).collect();
    head(&words.join(" "), 300).to_owned()
}
