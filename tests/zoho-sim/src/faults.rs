//! What the simulator does to you on purpose.
//!
//! Rates strike at random (seeded); `next` strikes exactly where a test wants it. The four faults of a single call form
//! a square, because a client has to tell them apart by looking, not by the error it got:
//!
//! | | an error is answered | nothing is answered |
//! |---|---|---|
//! | Zoho did nothing | `server_error` | `not_reached` |
//! | Zoho acted | `error_after_acting` | `no_answer` |

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::rng::Rng;

/// Fault rates and limits. Parse one from `"rate429=0.02,search_lag_ms=5000"` or change a running simulator's by
/// `POST /_sim/faults`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Faults {
    /// 429 although no limit was hit; the body is JSON, HTML or empty.
    pub rate429: f64,
    /// 500 without having acted.
    pub server_error: f64,
    /// 503 with an HTML page, without having acted.
    pub html: f64,
    /// The connection ends before Zoho saw the call.
    pub not_reached: f64,
    /// 500 although Zoho did what was asked.
    pub error_after_acting: f64,
    /// The connection ends after Zoho did what was asked.
    pub no_answer: f64,
    /// The access token in use dies early.
    pub token_death: f64,
    /// A notification is never delivered.
    pub lost_notifications: f64,
    /// A notification is delivered twice.
    pub duplicate_notifications: f64,
    /// A notification is held back for three seconds, so that later ones overtake it.
    pub reorder_notifications: f64,
    /// Every notification is this late.
    pub delay_notifications_ms: Option<u64>,
    /// What was just written is not found by search for so long.
    pub search_lag_ms: Option<u64>,
    /// API credits per rolling 24 hours; beyond them every call is 429. Without a number they are only counted.
    pub enforce_credits: Option<u64>,
    /// Calls in flight at once; beyond them 429. The sub-limit of 10 for heavy calls comes with it.
    pub concurrency: Option<u64>,
    /// Over HTTP, how long a call stays in flight. Without it calls hardly ever overlap.
    pub latency_ms: Option<u64>,
    /// Faults for particular calls, first match first; each is used up.
    pub next: Vec<OneShot>,
}

/// A fault that waits for one particular call (or, for the notification faults, one particular callback).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneShot {
    /// HTTP method; any when absent.
    #[serde(default)]
    pub method: Option<String>,
    /// Part of the path, or of a callback's URL; any when absent.
    #[serde(default)]
    pub path_contains: Option<String>,
    /// Name of a fault: one of the rates, `token_throttle` or `no_permission`.
    pub fault: String,
    /// How many matching calls it strikes.
    #[serde(default = "once")]
    pub times: u32,
    /// How many matching calls it lets pass first.
    #[serde(default)]
    pub after: u32,
}

fn once() -> u32 {
    1
}

/// Why a fault description was refused.
#[derive(Debug, thiserror::Error)]
pub enum FaultsError {
    /// No fault has this name.
    #[error("unknown fault `{0}`; known are {known}", known = known())]
    Unknown(String),
    /// The value does not fit the fault.
    #[error("`{key}` cannot be `{value}`: {expected}")]
    Value {
        /// The fault.
        key: String,
        /// What was given.
        value: String,
        /// What would do.
        expected: &'static str,
    },
}

/// Rates of single calls, in the order in which they are drawn.
const CALL_RATES: [&str; 7] =
    ["not_reached", "html", "server_error", "rate429", "token_death", "error_after_acting", "no_answer"];
const NOTIFICATION_RATES: [&str; 3] = ["lost_notifications", "duplicate_notifications", "reorder_notifications"];
const NUMBERS: [&str; 5] = ["delay_notifications_ms", "search_lag_ms", "enforce_credits", "concurrency", "latency_ms"];
const ONLY_ONE_SHOT: [&str; 2] = ["token_throttle", "no_permission"];

fn known() -> String {
    let names: Vec<&str> = CALL_RATES.iter().chain(&NOTIFICATION_RATES).chain(&NUMBERS).copied().collect();
    names.join(", ")
}

enum Dial<'a> {
    Rate(&'a mut f64),
    Number(&'a mut Option<u64>),
}

impl Faults {
    fn dial(&mut self, key: &str) -> Option<Dial<'_>> {
        use Dial::{Number, Rate};
        Some(match key {
            "rate429" => Rate(&mut self.rate429),
            "server_error" => Rate(&mut self.server_error),
            "html" => Rate(&mut self.html),
            "not_reached" => Rate(&mut self.not_reached),
            "error_after_acting" => Rate(&mut self.error_after_acting),
            "no_answer" => Rate(&mut self.no_answer),
            "token_death" => Rate(&mut self.token_death),
            "lost_notifications" => Rate(&mut self.lost_notifications),
            "duplicate_notifications" => Rate(&mut self.duplicate_notifications),
            "reorder_notifications" => Rate(&mut self.reorder_notifications),
            "delay_notifications_ms" => Number(&mut self.delay_notifications_ms),
            "search_lag_ms" => Number(&mut self.search_lag_ms),
            "enforce_credits" => Number(&mut self.enforce_credits),
            "concurrency" => Number(&mut self.concurrency),
            "latency_ms" => Number(&mut self.latency_ms),
            _ => return None,
        })
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), FaultsError> {
        let refuse = |expected| FaultsError::Value { key: key.to_owned(), value: value.to_owned(), expected };
        match self.dial(key).ok_or_else(|| FaultsError::Unknown(key.to_owned()))? {
            Dial::Rate(rate) => {
                let given: f64 = value.parse().map_err(|_| refuse("a rate between 0 and 1"))?;
                *rate =
                    if (0.0..=1.0).contains(&given) { given } else { return Err(refuse("a rate between 0 and 1")) };
            }
            Dial::Number(number) if value == "null" => *number = None,
            Dial::Number(number) => *number = Some(value.parse().map_err(|_| refuse("a whole number"))?),
        }
        Ok(())
    }

    /// Changes what a JSON object names and leaves the rest; `next` adds to the waiting one-shots, `"reset": true`
    /// first switches everything off.
    pub fn apply_json(&mut self, change: &Value) -> Result<(), FaultsError> {
        let refuse = |key: &str, value: &Value, expected| FaultsError::Value {
            key: key.to_owned(),
            value: value.to_string(),
            expected,
        };
        let object = change.as_object().ok_or_else(|| refuse("faults", change, "a JSON object"))?;
        let reset = object.get("reset") == Some(&json!(true));
        let mut changed = if reset { Faults::default() } else { self.clone() };
        for (key, value) in object.iter().filter(|(key, _)| *key != "reset") {
            if key == "next" {
                let shots: Vec<OneShot> = serde_json::from_value(value.clone())
                    .map_err(|_| refuse(key, value, "a list of {method, path_contains, fault, times, after}"))?;
                for shot in &shots {
                    let mut names = CALL_RATES.iter().chain(&NOTIFICATION_RATES).chain(&ONLY_ONE_SHOT);
                    if !names.any(|name| *name == shot.fault) {
                        return Err(FaultsError::Unknown(shot.fault.clone()));
                    }
                }
                changed.next.extend(shots);
            } else {
                changed.set(key, &value.to_string())?;
            }
        }
        *self = changed;
        Ok(())
    }

    /// The fault that strikes this call, if any.
    pub(crate) fn strike_call(&mut self, rng: &mut Rng, method: &str, path: &str, oauth: bool) -> Option<String> {
        let is_call = |name: &str| CALL_RATES.contains(&name) || ONLY_ONE_SHOT.contains(&name);
        if let Some(shot) = self.use_up(method, path, is_call) {
            return Some(shot);
        }
        for name in CALL_RATES {
            let only_crm = matches!(name, "rate429" | "token_death");
            if let Some(Dial::Rate(rate)) = self.dial(name)
                && rng.chance(*rate)
                && !(oauth && only_crm)
            {
                return Some(name.to_owned());
            }
        }
        None
    }

    /// Whether the named notification fault strikes this callback.
    pub(crate) fn strike_callback(&mut self, rng: &mut Rng, name: &str, url: &str) -> bool {
        if self.use_up("POST", url, |fault| fault == name).is_some() {
            return true;
        }
        matches!(self.dial(name), Some(Dial::Rate(rate)) if rng.chance(*rate))
    }

    fn use_up(&mut self, method: &str, path: &str, kind: impl Fn(&str) -> bool) -> Option<String> {
        let matches = |shot: &OneShot| {
            shot.times > 0
                && kind(&shot.fault)
                && shot.method.as_deref().is_none_or(|m| m.eq_ignore_ascii_case(method))
                && shot.path_contains.as_deref().is_none_or(|part| path.contains(part))
        };
        let shot = self.next.iter_mut().find(|shot| matches(shot))?;
        if shot.after > 0 {
            shot.after -= 1;
            return None;
        }
        shot.times -= 1;
        let fault = shot.fault.clone();
        self.next.retain(|shot| shot.times > 0);
        Some(fault)
    }
}

impl std::str::FromStr for Faults {
    type Err = FaultsError;

    fn from_str(text: &str) -> Result<Self, FaultsError> {
        let mut faults = Faults::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            faults.set(key.trim(), value.trim())?;
        }
        Ok(faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_parsed_or_its_first_error_named() {
        let faults: Faults = "rate429=0.02, search_lag_ms=5000".parse().unwrap();
        assert_eq!((faults.rate429, faults.search_lag_ms), (0.02, Some(5000)));
        let unknown = "rate492=1".parse::<Faults>().unwrap_err().to_string();
        assert!(unknown.contains("`rate492`") && unknown.contains("rate429"), "{unknown}");
        assert!("html=2".parse::<Faults>().unwrap_err().to_string().contains("between 0 and 1"));
    }

    #[test]
    fn every_known_name_has_a_dial() {
        let mut faults = Faults::default();
        for name in CALL_RATES.iter().chain(&NOTIFICATION_RATES).chain(&NUMBERS) {
            assert!(faults.dial(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_one_shot_strikes_the_named_call_so_often() {
        let mut faults = Faults::default();
        let mut rng = Rng::new(1);
        let shot = json!({"next": [{"method": "POST", "path_contains": "/Notes", "fault": "no_answer", "after": 1}]});
        faults.apply_json(&shot).unwrap();
        let mut strike = |method: &str, path: &str| faults.strike_call(&mut rng, method, path, false);
        assert_eq!(strike("GET", "/crm/v8/Notes"), None);
        assert_eq!(strike("POST", "/crm/v8/Notes"), None, "one passes first");
        assert_eq!(strike("POST", "/crm/v8/Notes").as_deref(), Some("no_answer"));
        assert_eq!(strike("POST", "/crm/v8/Notes"), None, "used up");
    }
}
