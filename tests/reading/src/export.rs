//! The corpus as files, so that other readers can be compared.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::json;

use crate::corpus::{CorpusError, Letter, Set};

/// Writes each message of a set into `folder/<set>/*.eml`, and the labels beside them into `labels.jsonl`, a line each.
///
/// # Errors
/// [`CorpusError::File`] where a file cannot be written.
pub fn write(set: Set, letters: &[Letter], folder: &Path) -> Result<(), CorpusError> {
    let folder = folder.join(set.name());
    let failed = |source| CorpusError::File { path: folder.display().to_string(), source };
    fs::create_dir_all(&folder).map_err(failed)?;
    let mut labels = fs::File::create(folder.join("labels.jsonl")).map_err(failed)?;
    for letter in letters {
        let file = format!("{}.eml", letter.id.replace('/', "."));
        fs::write(folder.join(&file), &letter.raw).map_err(failed)?;
        let line = json!({
            "file": file, "id": letter.id, "set": set, "lang": letter.lang, "style": letter.style, "label": letter.label,
        });
        writeln!(labels, "{line}").map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load;

    #[test]
    fn a_line_of_labels_names_each_file() {
        let folder = tempfile::tempdir().unwrap();
        let letters = load(Set::Tuned).unwrap();
        write(Set::Tuned, &letters[..5], folder.path()).unwrap();
        let labels = fs::read_to_string(folder.path().join("tuned/labels.jsonl")).unwrap();
        assert_eq!(labels.lines().count(), 5);
        for (line, letter) in labels.lines().zip(&letters) {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let file = folder.path().join("tuned").join(line["file"].as_str().unwrap());
            assert_eq!(fs::read(file).unwrap(), letter.raw);
            assert_eq!(line["label"]["kind"], serde_json::to_value(letter.label.kind).unwrap());
        }
    }
}
