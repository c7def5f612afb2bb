//! Shipped tables: lines of tab-separated fields, sorted by the first, searched by halves. Nothing is parsed at start.

use std::sync::OnceLock;

/// A table of the domain's `data` folder.
pub(super) struct Table {
    text: &'static str,
    /// Keys and what follows them, split when something is looked up for the first time.
    rows: OnceLock<Vec<(&'static str, &'static str)>>,
}

impl Table {
    /// The table that this text is.
    pub(super) const fn new(text: &'static str) -> Self {
        Self { text, rows: OnceLock::new() }
    }

    /// What follows the key in its line.
    pub(super) fn get(&self, key: &str) -> Option<&'static str> {
        let split = || self.lines().map(|line| line.split_once('\t').unwrap_or((line, ""))).collect();
        let rows: &Vec<_> = self.rows.get_or_init(split);
        let place = rows.binary_search_by_key(&key, |(known, _)| known).ok()?;
        rows.get(place).map(|(_, rest)| *rest)
    }

    /// All lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = &'static str> {
        self.text.lines()
    }
}

/// How names are written in the tables: lower case, one space between words.
pub(super) fn folded(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_found_and_nothing_else() {
        let text = "a\t1\nab\t2\nb\t3\nç\t4\n";
        let table = Table::new(text);
        for (key, value) in [("a", "1"), ("ab", "2"), ("b", "3"), ("ç", "4")] {
            assert_eq!(table.get(key), Some(value));
        }
        for absent in ["", "0", "aa", "abc", "c", "é", "zz"] {
            assert_eq!(table.get(absent), None, "{absent}");
        }
        assert_eq!(Table::new("").get("a"), None);
    }
}
