//! Shipped tables: lines of tab-separated fields, sorted by the first, searched by halves. Nothing is parsed at start.

/// A table of the domain's `data` folder.
pub(super) struct Table(pub(super) &'static str);

impl Table {
    /// What follows the key in its line.
    pub(super) fn get(&self, key: &str) -> Option<&'static str> {
        let (mut low, mut high) = (0, self.0.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let start = self.0.as_bytes()[..middle].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            let line = self.0.get(start..)?.lines().next()?;
            let (found, rest) = line.split_once('\t').unwrap_or((line, ""));
            match found.as_bytes().cmp(key.as_bytes()) {
                std::cmp::Ordering::Equal => return Some(rest),
                std::cmp::Ordering::Less => low = start + line.len() + 1,
                std::cmp::Ordering::Greater => high = start,
            }
        }
        None
    }

    /// All lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = &'static str> {
        self.0.lines()
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
        let table = Table(text);
        for (key, value) in [("a", "1"), ("ab", "2"), ("b", "3"), ("ç", "4")] {
            assert_eq!(table.get(key), Some(value));
        }
        for absent in ["", "0", "aa", "abc", "c", "é", "zz"] {
            assert_eq!(table.get(absent), None, "{absent}");
        }
        assert_eq!(Table("").get("a"), None);
    }
}
