//! Lines that stand in mails and are ours: how to stop, and that software writes.
//!
//! **Invariant:** every scheduled mail tells once how to stop; what is quoted does not tell it again.

use crate::language::Language;

/// Where the address comes in.
const URL: &str = "{url}";

/// The line that tells how to stop, with the address if there is one.
pub(crate) fn opt_out(language: Language, url: &str) -> String {
    let line = opt_out_lines(language);
    if url.is_empty() { line[1].to_owned() } else { line[0].replace(URL, url) }
}

/// With an address, and without.
fn opt_out_lines(language: Language) -> [&'static str; 2] {
    match language {
        Language::English => [
            "If you would rather not hear from me, reply \"stop\" or use this link: {url}",
            "If you would rather not hear from me, reply \"stop\".",
        ],
        Language::German => [
            "Wenn Sie nichts mehr von mir hören möchten, antworten Sie \"stop\" oder nutzen Sie diesen Link: {url}",
            "Wenn Sie nichts mehr von mir hören möchten, antworten Sie \"stop\".",
        ],
        Language::French => [
            "Si vous ne souhaitez plus recevoir mes messages, répondez « stop » ou utilisez ce lien : {url}",
            "Si vous ne souhaitez plus recevoir mes messages, répondez « stop ».",
        ],
        Language::Spanish => [
            "Si prefiere no recibir más mensajes míos, responda \"stop\" o use este enlace: {url}",
            "Si prefiere no recibir más mensajes míos, responda \"stop\".",
        ],
        Language::Italian => [
            "Se preferisce non ricevere altri miei messaggi, risponda \"stop\" o usi questo link: {url}",
            "Se preferisce non ricevere altri miei messaggi, risponda \"stop\".",
        ],
        Language::Portuguese => [
            "Se preferir não receber mais mensagens minhas, responda \"stop\" ou use este link: {url}",
            "Se preferir não receber mais mensagens minhas, responda \"stop\".",
        ],
        Language::Dutch => [
            "Wilt u liever niets meer van mij horen, antwoord dan \"stop\" of gebruik deze link: {url}",
            "Wilt u liever niets meer van mij horen, antwoord dan \"stop\".",
        ],
    }
}

/// Says that software writes: in the assistant's `own` words, or in ours.
pub(crate) fn disclosure(language: Language, own: &str) -> String {
    let own = own.trim();
    if !own.is_empty() {
        return own.to_owned();
    }
    match language {
        Language::English => "This mail was written with the help of AI.",
        Language::German => "Diese E-Mail wurde mit Hilfe von KI geschrieben.",
        Language::French => "Ce message a été rédigé avec l'aide d'une IA.",
        Language::Spanish => "Este mensaje se ha escrito con la ayuda de una IA.",
        Language::Italian => "Questo messaggio è stato scritto con l'aiuto dell'IA.",
        Language::Portuguese => "Esta mensagem foi escrita com a ajuda de IA.",
        Language::Dutch => "Dit bericht is geschreven met hulp van AI.",
    }
    .to_owned()
}

/// A text of ours without the line that tells how to stop, whatever address stood in it.
pub(crate) fn without_opt_out(text: &str) -> String {
    let lines = text.trim_end().lines().filter(|line| !is_opt_out(line.trim_end()));
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

/// Is it the line that tells how to stop, in any language and whatever address stands in it?
pub(crate) fn is_opt_out(line: &str) -> bool {
    Language::ALL.into_iter().any(|language| {
        let [with_url, without] = opt_out_lines(language);
        line == without || with_url.strip_suffix(URL).is_some_and(|start| line.starts_with(start.trim_end()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_told_in_its_language_and_recognised_again() {
        for language in Language::ALL {
            for url in ["", "https://sales.example/unsubscribe/x"] {
                let line = opt_out(language, url);
                assert!(line.contains("stop") && line.contains(url) && !line.contains('{'), "{line}");
                assert_eq!(Language::of(&line), Some(language), "{line}");
                assert_eq!(without_opt_out(&format!("Hello.\n\n{line}\n")), "Hello.");
            }
            assert_eq!(Language::of(&disclosure(language, "")), Some(language), "{language:?}");
        }
        assert_eq!(disclosure(Language::English, " Written by software. "), "Written by software.");
    }
}
