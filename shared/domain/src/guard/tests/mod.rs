//! Good drafts pass, bad ones do not.

use super::{Breach, Guard};
use crate::id::StepNo;
use crate::language::Language;
use crate::lead::Person;
use crate::writing::{Brief, Tone};

/// The brief behind all of these drafts.
pub(super) fn brief(language: Language) -> Brief {
    let (context, example) = match language {
        Language::English => (
            "We help small manufacturers to quote faster.",
            "I am Tara, Sales Assistant at Northwind. {}\n\nWould a short call this week or next suit you? A word in reply is enough.",
        ),
        Language::German => (
            "Wir helfen kleinen Fertigern, schneller anzubieten.",
            "ich bin Tara, Sales Assistant bei Northwind. {}\n\nPasst Ihnen ein kurzes Gespräch? Ein Wort genügt als Antwort.",
        ),
        Language::French => (
            "Nous aidons les petits fabricants à répondre plus vite.",
            "Je suis Tara, Sales Assistant chez Northwind. {}\n\nUn court appel vous conviendrait-il ? Un mot de réponse suffit.",
        ),
        Language::Spanish => (
            "Ayudamos a pequeños fabricantes a responder más rápido.",
            "Soy Tara, Sales Assistant en Northwind. {}\n\n¿Le vendría bien una breve llamada? Una palabra basta.",
        ),
        Language::Italian => (
            "Aiutiamo i piccoli produttori a rispondere più in fretta.",
            "Sono Tara, Sales Assistant di Northwind. {}\n\nLe andrebbe bene una breve chiamata? Basta una parola.",
        ),
        Language::Portuguese => (
            "Ajudamos pequenos fabricantes a responder mais depressa.",
            "Sou a Tara, Sales Assistant da Northwind. {}\n\nUma breve chamada seria possível? Uma palavra basta.",
        ),
        Language::Dutch => (
            "Wij helpen kleine fabrikanten om sneller te reageren.",
            "Ik ben Tara, Sales Assistant bij Northwind. {}\n\nZou een kort gesprek u schikken? Eén woord is genoeg.",
        ),
    };
    Brief {
        person: Person {
            first_name: "Ada".into(),
            last_name: "Lovelace".into(),
            designation: "Head of Production".into(),
            company: "Analytical Engines".into(),
            phone: "+44 20 7946 0000".into(),
            industry: "Manufacturing".into(),
            website: "https://engines.example".into(),
        },
        assistant_name: "Tara Quinn".into(),
        assistant_title: "Sales Assistant".into(),
        organisation: "Northwind".into(),
        context: context.into(),
        more_information: String::new(),
        tone: Tone::Friendly,
        language,
        step: StepNo::FIRST,
        mails: 7,
        thread: vec![],
        example: example.replace("{}", context),
    }
}

fn good() -> impl Iterator<Item = (Language, &'static str, &'static str)> {
    include_str!("good.txt").split("===\n").map(|entry| {
        let (head, draft) = entry.split_once('\n').unwrap();
        let (code, set) = head.split_once(' ').unwrap();
        let codes = ["en", "de", "fr", "es", "it", "pt", "nl"];
        (Language::ALL[codes.iter().position(|known| *known == code).unwrap()], set, draft)
    })
}

#[test]
fn ordinary_drafts_pass() {
    let (mut passed, mut all) = ([0, 0], [0, 0]);
    for (language, set, draft) in good() {
        let set = usize::from(set == "measured");
        all[set] += 1;
        match Guard::check(draft, &brief(language)) {
            Ok(_) => passed[set] += 1,
            Err(breaches) => eprintln!("{language:?}: {}\n  {draft:?}", told(&breaches)),
        }
    }
    eprintln!("good drafts passed: tuned {}/{}, measured {}/{}", passed[0], all[0], passed[1], all[1]);
    assert!(all[0] + all[1] >= 60);
    assert_eq!(passed[0], all[0]);
    assert!(passed[1] * 10 >= all[1] * 9);
}

fn told(breaches: &[Breach]) -> String {
    breaches.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
