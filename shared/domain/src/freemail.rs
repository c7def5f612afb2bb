//! Domains whose addresses belong to anybody: two people there need not know each other.

/// The large ones of the world, without the country part where they have many, such as `yahoo.fr`.
const EVERYWHERE: [&str; 12] = [
    "aol",
    "gmail",
    "gmx",
    "googlemail",
    "hotmail",
    "live",
    "mail",
    "outlook",
    "proton",
    "yahoo",
    "yandex",
    "zohomail",
];

/// Others, whole.
const WHOLE: [&str; 40] = [
    "126.com",
    "163.com",
    "bigpond.com",
    "bk.ru",
    "bluewin.ch",
    "bol.com.br",
    "btinternet.com",
    "comcast.net",
    "daum.net",
    "fastmail.com",
    "fastmail.fm",
    "free.fr",
    "freenet.de",
    "hanmail.net",
    "hey.com",
    "icloud.com",
    "inbox.ru",
    "interia.pl",
    "laposte.net",
    "libero.it",
    "list.ru",
    "mac.com",
    "me.com",
    "msn.com",
    "naver.com",
    "o2.pl",
    "online.no",
    "orange.fr",
    "pm.me",
    "protonmail.com",
    "qq.com",
    "rediffmail.com",
    "seznam.cz",
    "sfr.fr",
    "t-online.de",
    "tuta.com",
    "uol.com.br",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
];

/// Does a mail domain hand out addresses to anybody? What is not known to is taken for an organisation's own.
pub(crate) fn is_freemail(domain: &str) -> bool {
    // `yahoo.co.uk`, but not `mail.acme.com`: what follows the name is a country's or another public ending.
    let everywhere = domain.split_once('.').is_some_and(|(name, ending)| {
        let short = |label: &str| (2..=3).contains(&label.len());
        EVERYWHERE.contains(&name) && ending.split('.').count() <= 2 && ending.split('.').all(short)
    });
    everywhere || WHOLE.binary_search(&domain).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anybodys_and_an_organisations_domains() {
        assert!(WHOLE.is_sorted(), "it is searched by halves");
        for domain in
            ["gmail.com", "yahoo.fr", "yahoo.co.uk", "gmx.net", "outlook.com.br", "web.de", "126.com", "mail.ru"]
        {
            assert!(is_freemail(domain), "{domain}");
        }
        for domain in ["acme.com", "mail.acme.com", "gmail.acme.example", "yahoo.example", "mail", "", "notgmail.com"] {
            assert!(!is_freemail(domain), "{domain}");
        }
    }
}
