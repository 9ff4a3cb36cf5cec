use proptest::prelude::*;
use rsipstack::sip::{Headers, Response, StatusCode, Version};

use super::*;

fn message(headers: Vec<Header>) -> Response {
    let mut all = Headers::default();
    all.extend(headers);
    Response {
        status_code: StatusCode::OK,
        wire_reason: None,
        version: Version::V2,
        headers: all,
        body: Vec::new(),
    }
}

#[test]
fn fields_come_back_as_they_were_written() {
    let fields = CallFields {
        user_to_user: vec![UserToUser {
            purpose: Some("isdn-uui".to_owned()),
            ..UserToUser::hex(b"\x00order 42")
        }],
        diversions: vec![
            Diversion {
                uri: Pii::new("sip:+15550100@a.test;user=phone".to_owned()),
                reason: Some("user-busy".to_owned()),
                counter: Some(2),
            },
            Diversion { uri: Pii::new("tel:+15550101".to_owned()), reason: None, counter: None },
        ],
        history: vec![
            HistoryEntry {
                uri: Pii::new("sip:1@a.test".to_owned()),
                index: "1".to_owned(),
                cause: Some(302),
            },
            HistoryEntry { uri: Pii::new("sip:2@a.test".to_owned()), index: "1.1".to_owned(), cause: None },
        ],
        referred_by: Some(Pii::new("sip:desk@a.test".to_owned())),
        call: Some("00a1-42".to_owned()),
    };
    assert_eq!(CallFields::read(&message(fields.write())), (fields.clone(), 0));
    assert_eq!(fields.user_to_user[0].bytes().as_deref(), Some(&b"\x00order 42"[..]));
}

#[test]
fn lists_are_read_and_what_is_bad_is_counted() {
    let (fields, ignored) = CallFields::read(&message(vec![
        Header::Diversion(
            r#""Desk, night" <sip:a@b;x=1>;reason="no-answer", <sip:c@d>;counter=x, <sip:e f>"#.into(),
        ),
        Header::HistoryInfo(
            "<sip:a@b>;index=1, <sip:c@d?Reason=SIP%3bcause%3D486%3Btext%3D%22x%22>;index=1.1".into(),
        ),
        Header::HistoryInfo("<sip:a@b>, <sip:c@d>;index=1..2, <a?b:c>;index=1".into()),
        Header::UserToUser(format!("{};encoding=hex", "0".repeat(600)).into()),
        Header::UserToUser("\"free text\";encoding=text".into()),
        Header::ReferredBy("\"x\"".into()),
    ]));
    let (other, lost) =
        CallFields::read(&message(vec![Header::Other("x-callwright-call".to_owned(), "a\"b".to_owned())]));
    assert_eq!((other.call, lost), (None, 1));
    assert_eq!(ignored, 7, "{fields:?}");
    assert_eq!(fields.diversions.len(), 1);
    assert_eq!(fields.diversions[0].uri.reveal(), "sip:a@b;x=1");
    assert_eq!(fields.diversions[0].reason.as_deref(), Some("no-answer"));
    let history: Vec<_> = fields.history.iter().map(|entry| (entry.index.as_str(), entry.cause)).collect();
    assert_eq!(history, [("1", None), ("1.1", Some(486))]);
    assert_eq!(fields.user_to_user[0].data.reveal(), "free text");
    assert_eq!(fields.user_to_user[0].bytes(), None);
}

#[test]
fn reasons_are_read() {
    for (value, expected, bad) in [
        (
            "SIP ;cause=200 ;text=\"Call completed elsewhere\"",
            "SIP;cause=200;text=\"Call completed elsewhere\"",
            0,
        ),
        ("Q.850;cause=16", "Q.850;cause=16", 0),
        ("X;cause=x, Q.850;cause=17;text=busy", "Q.850;cause=17;text=\"busy\"", 1),
        ("preemption", "preemption", 0),
        ("b\"d;cause=1", "", 1),
        ("SIP;cause=70000", "", 1),
    ] {
        let (reason, ignored) = Reason::read(&message(vec![Header::Reason(value.into())]));
        assert_eq!(reason.map(|reason| reason.to_string()).unwrap_or_default(), expected, "{value}");
        assert_eq!(ignored, bad, "{value}");
    }
    // Nothing that could begin another header.
    assert_eq!(Reason::sip(480, "a\r\nB: \"c\"").to_string(), "SIP;cause=480;text=\"aB: c\"");
}

#[test]
fn data_that_cannot_stand_in_quotes_is_left_out() {
    for value in ["\\;", "a\"b", "\"\""] {
        let (fields, ignored) = CallFields::read(&message(vec![Header::UserToUser(value.into())]));
        assert_eq!((fields.user_to_user.len(), ignored), (0, 1), "{value}");
    }
}

#[test]
fn a_dialog_is_named_once_and_whole() {
    for (text, expected) in [
        ("a@b;to-tag=1;from-tag=2", Some("a@b;to-tag=1;from-tag=2")),
        (" a@b ; from-tag=2 ;early-only; to-tag=1", Some("a@b;to-tag=1;from-tag=2;early-only")),
        ("a@b;to-tag=1", None),
        ("a@b;to-tag=1;from-tag=2;to-tag=3", None),
        ("a@b;to-tag=;from-tag=2", None),
        (";to-tag=1;from-tag=2", None),
        ("a;to-tag=1;from-tag=2, b;to-tag=1;from-tag=2", None),
        ("", None),
    ] {
        let read = text.parse::<Replaces>().ok().map(|replaces| replaces.to_string());
        assert_eq!(read.as_deref(), expected, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn junk_never_panics(junk in "[ -~]{0,60}|\\PC{0,40}") {
        let headers = || vec![
            Header::Diversion(junk.as_str().into()),
            Header::HistoryInfo(junk.as_str().into()),
            Header::UserToUser(junk.as_str().into()),
            Header::ReferredBy(junk.as_str().into()),
            Header::Reason(junk.as_str().into()),
        ];
        let (fields, _) = CallFields::read(&message(headers()));
        // What was read can be written and read again.
        let (again, ignored) = CallFields::read(&message(fields.write()));
        prop_assert_eq!(ignored, 0);
        prop_assert_eq!(again.diversions.len(), fields.diversions.len());
        let _ = Reason::read(&message(headers()));
        let _ = junk.parse::<Replaces>();
    }

    #[test]
    fn what_is_escaped_comes_back(text in "\\PC{0,40}") {
        let written = escaped(&text);
        prop_assert_eq!(unescaped(&written), Some(text));
    }
}
