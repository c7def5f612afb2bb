//! A draft in words and sentences.

/// A word of a text.
#[derive(Debug, Clone)]
pub(super) struct Token<'a> {
    /// As written.
    pub raw: &'a str,
    /// In lower case, without accents.
    pub folded: String,
    /// Where it starts, in bytes.
    pub start: usize,
    /// Does it begin a sentence or a line?
    pub begins: bool,
}

impl Token<'_> {
    /// Where it ends, in bytes.
    pub fn end(&self) -> usize {
        self.start + self.raw.len()
    }
}

/// Lower case without accents, so that neither hides a word.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars().flat_map(char::to_lowercase) {
        match character {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => folded.push('a'),
            'ç' | 'ć' | 'č' => folded.push('c'),
            'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => folded.push('e'),
            'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => folded.push('i'),
            'ł' => folded.push('l'),
            'ñ' | 'ń' | 'ň' => folded.push('n'),
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ő' => folded.push('o'),
            'ř' => folded.push('r'),
            'ś' | 'š' | 'ş' => folded.push('s'),
            'ù' | 'ú' | 'û' | 'ü' | 'ů' | 'ű' => folded.push('u'),
            'ý' | 'ÿ' => folded.push('y'),
            'ž' | 'ź' | 'ż' => folded.push('z'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            // What is left of İ in lower case.
            '\u{307}' => {}
            other => folded.push(other),
        }
    }
    folded
}

/// The words of a text: letters and digits in a row.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut begins = true;
    let mut start = None;
    for (index, character) in text.char_indices().chain([(text.len(), '\n')]) {
        if character.is_alphanumeric() {
            start.get_or_insert(index);
            continue;
        }
        if let Some(start) = start.take() {
            let raw = &text[start..index];
            tokens.push(Token { raw, folded: fold(raw), start, begins });
            begins = false;
        }
        begins |= matches!(character, '.' | '!' | '?' | ':' | '…' | '\n' | '¿' | '¡');
    }
    tokens
}

/// The same words with those that a hyphen holds together as one: `guar-antee` is a word too.
pub(super) fn without_hyphens<'a>(text: &str, tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut joined: Vec<Token<'a>> = Vec::with_capacity(tokens.len());
    let mut end = usize::MAX;
    for token in tokens {
        let between = text.get(end..token.start);
        match (joined.last_mut(), between) {
            (Some(last), Some("-" | "'" | "\u{2019}")) => last.folded.push_str(&token.folded),
            _ => joined.push(token.clone()),
        }
        end = token.end();
    }
    joined
}

/// The sentences of a text.
pub(super) fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(['.', '!', '?', '\n', '…']).map(str::trim).filter(|sentence| !sentence.is_empty())
}

/// A piece of text that can be shown: one line, a few words.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain: String = line.chars().filter(|character| !character.is_control()).take(MOST).collect();
    if line.chars().count() > MOST { format!("{plain}…") } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_know_where_sentences_begin() {
        let text = "Hi Ada,\nwe do. L'Été";
        let found: Vec<_> = tokens(text).into_iter().map(|token| (token.folded, token.begins)).collect();
        let expected = [("hi", true), ("ada", false), ("we", true), ("do", false), ("l", true), ("ete", false)];
        assert_eq!(found, expected.map(|(word, begins)| (word.to_owned(), begins)));
        let joined = without_hyphens("guar-antee me", &tokens("guar-antee me"));
        assert_eq!(joined.iter().map(|token| token.folded.as_str()).collect::<Vec<_>>(), ["guarantee", "me"]);
    }
}
