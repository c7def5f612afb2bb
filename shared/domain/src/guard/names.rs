//! Who and what is named: the reader, ourselves, and nobody else.

use super::breach::Breach;
use super::known::{Known, starts_upper};
use super::lexicon::{Class, Lexicon, is_known_elsewhere};
use super::text::{Token, fold, shown, tokens};
use crate::language::Language;
use crate::writing::Brief;

/// Words in capitals that are no names and do not shout.
const CAPITALS: [&str; 4] = ["ok", "it", "ps", "faq"];

/// Every capital is explained, and no known name hides in small letters.
pub(super) fn names(words: &[Token<'_>], language: Language, known: &Known, breaches: &mut Vec<Breach>) {
    let lexicon = Lexicon::of(language);
    for (index, word) in words.iter().enumerate() {
        let folded = word.folded.as_str();
        if known.is_name(folded) {
            continue;
        }
        let found = || shown(word.raw);
        if is_known_elsewhere(folded) {
            breaches.push(Breach::Name { found: found() });
            continue;
        }
        if !starts_upper(word.raw) {
            // A name in the middle of a word, as in `iPhone`.
            if word.raw.chars().skip(1).any(char::is_uppercase) {
                breaches.push(Breach::Name { found: found() });
            }
            continue;
        }
        let letters = word.raw.chars().count();
        if letters > 1 && !word.raw.chars().any(char::is_lowercase) {
            let ordinary = lexicon.has(Class::Common, folded) || letters > 6;
            if ordinary {
                breaches.push(Breach::Tone { found: found() });
            } else if !CAPITALS.contains(&folded) {
                breaches.push(Breach::Name { found: found() });
            }
            continue;
        }
        let small = || words.iter().any(|other| other.folded == folded && !starts_upper(other.raw));
        let explained = lexicon.has(Class::Proper, folded)
            || (word.begins && (lexicon.has(Class::Common, folded) || language.score(folded) > 0 || small() || Lexicon::is_formed(folded)))
            || match language {
                Language::English => folded == "i",
                Language::German => is_german_noun(lexicon, words, index),
                _ => false,
            }
            // Greetings and forms of address have their own checks.
            || is_listed(lexicon, &[Class::Greeting, Class::Titles, Class::Closing], &words[index..], word.begins);
        if !explained {
            breaches.push(Breach::Name { found: found() });
        }
    }
}

fn is_german_noun(lexicon: &Lexicon, words: &[Token<'_>], index: usize) -> bool {
    const COURTESY: [&str; 9] = ["sie", "ihnen", "ihr", "ihre", "ihrem", "ihren", "ihrer", "ihres", "ihrerseits"];
    const BEFORE_VERBS: [&str; 5] = ["zum", "beim", "das", "vom", "im"];
    let folded = words[index].folded.as_str();
    let is_verb = folded.ends_with("en") && !folded.ends_with("sen") && folded.len() > 5;
    let before = index.checked_sub(1).map(|before| words[before].folded.as_str());
    COURTESY.contains(&folded)
        || lexicon.is_noun(folded)
        || (is_verb && before.is_some_and(|before| BEFORE_VERBS.contains(&before)))
}

fn is_listed(lexicon: &Lexicon, classes: &[Class], words: &[Token<'_>], begins: bool) -> bool {
    begins && lexicon.found(words).any(|(class, _)| classes.contains(&class))
}

/// The first line greets the reader, by our name for them or by none.
pub(super) fn greeting(draft: &str, brief: &Brief, known: &Known, breaches: &mut Vec<Breach>) {
    let lexicon = Lexicon::of(brief.language);
    let line = draft.trim_start().lines().next().unwrap_or_default();
    let line = line.split([',', '!', '.', ';', ':', '–', '—', '?']).next().unwrap_or_default();
    let words = tokens(line);
    if !is_listed(lexicon, &[Class::Greeting], &words, true) {
        return;
    }
    let mut rest = words.as_slice();
    while let Some(word) = rest.first() {
        let greets = |class| matches!(class, Class::Greeting | Class::Titles);
        let listed = lexicon.found(rest).filter(|(class, _)| greets(*class)).map(|(_, phrase)| phrase.len()).max();
        if known.reader.contains(&word.folded) || known.own_words(&rest[..1]) {
            rest = &rest[1..];
        } else if let Some(length) = listed {
            rest = &rest[length..];
        } else {
            breaches.push(Breach::Name { found: shown(line) });
            return;
        }
    }
}

/// Whether the reader is a Mr or a Mrs stands in the template or nowhere.
pub(super) fn titles(words: &[Token<'_>], language: Language, known: &Known, breaches: &mut Vec<Breach>) {
    let lexicon = Lexicon::of(language);
    let mut skip = 0;
    for index in 0..words.len() {
        let rest = &words[index..];
        // `Madame, Monsieur` and the like greet without guessing.
        let of = |wanted| lexicon.found(rest).find(|(class, _)| *class == wanted).map(|(_, phrase)| phrase);
        if let Some(neutral) = of(Class::Allowed) {
            skip = skip.max(index + neutral.len());
        }
        if let Some(title) = of(Class::Titles).filter(|_| index >= skip && starts_upper(rest[0].raw))
            && !known.own_words(&rest[..title.len()])
        {
            breaches.push(Breach::Name { found: shown(rest[0].raw) });
        }
    }
}

/// The draft ends with its last sentence: the name under it is ours to add.
pub(super) fn ending(draft: &str, brief: &Brief, breaches: &mut Vec<Breach>) {
    let lexicon = Lexicon::of(brief.language);
    let ours = [&brief.assistant_name, &brief.assistant_title, &brief.organisation];
    let ours: Vec<String> = ours.into_iter().flat_map(|text| tokens(text)).map(|token| token.folded).collect();
    let lines: Vec<&str> = draft.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    for (from_end, line) in lines.iter().rev().take(4).enumerate() {
        let words = tokens(line);
        let closes =
            lexicon.found(&words).any(|(class, phrase)| class == Class::Closing && phrase.len() == words.len());
        let signs = from_end == 0
            && lines.len() > 1
            && !line.ends_with(['.', '?', '!'])
            && words.iter().all(|word| ours.contains(&fold(word.raw)));
        if closes || signs {
            breaches.push(Breach::Signature { found: shown(line) });
        }
    }
}
