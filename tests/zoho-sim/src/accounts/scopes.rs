//! Scopes: which exist, and what they cover.

/// Every scope a client of the CRM could want; what the ready-made administrator has consented to.
pub(crate) const EVERYTHING: &[&str] = &[
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.users.ALL",
    "ZohoCRM.org.ALL",
    "ZohoCRM.notifications.ALL",
    "ZohoCRM.coql.READ",
    "ZohoCRM.change_owner.CREATE",
    "ZohoCRM.send_mail.all.CREATE",
    "ZohoCRM.composite_requests.CUSTOM",
    "ZohoCRM.files.CREATE",
    "ZohoCRM.bulk.READ",
    "ZohoSearch.securesearch.READ",
];

const CRM_AREAS: &[&str] = &[
    "modules",
    "settings",
    "users",
    "org",
    "notifications",
    "coql",
    "change_owner",
    "send_mail",
    "mass_update",
    "mass_delete",
    "composite_requests",
    "files",
    "bulk",
    "share",
    "signals",
    "functions",
    "zia",
    "features",
    "apis",
];
const OPERATIONS: &[&str] = &["ALL", "READ", "CREATE", "UPDATE", "WRITE", "DELETE", "CUSTOM", "EXECUTE"];

/// Whether Zoho knows the scope. One unknown scope fails a whole authorisation.
pub(crate) fn exists(scope: &str) -> bool {
    let parts: Vec<&str> = scope.split('.').collect();
    let Some((operation, path)) = parts.split_last() else { return false };
    let named = path.iter().all(|part| !part.is_empty());
    let operation = OPERATIONS.iter().any(|known| known.eq_ignore_ascii_case(operation));
    match path {
        ["ZohoCRM", area] | ["ZohoCRM", area, _] => named && operation && CRM_AREAS.contains(area),
        ["ZohoSearch", "securesearch"] | ["AaaServer", "profile"] | ["Desk", _] => named && operation,
        _ => false,
    }
}

/// Whether the granted scopes cover a needed one: the same path or a shorter one, and the same operation or a wider
/// one. `ZohoCRM.modules.ALL` covers `ZohoCRM.modules.leads.READ`.
pub(crate) fn grants(granted: &[String], needed: &str) -> bool {
    let needed = needed.to_lowercase();
    let Some((path, operation)) = needed.rsplit_once('.') else { return false };
    granted.iter().map(|scope| scope.to_lowercase()).any(|scope| {
        let Some((granted_path, granted_operation)) = scope.rsplit_once('.') else { return false };
        let wide_enough = match granted_operation {
            "all" => true,
            "write" => matches!(operation, "create" | "update" | "write"),
            same => same == operation,
        };
        let deeper = path.strip_prefix(granted_path);
        wide_enough && deeper.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_covers_what() {
        let covers = |granted: &str, needed: &str| grants(&[granted.to_owned()], needed);
        assert!(covers("ZohoCRM.modules.ALL", "ZohoCRM.modules.leads.READ"));
        assert!(covers("ZohoCRM.modules.leads.ALL", "ZohoCRM.modules.leads.DELETE"));
        assert!(covers("ZohoCRM.modules.leads.WRITE", "ZohoCRM.modules.leads.UPDATE"));
        assert!(!covers("ZohoCRM.modules.leads.READ", "ZohoCRM.modules.leads.UPDATE"));
        assert!(!covers("ZohoCRM.modules.lead.ALL", "ZohoCRM.modules.leads.READ"));
        assert!(!covers("ZohoCRM.modules.leads.ALL", "ZohoCRM.modules.contacts.READ"));
    }

    #[test]
    fn what_exists() {
        assert!(EVERYTHING.iter().all(|scope| exists(scope)));
        for wrong in ["", "ZohoCRM", "ZohoCRM.modules", "ZohoCRM.moduels.ALL", "ZohoCRM..ALL", "openid.read"] {
            assert!(!exists(wrong), "{wrong}");
        }
    }
}
