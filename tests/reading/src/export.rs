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
