//! The languages whose mails can be judged, and how to tell them apart.

use serde::{Deserialize, Serialize};

/// A language whose drafts the guard can judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Italian.
    Italian,
    /// Portuguese.
    Portuguese,
    /// Dutch.
    Dutch,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::English, Self::German, Self::French, Self::Spanish, Self::Italian, Self::Portuguese, Self::Dutch];

    /// Its English name.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "German",
            Self::French => "French",
            Self::Spanish => "Spanish",
            Self::Italian => "Italian",
            Self::Portuguese => "Portuguese",
            Self::Dutch => "Dutch",
        }
    }

    /// The language of a text, by the little words that every sentence has; `None` where they do not decide.
    pub fn of(text: &str) -> Option<Self> {
        let mut scores = Self::ALL.map(|language| (language.score(text), language));
        scores.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        let [(best, language), (second, _), ..] = scores;
        (best >= 2 && best > second).then_some(language)
    }

    /// How many words of the text are little words of this language.
    pub(crate) fn score(self, text: &str) -> usize {
        words(text).filter(|word| self.little_words().contains(&word.as_str())).count()
    }

    /// Words that are frequent in this language and rare in the others.
    fn little_words(self) -> &'static [&'static str] {
        match self {
            Self::English => &[
                "the", "you", "your", "and", "for", "with", "would", "this", "that", "have", "are", "is", "of", "to",
                "if", "it", "we", "our", "from", "what", "which", "how", "can", "could", "should", "will", "not",
                "about", "be", "or", "i", "my", "hello", "there", "whether", "any", "at", "let", "when", "been", "was",
                "then", "more", "has", "but", "by", "who", "do", "does", "just", "know", "me",
            ],
            Self::German => &[
                "der", "die", "das", "und", "ist", "ich", "sie", "ihnen", "ihr", "ihre", "ihrem", "ihren", "nicht",
                "mit", "für", "auf", "ein", "eine", "einen", "einem", "wir", "uns", "zu", "zum", "zur", "von", "vom",
                "wenn", "ob", "wie", "auch", "haben", "hat", "habe", "kann", "könnte", "würde", "mir", "mich", "dem",
                "den", "bei", "oder", "sich", "noch", "gerne", "gern", "dass", "wäre", "im", "aus", "bin", "hallo",
                "sind", "werden", "einer", "nur",
            ],
            Self::French => &[
                "le", "les", "des", "vous", "votre", "vos", "nous", "notre", "est", "et", "je", "pour", "avec", "une",
                "un", "du", "dans", "sur", "ce", "cette", "si", "pas", "ne", "mon", "ma", "mes", "au", "aux", "ou",
                "qui", "bonjour", "être", "il", "suis", "avez", "êtes", "sont", "par", "plus", "à", "qu", "comment",
                "cela", "ai", "serait", "bien", "la", "que", "de", "en", "mais", "tout",
            ],
            Self::Spanish => &[
                "el", "los", "las", "usted", "ustedes", "su", "sus", "nosotros", "es", "y", "para", "con", "una", "un",
                "del", "si", "por", "qué", "cómo", "esta", "este", "esto", "hola", "le", "les", "lo", "más", "mi",
                "en", "la", "que", "de", "al", "está", "sería", "hay", "muy", "también", "pero", "sin", "soy", "ser",
                "o", "nuestro", "nuestra", "cuando", "tiene", "quería", "puedo", "no",
            ],
            Self::Italian => &[
                "il",
                "gli",
                "della",
                "dei",
                "delle",
                "del",
                "di",
                "che",
                "è",
                "per",
                "con",
                "una",
                "un",
                "lei",
                "suo",
                "sua",
                "suoi",
                "vostro",
                "vostra",
                "voi",
                "noi",
                "non",
                "se",
                "come",
                "questo",
                "questa",
                "sono",
                "mi",
                "ci",
                "anche",
                "più",
                "alla",
                "al",
                "nel",
                "nella",
                "buongiorno",
                "salve",
                "o",
                "e",
                "la",
                "le",
                "da",
                "ho",
                "essere",
                "sarebbe",
                "ma",
                "vi",
                "può",
                "posso",
                "cosa",
                "tra",
                "nostro",
            ],
            Self::Portuguese => &[
                "o", "os", "as", "da", "do", "das", "dos", "em", "um", "uma", "para", "com", "não", "você", "vocês",
                "sua", "seu", "seus", "suas", "que", "é", "e", "se", "por", "como", "mais", "no", "na", "nos", "nas",
                "olá", "eu", "meu", "minha", "isso", "este", "esta", "ao", "à", "está", "seria", "há", "foi", "ou",
                "mas", "também", "sou", "são", "nosso", "nossa", "pela", "pelo", "tem", "gostaria", "lhe", "de", "si",
                "sem", "já",
            ],
            Self::Dutch => &[
                "de", "het", "een", "en", "u", "uw", "je", "jij", "jullie", "wij", "we", "ons", "onze", "is", "van",
                "voor", "met", "op", "aan", "niet", "dat", "dit", "die", "of", "als", "hoe", "wat", "ik", "mijn",
                "bij", "naar", "kan", "zou", "heeft", "heb", "ook", "nog", "om", "te", "er", "zijn", "hallo", "graag",
                "welke", "maar", "dan", "uit", "ben", "hebt", "wel", "mij",
            ],
        }
    }
}

/// The words of a text in lower case; an apostrophe separates, as in `l'idée`.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|character: char| !character.is_alphabetic()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}
