//! Session timers (RFC 4028): a call whose other end has vanished comes to an end.

use std::time::Duration;

use rsipstack::sip::prelude::HasHeaders;
use rsipstack::sip::{Header, Method, Request, Response};
use tokio::time::Instant;

use crate::config::SipConfig;
use crate::request::lists;

/// A session that ends unless it is refreshed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionTimer {
    interval: Duration,
    refresher: Refresher,
    /// When we refresh, or give up.
    pub(crate) due: Instant,
    /// When it is over all the same.
    pub(crate) expires: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refresher {
    Us,
    Them,
}

/// What a request or an answer says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SessionExpires {
    seconds: u32,
    /// Whether the one who sent the request refreshes.
    by_caller: Option<bool>,
}

/// What we answer a request with.
#[derive(Debug)]
pub(crate) enum Negotiated {
    /// The interval is too short for us: 422 with this header.
    TooSmall(Header),
    /// These headers go into the 2xx.
    Agreed(Vec<Header>, Option<SessionTimer>),
}

impl SessionTimer {
    fn new(seconds: u32, refresher: Refresher) -> Self {
        let interval = Duration::from_secs(seconds.into());
        let now = Instant::now();
        // RFC 4028 section 10: whoever waits for a refresh gives up a third, at most 32 s, before the end; and whoever refreshes does
        // it half way.
        let wait = match refresher {
            Refresher::Us => interval / 2,
            Refresher::Them => interval - (interval / 3).min(Duration::from_secs(32)),
        };
        Self { interval, refresher, due: now + wait, expires: now + interval }
    }

    pub(crate) const fn is_ours(&self) -> bool {
        matches!(self.refresher, Refresher::Us)
    }

    /// What our refresh says. The refresher is named: whoever it was stays it.
    pub(crate) fn headers(&self, config: &SipConfig) -> Vec<Header> {
        let seconds = self.interval.as_secs();
        vec![
            Header::SessionExpires(format!("{seconds};refresher=uac").into()),
            Header::MinSE(config.min_se.as_secs().to_string().into()),
        ]
    }

    /// The same once more from now on, by us.
    pub(crate) fn again(self) -> Self {
        Self::new(u32::try_from(self.interval.as_secs()).unwrap_or(SECONDS_MAX), Refresher::Us)
    }

    /// As long as the other end wants it, and asked for at once; it ends when it would have ended.
    pub(crate) fn longer(mut self, wanted: Duration) -> Self {
        self.interval = self.interval.max(wanted);
        self.due = Instant::now();
        self
    }

    /// After a failed refresh: once more, half way to the end.
    pub(crate) fn try_again(&mut self) {
        let now = Instant::now();
        self.due = now + (self.expires.saturating_duration_since(now) / 2).max(Duration::from_millis(100));
    }
}

/// What our INVITE asks for; nothing when session timers are off.
pub(crate) fn wish(config: &SipConfig, min_se: Duration) -> Vec<Header> {
    if config.session_expires.is_zero() {
        return Vec::new();
    }
    let seconds = config.session_expires.max(min_se).as_secs();
    vec![
        Header::SessionExpires(seconds.to_string().into()),
        Header::MinSE(min_se.as_secs().to_string().into()),
    ]
}

/// What the answer to a request of ours agrees on: without the header, there is no timer (RFC 4028 section 7.2).
pub(crate) fn agreed(response: &Response) -> Option<SessionTimer> {
    let agreed = session_expires(response)?;
    let refresher = if agreed.by_caller.unwrap_or(true) { Refresher::Us } else { Refresher::Them };
    Some(SessionTimer::new(agreed.seconds, refresher))
}

/// What a 422 wants at least.
pub(crate) fn wanted(response: &Response) -> Option<Duration> {
    let seconds = seconds_of(response, |header| match header {
        Header::MinSE(value) => Some(value.value()),
        _ => None,
    })?;
    Some(Duration::from_secs(seconds.into()))
}

/// Answers what a request that came to us asks for (RFC 4028 section 9). `running` is the timer of a session that exists.
pub(crate) fn negotiate(request: &Request, config: &SipConfig, running: Option<&SessionTimer>) -> Negotiated {
    let min_se = u32::try_from(config.min_se.as_secs()).unwrap_or(u32::MAX);
    let ours = u32::try_from(config.session_expires.as_secs()).unwrap_or(u32::MAX);
    let supported = lists(request, "timer");
    let asked = session_expires(request);
    if let Some(asked) = asked
        && asked.seconds < min_se
    {
        // Who does not know timers cannot obey (a proxy asked): it is only made longer for it.
        if supported {
            return Negotiated::TooSmall(Header::MinSE(min_se.to_string().into()));
        }
    }
    let (seconds, by_caller) = match (asked, running) {
        _ if ours == 0 && asked.is_none() => return Negotiated::Agreed(Vec::new(), None),
        (Some(asked), _) => {
            let wished = if ours == 0 { asked.seconds } else { asked.seconds.min(ours) };
            // Whoever knows timers and does not say otherwise refreshes: the load stays with callers.
            let seconds = wished.max(min_se.max(min_se_of(request)));
            (seconds, if supported { asked.by_caller.unwrap_or(true) } else { false })
        }
        // A change inside the call says nothing: what was agreed goes on.
        (None, Some(running)) if request.method == Method::Update || !supported => {
            let seconds = u32::try_from(running.interval.as_secs()).unwrap_or(u32::MAX);
            (seconds, supported && !running.is_ours())
        }
        (None, _) => (ours.max(min_se), false),
    };
    let refresher = if by_caller { "uac" } else { "uas" };
    let mut headers = vec![Header::SessionExpires(format!("{seconds};refresher={refresher}").into())];
    if by_caller {
        headers.push(Header::Require("timer".into()));
    }
    let refresher = if by_caller { Refresher::Them } else { Refresher::Us };
    Negotiated::Agreed(headers, Some(SessionTimer::new(seconds, refresher)))
}

fn session_expires(message: &impl HasHeaders) -> Option<SessionExpires> {
    let value = message.headers().iter().find_map(|header| match header {
        Header::SessionExpires(value) => Some(value.value()),
        _ => None,
    })?;
    let mut parts = value.split(';').map(str::trim);
    let seconds: u32 = parts.next()?.parse().ok()?;
    let refresher = parts.filter_map(|part| part.split_once('=')).find_map(|(name, value)| {
        name.trim().eq_ignore_ascii_case("refresher").then(|| value.trim().eq_ignore_ascii_case("uac"))
    });
    // Zero would refresh without a pause, and a day is as good as never.
    Some(SessionExpires { seconds: seconds.clamp(1, SECONDS_MAX), by_caller: refresher })
}

fn min_se_of(request: &Request) -> u32 {
    seconds_of(request, |header| match header {
        Header::MinSE(value) => Some(value.value()),
        _ => None,
    })
    .unwrap_or(0)
}

fn seconds_of<'a, M: HasHeaders>(
    message: &'a M,
    pick: impl Fn(&'a Header) -> Option<&'a str>,
) -> Option<u32> {
    let value = message.headers().iter().find_map(pick)?;
    let seconds: u32 = value.split(';').next()?.trim().parse().ok()?;
    Some(seconds.min(SECONDS_MAX))
}

const SECONDS_MAX: u32 = 86_400;

#[cfg(test)]
mod tests {
    use rsipstack::sip::{Headers, Uri, Version};

    use super::*;

    fn request(method: Method, headers: Vec<Header>) -> Request {
        let mut all = Headers::default();
        all.extend(headers);
        let uri = Uri::try_from("sip:a@b").expect("a URI");
        Request { method, uri, version: Version::V2, headers: all, body: Vec::new() }
    }

    fn shown(negotiated: &Negotiated) -> String {
        match negotiated {
            Negotiated::TooSmall(header) => format!("422 {header}"),
            Negotiated::Agreed(headers, timer) => {
                let headers: Vec<_> = headers.iter().map(ToString::to_string).collect();
                let who = timer.map_or("nobody", |timer| if timer.is_ours() { "us" } else { "them" });
                format!("{} {who}", headers.join(", "))
            }
        }
    }

    #[test]
    fn each_wish_gets_its_answer() {
        let config = SipConfig::default();
        let timer = || Header::Supported("timer".into());
        let expires = |value: &str| Header::SessionExpires(value.into());
        for (headers, expected) in [
            (vec![], "Session-Expires: 1800;refresher=uas us"),
            (vec![timer()], "Session-Expires: 1800;refresher=uas us"),
            (vec![timer(), expires("600")], "Session-Expires: 600;refresher=uac, Require: timer them"),
            (vec![timer(), expires("600;refresher=uas")], "Session-Expires: 600;refresher=uas us"),
            (
                vec![timer(), expires("7200;refresher=uac")],
                "Session-Expires: 1800;refresher=uac, Require: timer them",
            ),
            (
                vec![timer(), expires("7200"), Header::MinSE("3600".into())],
                "Session-Expires: 3600;refresher=uac, Require: timer them",
            ),
            (vec![timer(), expires("60")], "422 Min-SE: 90"),
            (vec![expires("60")], "Session-Expires: 90;refresher=uas us"),
            (vec![timer(), expires("banana")], "Session-Expires: 1800;refresher=uas us"),
        ] {
            let request = request(Method::Invite, headers);
            assert_eq!(shown(&negotiate(&request, &config, None)), expected, "{request}");
        }
        let off = SipConfig { session_expires: Duration::ZERO, ..config };
        assert_eq!(shown(&negotiate(&request(Method::Invite, vec![timer()]), &off, None)), " nobody");
        let asked = request(Method::Invite, vec![timer(), expires("600")]);
        assert_eq!(
            shown(&negotiate(&asked, &off, None)),
            "Session-Expires: 600;refresher=uac, Require: timer them"
        );
    }

    #[test]
    fn whoever_waits_gives_up_before_the_end() {
        let now = Instant::now();
        let near = |at: Instant, seconds: u64| {
            at.saturating_duration_since(now).abs_diff(Duration::from_secs(seconds)) < Duration::from_secs(1)
        };
        for (seconds, refresher, due) in
            [(1_800, Refresher::Us, 900), (1_800, Refresher::Them, 1_768), (90, Refresher::Them, 60)]
        {
            let timer = SessionTimer::new(seconds, refresher);
            assert!(near(timer.due, due) && near(timer.expires, seconds.into()), "{timer:?}");
        }
    }
}
