//! Where users are: what the phones of a user have told (RFC 3261 section 10.3).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::Transport;
use crate::fields::list::items;

/// Contacts by user. Times count from the start of the endpoint.
#[derive(Debug, Default)]
pub(crate) struct Bindings(BTreeMap<String, Vec<Binding>>);

/// One phone of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    /// The address as the phone says it.
    pub(crate) contact: String,
    /// Where the phone really is: what is sent to it goes there (RFC 3581), over the connection from there if there is one.
    pub(crate) source: SocketAddr,
    pub(crate) transport: Transport,
    pub(crate) until: Duration,
    pub(crate) user_agent: Option<String>,
    call_id: String,
    cseq: u32,
}

/// What a REGISTER asks for.
#[derive(Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) user: &'a str,
    /// Values of its `Contact` headers, in order.
    pub(crate) contacts: Vec<&'a str>,
    /// Its `Expires` header.
    pub(crate) expires: Option<&'a str>,
    pub(crate) call_id: &'a str,
    pub(crate) cseq: u32,
    pub(crate) source: SocketAddr,
    pub(crate) transport: Transport,
    pub(crate) user_agent: Option<&'a str>,
}

/// Why a REGISTER changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// 400: a contact that cannot be read, or `*` where it may not stand.
    BadContact,
    /// 423: a phone would come again sooner than we want.
    TooBrief,
    /// 500: a later REGISTER of the same phone was here before.
    OutOfOrder,
}

impl Refused {
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::BadContact => 400,
            Self::TooBrief => 423,
            Self::OutOfOrder => 500,
        }
    }
}

/// A contact of a wish.
struct Asked<'a> {
    address: &'a str,
    seconds: u64,
}

impl Bindings {
    /// Does all that a REGISTER asks for, or nothing of it.
    pub(crate) fn update(&mut self, wish: &Wish<'_>, now: Duration) -> Result<(), Refused> {
        let default = wish.expires.map_or(EXPIRES, seconds);
        let listed: Vec<_> = wish.contacts.iter().flat_map(|list| items(list)).collect();
        let bindings = self.0.entry(wish.user.to_owned()).or_default();
        bindings.retain(|binding| binding.until > now);
        let in_order = |binding: &Binding| binding.call_id != wish.call_id || wish.cseq > binding.cseq;
        if listed.iter().any(|item| item.value == "*") {
            if listed.len() > 1 || wish.expires.is_none() || default != 0 {
                return Err(Refused::BadContact);
            }
            if !bindings.iter().all(in_order) {
                return Err(Refused::OutOfOrder);
            }
            bindings.clear();
            return Ok(());
        }
        let mut asked = Vec::new();
        for item in &listed {
            let address = item.address().filter(|address| is_sip(address)).ok_or(Refused::BadContact)?;
            let seconds = item.parameter("expires").map_or(default, seconds);
            if (1..EXPIRES_MIN).contains(&seconds) {
                return Err(Refused::TooBrief);
            }
            if bindings.iter().any(|binding| same(&binding.contact, address) && !in_order(binding)) {
                return Err(Refused::OutOfOrder);
            }
            asked.push(Asked { address, seconds: seconds.min(EXPIRES_MAX) });
        }
        for asked in asked {
            bindings.retain(|binding| !same(&binding.contact, asked.address));
            if asked.seconds > 0 {
                if bindings.len() >= CONTACTS_MAX {
                    // The oldest is the one that a phone has forgotten, or that has moved.
                    bindings.remove(0);
                }
                bindings.push(Binding {
                    contact: asked.address.to_owned(),
                    source: wish.source,
                    transport: wish.transport,
                    until: now + Duration::from_secs(asked.seconds),
                    user_agent: wish.user_agent.map(str::to_owned),
                    call_id: wish.call_id.to_owned(),
                    cseq: wish.cseq,
                });
            }
        }
        Ok(())
    }

    /// The phones of a user.
    pub(crate) fn of(&self, user: &str, now: Duration) -> Vec<Binding> {
        let bindings = self.0.get(user).into_iter().flatten();
        bindings.filter(|binding| binding.until > now).cloned().collect()
    }

    /// Whose phone it is that sends from somewhere.
    pub(crate) fn user_at(&self, transport: Transport, source: SocketAddr, now: Duration) -> Option<&str> {
        let here = |binding: &Binding| {
            binding.transport == transport && binding.source == source && binding.until > now
        };
        self.0.iter().find(|(_, bindings)| bindings.iter().any(here)).map(|(user, _)| user.as_str())
    }

    /// The phone that an address names.
    pub(crate) fn named(&self, contact: &str, now: Duration) -> Option<&Binding> {
        let mut all = self.0.values().flatten().filter(|binding| binding.until > now);
        all.find(|binding| same(&binding.contact, contact))
    }

    /// A connection is gone: its phones cannot be reached until they come again.
    pub(crate) fn forget_flow(&mut self, transport: Transport, source: SocketAddr) -> bool {
        let mut changed = false;
        for bindings in self.0.values_mut() {
            let before = bindings.len();
            bindings.retain(|binding| binding.transport != transport || binding.source != source);
            changed |= bindings.len() != before;
        }
        changed
    }
}

/// Seconds of a header or parameter; what cannot be read is the usual time (RFC 3261 section 10.3, step 6).
fn seconds(text: &str) -> u64 {
    text.trim().parse().unwrap_or(EXPIRES)
}

fn is_sip(address: &str) -> bool {
    let scheme = address.split_once(':').map(|(scheme, _)| scheme);
    address.len() <= ADDRESS_MAX
        && scheme
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips"))
}

/// Whether two addresses are of one phone: as a phone says its own, it says it again. Only scheme and host may change their case.
fn same(a: &str, b: &str) -> bool {
    let parts = |address: &str| {
        let (scheme, rest) = address.split_once(':').unwrap_or(("", address));
        let (user, host) = rest.rsplit_once('@').unwrap_or(("", rest));
        (scheme.to_ascii_lowercase(), user.to_owned(), host.to_ascii_lowercase())
    };
    parts(a) == parts(b)
}

/// When a phone does not say how long, and about how long routers at home keep a way open with keep-alives.
const EXPIRES: u64 = 600;
/// More often than once a minute is a phone's mistake.
pub(crate) const EXPIRES_MIN: u64 = 60;
/// A phone that died is noticed within an hour.
const EXPIRES_MAX: u64 = 3_600;
/// More phones than anyone has on the desk and in the pocket.
const CONTACTS_MAX: usize = 10;
const ADDRESS_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wish<'a>(contacts: &[&'a str], expires: Option<&'a str>, call_id: &'a str, cseq: u32) -> Wish<'a> {
        Wish {
            user: "anna",
            contacts: contacts.to_vec(),
            expires,
            call_id,
            cseq,
            source: SocketAddr::from(([192, 0, 2, 1], 5060)),
            transport: Transport::Udp,
            user_agent: None,
        }
    }

    /// Contacts with the seconds that are left.
    fn shown(bindings: &Bindings, now: u64) -> String {
        let now = Duration::from_secs(now);
        let of = bindings.of("anna", now);
        let line = |binding: &Binding| format!("{} {}", binding.contact, (binding.until - now).as_secs());
        of.iter().map(line).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn registers_do_what_the_rfc_says() {
        let mut bindings = Bindings::default();
        let a = "<sip:a@10.0.0.1>";
        let b = "\"Desk, 2\" <sip:b@10.0.0.2;transport=tcp>;q=0.5;expires=120";
        for (at, contacts, expires, call_id, cseq, outcome, after) in [
            (0, &[a][..], Some("300"), "1", 1, Ok(()), "sip:a@10.0.0.1 300"),
            (10, &[b], None, "2", 1, Ok(()), "sip:a@10.0.0.1 290, sip:b@10.0.0.2;transport=tcp 120"),
            // Asking changes nothing.
            (20, &[], None, "3", 1, Ok(()), "sip:a@10.0.0.1 280, sip:b@10.0.0.2;transport=tcp 110"),
            // An older one that was delayed.
            (
                20,
                &[a],
                Some("0"),
                "1",
                1,
                Err(Refused::OutOfOrder),
                "sip:a@10.0.0.1 280, sip:b@10.0.0.2;transport=tcp 110",
            ),
            // Refreshed by another call of the phone, in another case of the host.
            (
                20,
                &["<SIP:a@10.0.0.1>", b],
                Some("99999"),
                "9",
                1,
                Ok(()),
                "SIP:a@10.0.0.1 3600, sip:b@10.0.0.2;transport=tcp 120",
            ),
            // All or nothing.
            (
                30,
                &["<sip:c@d>, <sip:e@f>;expires=5"],
                None,
                "4",
                1,
                Err(Refused::TooBrief),
                "SIP:a@10.0.0.1 3590, sip:b@10.0.0.2;transport=tcp 110",
            ),
            (
                30,
                &["<mailto:c@d>"],
                None,
                "4",
                1,
                Err(Refused::BadContact),
                "SIP:a@10.0.0.1 3590, sip:b@10.0.0.2;transport=tcp 110",
            ),
            (
                30,
                &["*"],
                None,
                "4",
                1,
                Err(Refused::BadContact),
                "SIP:a@10.0.0.1 3590, sip:b@10.0.0.2;transport=tcp 110",
            ),
            (
                30,
                &["*"],
                Some("60"),
                "4",
                1,
                Err(Refused::BadContact),
                "SIP:a@10.0.0.1 3590, sip:b@10.0.0.2;transport=tcp 110",
            ),
            (
                30,
                &["*", a],
                Some("0"),
                "4",
                1,
                Err(Refused::BadContact),
                "SIP:a@10.0.0.1 3590, sip:b@10.0.0.2;transport=tcp 110",
            ),
            (
                30,
                &["*"],
                Some("0"),
                "9",
                1,
                Err(Refused::OutOfOrder),
                "SIP:a@10.0.0.1 3590, sip:b@10.0.0.2;transport=tcp 110",
            ),
            // One goes by itself, one is taken back.
            (141, &[], None, "5", 1, Ok(()), "SIP:a@10.0.0.1 3479"),
            (150, &["<sip:A@x>;expires=junk"], None, "6", 1, Ok(()), "SIP:a@10.0.0.1 3470, sip:A@x 600"),
            (150, &["<SIP:a@10.0.0.1>;expires=0"], None, "9", 2, Ok(()), "sip:A@x 600"),
            (160, &["*"], Some("0"), "7", 1, Ok(()), ""),
        ] {
            let done = bindings.update(&wish(contacts, expires, call_id, cseq), Duration::from_secs(at));
            assert_eq!((done, shown(&bindings, at).as_str()), (outcome, after), "at {at}: {contacts:?}");
        }
    }

    #[test]
    fn who_registers_again_and_again_from_new_places_keeps_the_last_ten() {
        let mut bindings = Bindings::default();
        for port in 0..30 {
            let contact = format!("<sip:a@10.0.0.1:{port}>");
            let call = port.to_string();
            bindings.update(&wish(&[&contact], None, &call, 1), Duration::ZERO).expect("it is in order");
        }
        let of = bindings.of("anna", Duration::ZERO);
        assert_eq!((of.len(), of[0].contact.as_str()), (10, "sip:a@10.0.0.1:20"));
    }

    #[test]
    fn a_connection_takes_its_phones_along() {
        let mut bindings = Bindings::default();
        let mut over = wish(&["<sip:x@y.invalid;transport=ws>"], None, "1", 1);
        over.transport = Transport::Wss;
        bindings.update(&over, Duration::ZERO).expect("it is in order");
        bindings.update(&wish(&["<sip:a@b>"], None, "2", 1), Duration::ZERO).expect("it is in order");
        assert_eq!(bindings.user_at(Transport::Wss, over.source, Duration::ZERO), Some("anna"));
        assert!(bindings.named("sip:x@Y.invalid;transport=ws", Duration::ZERO).is_some());
        assert!(bindings.forget_flow(Transport::Wss, over.source));
        assert!(!bindings.forget_flow(Transport::Wss, over.source));
        assert_eq!(shown(&bindings, 0), "sip:a@b 600");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn junk_never_panics(contact in "\\PC{0,60}", expires in "\\PC{0,12}", cseq in any::<u32>()) {
            let mut bindings = Bindings::default();
            let wish = wish(&[&contact], Some(&expires), "1", cseq);
            let done = bindings.update(&wish, Duration::ZERO);
            let kept = bindings.of("anna", Duration::ZERO);
            prop_assert!(kept.len() <= CONTACTS_MAX && (done.is_ok() || kept.is_empty()));
        }
    }
}
