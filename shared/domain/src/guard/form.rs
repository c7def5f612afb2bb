//! How a draft looks: length, characters, layout, tone of its punctuation, language.

use super::breach::{Breach, Unit};
use super::known::Known;
use super::text::{Token, sentences, shown};
use crate::language::{Language, words};
use crate::writing::{Brief, Tone};

/// Letters: shorter is no mail.
const LEAST_LETTERS: usize = 30;
const MOST_LINES: usize = 30;
const MOST_WORDS_IN_A_SENTENCE: usize = 60;

fn most_characters(tone: Tone) -> usize {
    match tone {
        Tone::Brief => 700,
        Tone::Friendly | Tone::Formal | Tone::Curious | Tone::Direct => 1400,
    }
}

/// Whether it is worth, and safe, to look closer.
pub(super) fn length(draft: &str, brief: &Brief) -> Option<Breach> {
    let most = most_characters(brief.tone);
    // Bytes first: nobody counts the characters of 200 KB.
    if draft.len() > most * 4 || draft.chars().count() > most {
        return Some(Breach::Long { most, unit: Unit::Characters });
    }
    if draft.lines().count() > MOST_LINES {
        return Some(Breach::Long { most: MOST_LINES, unit: Unit::Lines });
    }
    if sentences(draft).any(|sentence| words(sentence).count() > MOST_WORDS_IN_A_SENTENCE) {
        return Some(Breach::Long { most: MOST_WORDS_IN_A_SENTENCE, unit: Unit::WordsInASentence });
    }
    (draft.chars().filter(|character| character.is_alphabetic()).count() < LEAST_LETTERS).then_some(Breach::Short)
}

/// Characters that have no place in a plain mail.
pub(super) fn characters(draft: &str, known: &Known, breaches: &mut Vec<Breach>) {
    for character in draft.chars() {
        let found = || shown(&character.to_string());
        match character {
            'a'..='z'
            | 'A'..='Z'
            | '0'..='9'
            | ' '
            | '\n'
            | '.'
            | ','
            | ';'
            | ':'
            | '!'
            | '?'
            | '\''
            | '"'
            | '('
            | ')'
            | '-'
            | '/'
            | '&'
            | '+'
            | '@'
            | '%'
            | '$' => {}
            // Typography and the letters of the languages that are written here.
            '\u{a0}' | '\u{202f}' | '’' | '‘' | '“' | '”' | '„' | '«' | '»' | '‹' | '›' | '–' | '—' | '…' | '¿'
            | '¡' | 'º' | 'ª' | '€' | '£' => {}
            'À'..='Ö' | 'Ø'..='Ý' | 'ß'..='ö' | 'ø'..='ý' | 'ÿ' | 'Œ' | 'œ' => {}
            '{' | '}' | '[' | ']' | '<' | '>' | '|' | '`' | '*' | '_' | '#' | '~' | '\\' | '^' | '=' => {
                breaches.push(Breach::Leftover { found: found() });
            }
            letter if letter.is_alphabetic() && known.letters.contains(&letter) => {}
            other => breaches.push(Breach::Character { found: format!("U+{:04X}", u32::from(other)) }),
        }
    }
}

/// Lists, headings, repetitions, words spelt apart, loud punctuation.
pub(super) fn layout(draft: &str, words: &[Token<'_>], breaches: &mut Vec<Breach>) {
    for line in draft.lines().map(str::trim_start) {
        if line.starts_with(['-', '–', '—', '+', '/']) {
            breaches.push(Breach::Leftover { found: shown(line) });
        }
    }
    const HEADERS: [&str; 12] =
        ["subject", "betreff", "objet", "asunto", "oggetto", "assunto", "onderwerp", "re", "from", "to", "cc", "date"];
    for line in draft.lines() {
        if let Some((name, _)) = line.split_once(':')
            && HEADERS.contains(&name.trim().to_lowercase().as_str())
        {
            breaches.push(Breach::Leftover { found: shown(line) });
        }
    }
    let mut before: Vec<&str> = Vec::new();
    for sentence in sentences(draft).filter(|sentence| sentence.split_whitespace().count() >= 3) {
        if before.contains(&sentence) {
            breaches.push(Breach::Leftover { found: shown(sentence) });
        }
        before.push(sentence);
    }
    if let Some(run) = words.windows(4).find(|run| run.iter().all(|word| word.raw.chars().count() == 1)) {
        breaches.push(Breach::Leftover { found: shown(&draft[run[0].start..run[3].end()]) });
    }
    if draft.matches('!').count() > 1 || ["??", "?!", "!?"].iter().any(|loud| draft.contains(loud)) {
        breaches.push(Breach::Tone { found: "!".to_owned() });
    }
}

/// Every sentence is in the language of the template.
pub(super) fn language(draft: &str, expected: Language, breaches: &mut Vec<Breach>) {
    let wrong = |text: &str| Breach::Language { expected: expected.name().to_owned(), found: shown(text) };
    let (score, total) = (expected.score(draft), words(draft).count());
    if Language::of(draft).is_some_and(|found| found != expected) || score * 6 < total {
        breaches.push(wrong(draft));
        return;
    }
    for sentence in sentences(draft) {
        let (count, own) = (words(sentence).count(), expected.score(sentence));
        let others = Language::ALL.into_iter().filter(|language| *language != expected);
        let other = others.map(|language| language.score(sentence)).max().unwrap_or_default();
        if (count >= 6 && own == 0) || (other >= 3 && other >= own + 3) {
            breaches.push(wrong(sentence));
        }
    }
}
