//! Zoho's data centres: the hosts that may see the client secret and tokens.
//!
//! An accounts server is named by the browser on the way back from consent. Whoever could name any host would be sent the
//! client secret; so a host is Zoho's if it stands here, and otherwise nothing is sent.

use url::{Host, Url};

/// Where a part of Zoho's orgs lives.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DataCentre {
    /// Zoho's short name, as in `location=eu`.
    pub location: &'static str,
    accounts: &'static str,
    /// Production orgs answer at `www.` of this, others at `sandbox.` and `developer.`.
    api: &'static str,
}

const fn at(location: &'static str, accounts: &'static str, api: &'static str) -> DataCentre {
    DataCentre { location, accounts, api }
}

/// From Zoho's multi-dc pages; `uk`, `ae` and `sg` from third parties that agree (read 2026-11-21).
const ALL: [DataCentre; 11] = [
    at("us", "accounts.zoho.com", "zohoapis.com"),
    at("eu", "accounts.zoho.eu", "zohoapis.eu"),
    at("in", "accounts.zoho.in", "zohoapis.in"),
    at("au", "accounts.zoho.com.au", "zohoapis.com.au"),
    at("jp", "accounts.zoho.jp", "zohoapis.jp"),
    at("cn", "accounts.zoho.com.cn", "zohoapis.com.cn"),
    at("ca", "accounts.zohocloud.ca", "zohoapis.ca"),
    at("sa", "accounts.zoho.sa", "zohoapis.sa"),
    at("uk", "accounts.zoho.uk", "zohoapis.uk"),
    at("ae", "accounts.zoho.ae", "zohoapis.ae"),
    at("sg", "accounts.zoho.sg", "zohoapis.sg"),
];

/// The data centre whose accounts server this is.
pub(crate) fn of_accounts_server(url: &Url) -> Option<&'static DataCentre> {
    let host = secure_host(url)?;
    ALL.iter().find(|centre| centre.accounts == host)
}

/// Is this where some data centre's API answers?
pub(crate) fn is_api_domain(url: &Url) -> bool {
    let Some((org_type, domain)) = secure_host(url).and_then(|host| host.split_once('.')) else { return false };
    ["www", "sandbox", "developer"].contains(&org_type) && ALL.iter().any(|centre| centre.api == domain)
}

/// The host of a URL that says `https://host` and nothing else.
fn secure_host(url: &Url) -> Option<&str> {
    let bare = url.scheme() == "https"
        && url.port().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    match url.host() {
        Some(Host::Domain(host)) if bare => Some(host),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, accounts: Option<&str>, api: bool) {
        let url: Url = url.parse().unwrap();
        let location = of_accounts_server(&url).map(|centre| centre.location);
        assert_eq!((location, is_api_domain(&url)), (accounts, api), "{url}");
    }

    #[test]
    fn only_hosts_of_the_table_are_zohos() {
        check("https://accounts.zoho.com", Some("us"), false);
        check("https://ACCOUNTS.zoho.eu/", Some("eu"), false);
        check("https://accounts.zohocloud.ca:443", Some("ca"), false);
        check("https://www.zohoapis.com.au", None, true);
        check("https://sandbox.zohoapis.in", None, true);
        check("https://developer.zohoapis.jp", None, true);
        for stranger in [
            "http://accounts.zoho.com",
            "https://accounts.zoho.com:8443",
            "https://accounts.zoho.com.evil.example",
            "https://accounts.zoho.com@evil.example",
            "https://user@accounts.zoho.com",
            "https://evil.example/accounts.zoho.com",
            "https://accounts.zoho.com/path",
            "https://accounts.zoho.com?q",
            "https://accounts.zoho.com#f",
            "https://accounts.zoho.com.",
            "https://zoho.com",
            "https://desk.zoho.com",
            "https://accounts.zoho.zip",
            "https://\u{430}ccounts.zoho.com",
            "http://www.zohoapis.com",
            "https://zohoapis.com",
            "https://evil.zohoapis.com",
            "https://www.evil.zohoapis.com",
            "https://www.zohoapis.com.evil.example",
            "https://127.0.0.1",
            "https://[::1]",
            "file:///etc/passwd",
        ] {
            check(stranger, None, false);
        }
    }
}
