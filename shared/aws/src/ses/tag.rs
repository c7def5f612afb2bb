//! Deliveries as message tags, by which SES events are matched to them.

use domain::{DeliveryId, InvalidId};

/// The delivery as a tag value. SES takes letters, digits, `_` and `-`; a delivery has one `_`, in its prefix, and dots.
/// So the prefix goes and dots become `_`, and there is a way back.
pub fn delivery_tag(delivery: &DeliveryId) -> String {
    let name = delivery.as_str();
    name.strip_prefix(PREFIX).unwrap_or(name).replace('.', "_")
}

/// The delivery that a tag names.
pub fn parse_delivery_tag(tag: &str) -> Result<DeliveryId, InvalidId> {
    DeliveryId::parse(format!("{PREFIX}{}", tag.replace('_', ".")))
}

const PREFIX: &str = "dlv_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_what_ses_takes_and_names_the_delivery() {
        for name in ["dlv_contacts-5540000310003.1.3", "dlv_leads-1.12.255"] {
            let delivery = DeliveryId::parse(name).unwrap();
            let tag = delivery_tag(&delivery);
            assert!(tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)), "{tag}");
            assert_eq!(parse_delivery_tag(&tag).unwrap(), delivery);
        }
        assert!(parse_delivery_tag("").is_err());
        assert!(parse_delivery_tag("not a tag").is_err());
    }
}
