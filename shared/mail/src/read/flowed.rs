//! Plain text whose lines were broken by the program that sent it (RFC 3676, `format=flowed`).

/// Joins the lines that the writer's program broke. Quotes keep their `>`; with `delsp` the blank at a break was none.
pub(super) fn joined(text: &str, delsp: bool) -> String {
    let mut joined = String::with_capacity(text.len());
    // How deep the line before is quoted that goes on in the next one.
    let mut open = None;
    for (number, line) in text.lines().enumerate() {
        let content = line.trim_start_matches('>');
        let depth = line.len() - content.len();
        let content = content.strip_prefix(' ').unwrap_or(content);
        let signature = content == "-- ";
        if open != Some(depth) || signature {
            if number > 0 {
                joined.push('\n');
            }
            joined.extend(std::iter::repeat_n('>', depth));
            if depth > 0 {
                joined.push(' ');
            }
        }
        let flows = content.ends_with(' ') && !signature;
        joined.push_str(if flows && delsp { &content[..content.len() - 1] } else { content });
        open = flows.then_some(depth);
    }
    joined
}
