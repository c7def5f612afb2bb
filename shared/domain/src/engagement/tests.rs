use proptest::prelude::*;

use super::*;

const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

fn sent_at() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().unwrap()
}

/// `secs` after the mail left; an empty link is an open.
fn touch(mail: u8, link: &str, secs: i64, user_agent: &str) -> Touch {
    Touch {
        delivery: format!("dlv_leads-77.1.{mail}").parse().unwrap(),
        sent_at: sent_at(),
        kind: if link.is_empty() { TouchKind::Open } else { TouchKind::Click { link: link.to_owned() } },
        at: sent_at() + SignedDuration::from_secs(secs),
        user_agent: user_agent.to_owned(),
        head: false,
    }
}

/// What counts in the end: mails opened, links followed.
fn counts(touches: &[Touch]) -> (u32, u32) {
    let mut engagement = Engagement::default();
    for touch in touches {
        engagement.settle(touch.at);
        engagement.note(touch, touch.at);
    }
    engagement.settle(Timestamp::MAX);
    (engagement.opened, engagement.clicks)
}

#[test]
fn names_that_software_gives() {
    let person = |agent| (agent, None);
    let machine = |agent, reason| (agent, Some(reason));
    let cases = [
        person(CHROME),
        person("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"),
        person(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        ),
        person("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"),
        person("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"),
        person("Mozilla/4.0 (compatible; ms-office; MSOffice 16)"),
        person("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)"),
        person("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0"),
        person("Outlook-iOS/711.2620504.prod.iphone (4.2447.0)"),
        person("Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"),
        machine("", Machine::NoAgent),
        machine(" - ", Machine::NoAgent),
        machine("Mozilla/5.0", Machine::Prefetch),
        machine(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0",
            Machine::Prefetch,
        ),
        machine("Mozilla/5.0 (compatible) BingPreview/1.0b", Machine::Scanner),
        machine("Barracuda Sentinel (EE)", Machine::Scanner),
        machine("Mimecast-URL-Protect", Machine::Scanner),
        machine("Mozilla/5.0 (Windows NT 10.0) proofpoint/1.0", Machine::Scanner),
        machine("Symantec Email Security.cloud", Machine::Scanner),
        machine("Microsoft Office Existence Discovery", Machine::Scanner),
        machine("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", Machine::LinkPreview),
        machine(
            "Mozilla/5.0 (Windows NT 6.1) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
            Machine::LinkPreview,
        ),
        machine("WhatsApp/2.24.6.77 A", Machine::LinkPreview),
        machine(
            "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
            Machine::LinkPreview,
        ),
        machine(
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0.0.0 Safari/537.36",
            Machine::Robot,
        ),
        machine("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Machine::Robot),
        machine("curl/8.5.0", Machine::Program),
        machine("python-requests/2.32.3", Machine::Program),
        machine("Go-http-client/2.0", Machine::Program),
    ];
    for (user_agent, expect) in cases {
        let expect = expect.map_or(Verdict::Person, Verdict::Machine);
        assert_eq!(judge(&touch(1, "", 3600, user_agent), &[]), expect, "{user_agent:?}");
    }
}

#[test]
fn what_counts_of_what_was_done() {
    let (open, a, b, c) = ("", "https://a.example", "https://b.example", "https://c.example");
    let of = |touches: &[(u8, &str, i64)]| touches.iter().map(|(m, l, s)| touch(*m, l, *s, CHROME)).collect::<Vec<_>>();
    let cases: [(&str, Vec<Touch>, (u32, u32)); 13] = [
        ("opened", of(&[(1, open, 3600)]), (1, 0)),
        ("opened twice", of(&[(1, open, 3600), (1, open, 7200)]), (1, 0)),
        ("three mails", of(&[(1, open, 3600), (2, open, 7200), (3, open, 9000)]), (3, 0)),
        ("a click proves an open", of(&[(1, a, 3600)]), (1, 1)),
        ("clicked twice", of(&[(1, a, 3600), (1, a, 3600), (1, a, 9999)]), (1, 1)),
        ("read, then two links", of(&[(1, open, 3600), (1, a, 3610), (1, b, 3640)]), (1, 2)),
        ("a scanner at once", of(&[(1, open, 2), (1, a, 2), (1, b, 2), (1, c, 3)]), (0, 0)),
        ("before the mail", of(&[(1, open, -3)]), (0, 0)),
        ("a patient scanner", of(&[(1, open, 600), (1, a, 601), (1, b, 602), (1, c, 603)]), (0, 0)),
        ("pictures last", of(&[(1, a, 600), (1, b, 601), (1, open, 602)]), (0, 0)),
        ("the same of two mails", of(&[(1, a, 600), (2, b, 601)]), (2, 2)),
        ("a scanner, then a person", of(&[(1, a, 600), (1, b, 601), (1, a, 9000)]), (1, 1)),
        ("a person, then a scanner", of(&[(1, a, 600), (1, a, 9000), (1, b, 9001)]), (1, 1)),
    ];
    for (name, touches, expect) in cases {
        assert_eq!(counts(&touches), expect, "{name}");
    }
    let head = Touch { head: true, ..touch(1, a, 3600, CHROME) };
    assert_eq!(counts(&[head]), (0, 0));
}

#[test]
fn a_scanner_does_not_fill_the_story_or_the_table() {
    let mut engagement = Engagement::default();
    let mut told = 0;
    for secs in 0..1000 {
        for agent in ["", "curl/8", "Mimecast", "WhatsApp/2", CHROME] {
            let touch = touch(1, &format!("https://a.example/{secs}"), secs, agent);
            told += usize::from(engagement.note(&touch, touch.at).is_some());
        }
    }
    assert_eq!(told, TOLD);
    assert!(serde_json::to_string(&engagement).unwrap().len() < 20_000);
    assert!(!engagement.is_news(&touch(1, "https://a.example/x", 5, "curl/8")));
}

#[test]
fn what_counted_is_no_news() {
    for link in ["", "https://a.example"] {
        let (first, again) = (touch(1, link, 3600, CHROME), touch(1, "", 9000, CHROME));
        let mut engagement = Engagement::default();
        assert!(engagement.is_news(&first));
        engagement.note(&first, first.at);
        assert!(!engagement.is_news(&first), "it is held");
        engagement.settle(Timestamp::MAX);
        assert!(!engagement.is_news(&first) && !engagement.is_news(&again));
    }
}

fn any_touch() -> impl Strategy<Value = Touch> {
    let link = prop_oneof![Just(""), Just("https://a.example"), Just("https://b.example"), Just("https://c.example")];
    let agent = prop_oneof![4 => Just(CHROME), 1 => Just("curl/8"), 1 => Just("")];
    (1u8..4, link, 0i64..400, agent).prop_map(|(mail, link, secs, agent)| touch(mail, link, secs, agent))
}

proptest! {
    #[test]
    fn a_touch_told_twice_counts_once(touches in prop::collection::vec(any_touch(), 0..20)) {
        let mut touches = touches;
        touches.sort_by_key(|touch| touch.at);
        let twice: Vec<_> = touches.iter().flat_map(|touch| [touch.clone(), touch.clone()]).collect();
        prop_assert_eq!(counts(&twice), counts(&touches));
        // Again a day later, as queues do.
        let again: Vec<_> = touches.iter().chain(&touches).cloned().collect();
        let (opened, clicks) = counts(&again);
        prop_assert!(opened <= 3 && clicks <= 9);
    }

    #[test]
    fn what_gives_itself_away_never_counts(touches in prop::collection::vec(any_touch(), 0..20)) {
        let machines: Vec<_> = touches.into_iter().filter(|touch| agent::machine(&touch.user_agent).is_some()).collect();
        prop_assert_eq!(counts(&machines), (0, 0));
    }

    #[test]
    fn any_name_is_judged(user_agent in "\\PC{0,2000}", secs in -100i64..10_000) {
        let engagement = Engagement::default();
        let _ = engagement.is_news(&touch(1, "", secs, &user_agent));
    }
}
