//! The messages of RFC 4475 and RFC 5118, each made anew around the trait that it is about, and what we do with it. The whole list is
//! `sip-configs/TORTURE.md`, which a test compares with this one.

use std::net::SocketAddr;
use std::time::Duration;

use callwright_sip::{SipConfig, SipEndpoint, SipEvent};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc::Receiver;

use crate::support::{Peer, config, header, start};
use crate::transports::receive_or_end;

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is a call.
    Call,
    /// It is answered so.
    Status(u16),
    /// It is dropped without an answer.
    Silence,
}

use Fate::{Call, Silence, Status};

/// A message: name and section, what is special about it, its text, its fate.
type Case = (&'static str, &'static str, &'static str, &'static str, Fate);

/// `{via}` is our own way back, `{id}` the rest of the fields that every request has, `{sdp}` a body that is one.
const RFC_4475: &[Case] = &[
    (
        "3.1.1.1",
        "wsinv",
        "white space and folding wherever it may be, short names, unknown fields",
        "INVITE sip:vivekg@{to};unknownparam SIP/2.0\r\nTo :\r\n sip:vivekg@{to}\r\nfrom   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@{here}>\r\n  ;\r\n  tag = 98asjd8\r\nMax-Forwards: 0068\r\nCall-ID: {call}\r\nContent-Length   : 0\r\ncseq: 0009\r\n  INVITE\r\n{via}NewFangledHeader:   newfangled value\r\n continued newfangled value\r\nUnknownHeaderWithUnusualValue: ;;,,;;,;\r\nRoute:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\nm:\"Quoted string \\\"\\\"\" <sip:jdrosen@{here}> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n\r\n",
        Call,
    ),
    (
        "3.1.1.2",
        "intmeth",
        "every character that a method may have",
        "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@{to} SIP/2.0\r\n{via}To: <sip:a@{to}>\r\nFrom: <sip:b@{here}>;tag=1\r\nCall-ID: {call}\r\nCSeq: 1 !interesting-Method0123456789_*+`.%indeed'~\r\nMax-Forwards: 255\r\nContent-Length: 0\r\n\r\n",
        Status(405),
    ),
    (
        "3.1.1.3",
        "esc01",
        "escapes in the user part",
        "INVITE sip:sips%3Auser%40example.com@{to} SIP/2.0\r\n{via}{id INVITE}Contact: <sip:caller@{here}>\r\nContent-Length: 0\r\n\r\n",
        Call,
    ),
    (
        "3.1.1.4",
        "escnull",
        "an escaped zero in addresses",
        "REGISTER sip:{to} SIP/2.0\r\n{via}To: sip:null-%00-null@{to}\r\nFrom: sip:null-%00-null@{to};tag=839923423\r\nMax-Forwards: 70\r\nCall-ID: {call}\r\nCSeq: 14398234 REGISTER\r\nContact: <sip:%00@{here}>\r\nL:0\r\n\r\n",
        Status(405),
    ),
    (
        "3.1.1.5",
        "esc02",
        "a percent sign that escapes nothing, in a method",
        "RE%47IST%45R sip:{to} SIP/2.0\r\n{via}{id RE%47IST%45R}Content-Length: 0\r\n\r\n",
        Status(405),
    ),
    (
        "3.1.1.6",
        "lwsdisp",
        "no space between a name and its address",
        "OPTIONS sip:user@{to} SIP/2.0\r\nTo: sip:user@{to}\r\nFrom: caller<sip:caller@{here}>;tag=323\r\nMax-Forwards: 70\r\nCall-ID: {call}\r\nCSeq: 60 OPTIONS\r\n{via}l: 0\r\n\r\n",
        Status(200),
    ),
    (
        "3.1.1.7",
        "longreq",
        "values as long as the datagram lets them be",
        "INVITE sip:user@{to} SIP/2.0\r\n{via}To: \"I have a user name of {long} proportion\" <sip:user@{to}:6000;unknownparam1=very{long}value>\r\nFrom: <sip:{long}@{here}>;tag=12{long}982424;unknownheaderparam{long}name=x\r\nCall-ID: {call}{long}\r\nCSeq: 3882340 INVITE\r\nContact: <sip:amazing{long}@{here}>\r\nUnknown-{long}-Name: unknown-{long}-value\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        Call,
    ),
    (
        "3.1.1.8",
        "dblreq",
        "another request behind the end of the first",
        "OPTIONS sip:{to} SIP/2.0\r\n{via}{id OPTIONS}Content-Length: 0\r\n\r\nINVITE sip:joe@{to} SIP/2.0\r\n{via}{id INVITE}Content-Length: 0\r\n\r\n",
        Status(200),
    ),
    (
        "3.1.1.9",
        "semiuri",
        "a semicolon in the user part",
        "OPTIONS sip:user;par=u%40example.net@{to} SIP/2.0\r\n{via}{id OPTIONS}Content-Length: 0\r\n\r\n",
        Status(200),
    ),
    (
        "3.1.1.10",
        "transports",
        "transports that nobody knows, further down the way",
        "OPTIONS sip:user@{to} SIP/2.0\r\n{via}Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKkdjuw\r\nVia: SIP/2.0/TLS t3.example.com;branch=z9hG4bKkdjux\r\nVia: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKkdjuy\r\nVia: SIP/2.0/TCP t5.example.com;branch=z9hG4bKkdjuz\r\n{id OPTIONS}Content-Length: 0\r\n\r\n",
        Status(200),
    ),
    (
        "3.1.1.11",
        "mpart01",
        "a body of several parts, with zeros in it",
        "MESSAGE sip:kumiko@{to} SIP/2.0\r\n{via}{id MESSAGE}Content-Type: multipart/mixed;boundary=7a9cbec02ceef655\r\n{length}\r\n--7a9cbec02ceef655\r\nContent-Type: x/y\r\n\r\n\0\0\r\n--7a9cbec02ceef655--\r\n",
        Status(405),
    ),
    (
        "3.1.1.12",
        "unreason",
        "an answer in words of any script",
        "SIP/2.0 200 = 2**3 * 5**2 \u{43d}\u{43e} \u{441}\u{442}\u{43e}\r\n{via}{id INVITE}Content-Length: 0\r\n\r\n",
        Silence,
    ),
    (
        "3.1.1.13",
        "noreason",
        "an answer without words",
        "SIP/2.0 100 \r\n{via}{id INVITE}Content-Length: 0\r\n\r\n",
        Silence,
    ),
    (
        "3.1.2.1",
        "badinv01",
        "separators where nothing is separated",
        "INVITE sip:user@{to} SIP/2.0\r\nTo: sip:j.user@{to}\r\nFrom: sip:caller@{here};tag=134161461246\r\nMax-Forwards: 7\r\nCall-ID: {call}\r\nCSeq: 8 INVITE\r\nVia: SIP/2.0/UDP {here};rport;;,;,,\r\nContact: \"Joe\" <sip:joe@{here}>;;;;\r\nContent-Length: 0\r\n\r\n",
        Status(400),
    ),
    (
        "3.1.2.2",
        "clerr",
        "Content-Length beyond the end",
        "INVITE sip:user@{to} SIP/2.0\r\n{via}{id INVITE}Contact: <sip:caller@{here}>\r\nContent-Type: application/sdp\r\nContent-Length: 9999\r\n\r\n{sdp}",
        Status(400),
    ),
    (
        "3.1.2.3",
        "ncl",
        "a negative Content-Length",
        "INVITE sip:user@{to} SIP/2.0\r\n{via}{id INVITE}Contact: <sip:caller@{here}>\r\nContent-Type: application/sdp\r\nContent-Length: -999\r\n\r\n{sdp}",
        Status(400),
    ),
    (
        "3.1.2.4",
        "scalar02",
        "numbers too large for what they count",
        "REGISTER sip:{to} SIP/2.0\r\n{via}To: <sip:user@{to}>\r\nFrom: <sip:user@{to}>;tag=239232jh3\r\nCSeq: 36893488147419103232 REGISTER\r\nCall-ID: {call}\r\nMax-Forwards: 300\r\nExpires: 10000000000000000000000000000000000000000000\r\nContact: <sip:user@{here}>;expires=280297596632815\r\nContent-Length: 0\r\n\r\n",
        Status(400),
    ),
    (
        "3.1.2.4",
        "scalar02",
        "more hops than there are",
        "OPTIONS sip:{to} SIP/2.0\r\n{via}{id- OPTIONS}Max-Forwards: 300\r\nContent-Length: 0\r\n\r\n",
        Status(400),
    ),
    (
        "3.1.2.5",
        "scalarlg",
        "numbers too large in an answer",
        "SIP/2.0 503 Service Unavailable\r\n{via}To: <sip:user@{to}>\r\nFrom: <sip:user@{to}>;tag=2\r\nCall-ID: {call}\r\nCSeq: 9292394834772304023312 OPTIONS\r\nRetry-After: 949302838503028349304023988\r\nWarning: 1812 overture \"In Progress\"\r\nContent-Length: 0\r\n\r\n",
        Silence,
    ),
    (
        "3.1.2.6",
        "quotbal",
        "a quoted name that does not end",
        "INVITE sip:user@{to} SIP/2.0\r\n{via}To: \"Mr. J. User <sip:j.user@{to}>\r\nFrom: sip:caller@{here};tag=93334\r\nMax-Forwards: 10\r\nCall-ID: {call}\r\nCSeq: 8 INVITE\r\nContact: <sip:j@{here}>\r\nContent-Length: 0\r\n\r\n",
        Status(400),
    ),
    (
        "3.1.2.7",
        "ltgtruri",
        "angle brackets around the address of the request",
        "INVITE <sip:user@{to}> SIP/2.0\r\n{via}{id INVITE}Contact: <sip:c@{here}>\r\nContent-Length: 0\r\n\r\n",
        Status(400),
    ),
    (
        "3.1.2.8",
        "lwsruri",
        "a space in the address of the request",
        "INVITE sip:user@{to}; lr SIP/2.0\r\n{via}{id INVITE}Contact: <sip:c@{here}>\r\nContent-Length: 0\r\n\r\n",
        Status(400),
    ),
    (
        "3.1.2.9",
        "lwsstart",
        "several spaces in the first line",
        "INVITE  sip:user@{to}  SIP/2.0\r\n{via}{id INVITE}Contact: <sip:c@{here}>\r\nContent-Length: 0\r\n\r\n",
        Status(400),
    ),
    (
        "3.1.2.10",
        "trws",
        "spaces at the end of the first line",
        "OPTIONS sip:user@{to} SIP/2.0  \r\n{via}{id OPTIONS}Content-Length: 0\r\n\r\n",
        Status(400),
    ),
    (
        "3.1.2.11",
        "escruri",
        "header fields in the address of the request",
        "INVITE sip:user@{to}?Route=%3Csip:example.com%3E SIP/2.0\r\n{via}{id INVITE}Contact: <sip:c@{here}>\r\nContent-Length: 0\r\n\r\n",
        Status(400),
    ),
    (
        "3.1.2.12",
        "baddate",
        "a date of another zone: nobody here reads it",
        "INVITE sip:user@{to} SIP/2.0\r\n{via}{id INVITE}Date: Fri, 01 Jan 2010 16:00:00 EST\r\nContact: <sip:c@{here}>\r\nContent-Length: 0\r\n\r\n",
        Call,
    ),
    (
        "3.1.2.13",
        "regbadct",
        "a contact that should be in brackets",
        "REGISTER sip:{to} SIP/2.0\r\n{via}{id REGISTER}Contact: sip:user@{here}?Route=%3Csip:sip.example.com%3E\r\nl: 0\r\n\r\n",
        Status(405),
    ),
    (
        "3.1.2.14",
        "badaspec",
        "spaces inside angle brackets: read as meant",
        "OPTIONS sip:user@{to} SIP/2.0\r\n{via}From: \"Bell, Alexander\" <sip:a.g.bell@{here}>;tag=43\r\nTo: \"Watson, Thomas\" < sip:t.watson@{to} >\r\nCall-ID: {call}\r\nMax-Forwards: 70\r\nCSeq: 3923423 OPTIONS\r\nContent-Length: 0\r\n\r\n",
        Status(200),
    ),
    (
        "3.1.2.15",
        "baddn",
        "a comma in a name without quotes: read as meant",
        "OPTIONS sip:t.watson@{to} SIP/2.0\r\n{via}From: Bell, Alexander <sip:a.g.bell@{here}>;tag=43\r\nTo: Watson, Thomas <sip:t.watson@{to}>\r\nCall-ID: {call}\r\nMax-Forwards: 70\r\nCSeq: 31417 OPTIONS\r\nContent-Length: 0\r\n\r\n",
        Status(200),
    ),
    (
        "3.1.2.16",
        "badvers",
        "a version that is not there yet",
        "OPTIONS sip:t.watson@{to} SIP/7.0\r\n{via}{id OPTIONS}Content-Length: 0\r\n\r\n",
        Status(505),
    ),
    (
        "3.1.2.17",
        "mismatch01",
        "another method in CSeq",
        "OPTIONS sip:user@{to} SIP/2.0\r\n{via}{id INVITE}Content-Length: 0\r\n\r\n",
        Status(400),
    ),
    (
        "3.1.2.18",
        "mismatch02",
        "the same with a method that nobody knows",
        "NEWMETHOD sip:user@{to} SIP/2.0\r\n{via}{id INVITE}Content-Length: 0\r\n\r\n",
        Status(405),
    ),
    (
        "3.1.2.19",
        "bigcode",
        "a status beyond all statuses",
        "SIP/2.0 4294967301 better not break the receiver\r\n{via}{id INVITE}Content-Length: 0\r\n\r\n",
        Silence,
    ),
    (
        "3.2.1",
        "badbranch",
        "a branch with nothing behind its mark",
        "OPTIONS sip:user@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {here};rport;branch=z9hG4bK\r\n{id OPTIONS}Content-Length: 0\r\n\r\n",
        Status(200),
    ),
    (
        "3.3.1",
        "insuf",
        "no Call-ID, From or To",
        "INVITE sip:user@{to} SIP/2.0\r\nCSeq: 193942 INVITE\r\n{via}Contact: <sip:c@{here}>\r\nContent-Length: 0\r\n\r\n",
        Status(400),
    ),
    (
        "3.3.2",
        "unkscm",
        "a scheme that nobody knows",
        "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\r\n{via}{id OPTIONS}Content-Length: 0\r\n\r\n",
        Status(416),
    ),
    (
        "3.3.3",
        "novelsc",
        "a scheme of something else",
        "OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0\r\n{via}{id OPTIONS}Content-Length: 0\r\n\r\n",
        Status(416),
    ),
    (
        "3.3.4",
        "unksm2",
        "schemes that nobody knows in fields",
        "REGISTER sip:{to} SIP/2.0\r\n{via}To: isbn:2983792873\r\nFrom: <http://www.example.com>;tag=3234233\r\nCall-ID: {call}\r\nCSeq: 234902 REGISTER\r\nMax-Forwards: 70\r\nContact: <name:John_Smith>\r\nl: 0\r\n\r\n",
        Status(405),
    ),
    (
        "3.3.5",
        "bext01",
        "extensions that nobody has",
        "OPTIONS sip:user@{to} SIP/2.0\r\n{via}{id OPTIONS}Require: nothingSupportsThis, nothingSupportsThisEither\r\nProxy-Require: noProxiesSupportThis\r\nContent-Length: 0\r\n\r\n",
        Status(420),
    ),
    (
        "3.3.6",
        "invut",
        "a body of a kind that nobody knows",
        "INVITE sip:user@{to} SIP/2.0\r\n{via}{id INVITE}Contact: <sip:c@{here}>\r\nContent-Type: application/unknownformat\r\nContent-Length: 5\r\n\r\n<a/>\n",
        Status(415),
    ),
    (
        "3.3.7",
        "regaut01",
        "a proof of a kind that nobody knows",
        "REGISTER sip:{to} SIP/2.0\r\n{via}{id REGISTER}Authorization: NoOneKnowsThisScheme opaque-data=here\r\nContent-Length: 0\r\n\r\n",
        Status(405),
    ),
    (
        "3.3.8",
        "multi01",
        "fields twice that may be there once",
        "INVITE sip:user@{to} SIP/2.0\r\n{via}{id INVITE}CSeq: 59 INVITE\r\nCall-ID: another\r\nTo: sip:other@{to}\r\nFrom: sip:other@{here};tag=2\r\nMax-Forwards: 5\r\nContact: <sip:c@{here}>\r\nContent-Length: 0\r\n\r\n",
        Status(400),
    ),
    (
        "3.3.9",
        "mcl01",
        "two lengths of one body",
        "OPTIONS sip:user@{to} SIP/2.0\r\n{via}{id OPTIONS}Content-Length: 13\r\nContent-Length: 5\r\n\r\nThere's no way to know",
        Status(400),
    ),
    (
        "3.3.10",
        "bcast",
        "an answer that would go to everyone",
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\nVia: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23\r\n{id INVITE}Content-Length: 0\r\n\r\n",
        Silence,
    ),
    (
        "3.3.11",
        "zeromf",
        "no hops left, and we are who is asked",
        "OPTIONS sip:user@{to} SIP/2.0\r\n{via}{id- OPTIONS}Max-Forwards: 0\r\nContent-Length: 0\r\n\r\n",
        Status(200),
    ),
    (
        "3.3.11",
        "zeromf",
        "no hops left for a call that would go on",
        "INVITE sip:user@{to} SIP/2.0\r\n{via}{id- INVITE}Max-Forwards: 0\r\nContact: <sip:c@{here}>\r\nContent-Length: 0\r\n\r\n",
        Status(483),
    ),
    (
        "3.3.12",
        "cparam01",
        "a contact with a parameter",
        "REGISTER sip:{to} SIP/2.0\r\n{via}{id REGISTER}Contact: sip:+19725552222@{here};unknownparam\r\nl: 0\r\n\r\n",
        Status(405),
    ),
    (
        "3.3.13",
        "cparam02",
        "a contact whose address has a parameter",
        "REGISTER sip:{to} SIP/2.0\r\n{via}{id REGISTER}Contact: <sip:+19725552222@{here};unknownparam>\r\nl: 0\r\n\r\n",
        Status(405),
    ),
    (
        "3.3.14",
        "regescrt",
        "a contact with an escaped field",
        "REGISTER sip:{to} SIP/2.0\r\n{via}{id REGISTER}Contact: <sip:user@{here}?Route=%3Csip:sip.example.com%3E>\r\nl: 0\r\n\r\n",
        Status(405),
    ),
    (
        "3.3.15",
        "sdp01",
        "an Accept that takes no session description",
        "INVITE sip:user@{to} SIP/2.0\r\n{via}{id INVITE}Contact: <sip:c@{here}>\r\nAccept: text/nobodyKnowsThis\r\nContent-Length: 0\r\n\r\n",
        Status(406),
    ),
    (
        "3.4.1",
        "inv2543",
        "as RFC 2543 wrote it, without tags: such peers are not spoken to",
        "INVITE sip:UserB@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {here}\r\nFrom: <sip:user@{here}>\r\nTo: sip:UserB@{to}\r\nCall-ID: {call}\r\nCSeq: 1 INVITE\r\nContact: <sip:c@{here}>\r\n\r\n",
        Status(400),
    ),
];

const RFC_5118: &[Case] = &[
    (
        "4.1",
        "ipv6-good",
        "an address of version 6 in brackets",
        "OPTIONS sip:[2001:db8::10] SIP/2.0\r\n{via}To: sip:user@[2001:db8::10]\r\nFrom: sip:user@[2001:db8::9]:5060;tag=81x2\r\nCall-ID: {call}\r\nCSeq: 98176 OPTIONS\r\nMax-Forwards: 70\r\nContact: <sip:user@[2001:db8::9:1]>\r\nl: 0\r\n\r\n",
        Status(200),
    ),
    (
        "4.2",
        "ipv6-bad",
        "the same without brackets",
        "OPTIONS sip:2001:db8::10 SIP/2.0\r\n{via}{id OPTIONS}Content-Length: 0\r\n\r\n",
        Status(400),
    ),
    (
        "4.3",
        "port-ambiguous",
        "a port that is part of the address",
        "OPTIONS sip:[2001:db8::10:5070] SIP/2.0\r\n{via}{id OPTIONS}Content-Length: 0\r\n\r\n",
        Status(200),
    ),
    (
        "4.4",
        "port-unambiguous",
        "a port behind the brackets",
        "OPTIONS sip:[2001:db8::10]:5070 SIP/2.0\r\n{via}{id OPTIONS}Content-Length: 0\r\n\r\n",
        Status(200),
    ),
    (
        "4.5",
        "via-received-param-with-delim",
        "brackets around the address in a received parameter",
        "OPTIONS sip:[2001:db8::10] SIP/2.0\r\n{via}Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3\r\n{id OPTIONS}Content-Length: 0\r\n\r\n",
        Status(200),
    ),
    (
        "4.5",
        "via-received-param-no-delim",
        "none around it",
        "OPTIONS sip:[2001:db8::10] SIP/2.0\r\n{via}Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3\r\n{id OPTIONS}Content-Length: 0\r\n\r\n",
        Status(200),
    ),
    (
        "4.6",
        "ipv6-in-sdp",
        "a session at an address of version 6",
        "INVITE sip:user@[2001:db8::10] SIP/2.0\r\n{via}{id INVITE}Contact: <sip:user@[2001:db8::20]>\r\nContent-Type: application/sdp\r\n{length}\r\nv=0\r\no=assistant 971731711378798081 0 IN IP6 2001:db8::20\r\ns=-\r\nc=IN IP6 2001:db8::20\r\nt=3338481189 3370017201\r\nm=audio 6000 RTP/AVP 0\r\n",
        Call,
    ),
    (
        "4.7",
        "mult-ip-in-header",
        "addresses of both versions on the way",
        "OPTIONS sip:user@[2001:db8::10] SIP/2.0\r\n{via}Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144\r\nVia: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200\r\n{id OPTIONS}Content-Length: 0\r\n\r\n",
        Status(200),
    ),
    (
        "4.8",
        "mult-ip-in-sdp",
        "a stream at each version",
        "INVITE sip:user@[2001:db8::10] SIP/2.0\r\n{via}{id INVITE}Contact: <sip:user@[2001:db8::9:1]>\r\nContent-Type: application/sdp\r\n{length}\r\nv=0\r\no=bob 280744730 28977631 IN IP4 host.example.com\r\ns=\r\nt=0 0\r\nm=audio 22334 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\nm=video 6024 RTP/AVP 107\r\nc=IN IP6 2001:db8::1\r\na=rtpmap:107 H263-1998/90000\r\n",
        Call,
    ),
    (
        "4.9",
        "ipv4-mapped-ipv6",
        "an address of version 4 in clothes of version 6",
        "INVITE sip:user@{to} SIP/2.0\r\n{via}Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19\r\n{id INVITE}Contact: \"T. desk phone\" <sip:ted@[::ffff:192.0.2.2]>\r\nContent-Type: application/sdp\r\n{length}\r\nv=0\r\no=assistant 971731711378798081 0 IN IP6 ::ffff:192.0.2.2\r\ns=-\r\nc=IN IP6 ::ffff:192.0.2.2\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n",
        Call,
    ),
    (
        "4.10",
        "ipv6-bug-abnf-3-colons",
        "three colons, as the grammar of RFC 3261 wrongly allows",
        "OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0\r\n{via}{id OPTIONS}Content-Length: 0\r\n\r\n",
        Status(400),
    ),
];

/// A case as text, with a call of its own.
fn written(text: &str, wire: &str, here: SocketAddr, to: &str, number: usize) -> String {
    let call = format!("torture-{number}@{here}");
    let mut text = text.to_owned();
    for (mark, hops) in [("{id ", "Max-Forwards: 70\r\n"), ("{id- ", "")] {
        while let Some((before, rest)) = text.split_once(mark).map(|(a, b)| (a.to_owned(), b.to_owned())) {
            let (method, after) = rest.split_once('}').expect("a mark ends");
            text = format!(
                "{before}To: <sip:user@{to}>\r\nFrom: <sip:caller@{here}>;tag=t{number}\r\nCall-ID: {call}\r\nCSeq: 1 {method}\r\n{hops}{after}"
            );
        }
    }
    let via = format!("Via: SIP/2.0/{wire} {here};rport;branch=z9hG4bK-torture-{number}\r\n");
    let text = text
        .replace("{via}", &via)
        .replace("{here}", &here.to_string())
        .replace("{to}", to)
        .replace("{call}", &call)
        .replace("{long}", &"extremely-long-".repeat(20))
        .replace("{sdp}", "v=0\r\no=a 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n");
    let length = text.split_once("{length}\r\n").map_or(0, |(_, body)| body.len());
    text.replace("{length}", &format!("Content-Length: {length}\r\n"))
}

/// Sends a message and sees what becomes of it.
async fn fate(
    endpoint: &SipEndpoint,
    calls: &mut Receiver<SipEvent>,
    text: &str,
    number: usize,
) -> (Fate, String) {
    let peer = Peer::new(endpoint).await;
    let message = written(text, "UDP", peer.address(), &endpoint.local_addresses()[0].to_string(), number);
    peer.send(&message).await;
    // Behind it something that is answered for sure: what comes first tells.
    peer.send(peer.request("OPTIONS", 77, None, "", "")).await;
    let mut seen = None;
    let mut probed = false;
    loop {
        tokio::select! {
            biased;
            event = calls.recv() => {
                let Some(SipEvent::Incoming(call)) = event else { panic!("the endpoint is gone") };
                call.reject(486, None);
                seen = Some((Call, String::new()));
            }
            answer = peer.receive() => {
                match header(&answer, "CSeq") {
                    Some("77 OPTIONS") if seen.is_some() => probed = true,
                    // One more request that is answered for sure: whatever was still on its way has come by then.
                    Some("77 OPTIONS") => peer.send(peer.request("OPTIONS", 78, None, "", "")).await,
                    Some("78 OPTIONS") => {
                        seen = seen.or_else(|| Some((Silence, String::new())));
                        probed = true;
                    }
                    _ => {
                        let status = answer.get(8..11).and_then(|status| status.parse::<u16>().ok());
                        if let Some(status) = status.filter(|status| *status >= 200) {
                            if message.starts_with("INVITE") {
                                peer.send(acknowledgement(&message, &answer)).await;
                            }
                            seen = seen.or(Some((Status(status), answer)));
                        }
                    }
                }
            }
        }
        if probed && let Some(seen) = &seen {
            return seen.clone();
        }
    }
}

fn acknowledgement(invite: &str, answer: &str) -> String {
    let id = header(answer, "Call-ID").unwrap_or_default();
    let number = header(answer, "CSeq").and_then(|cseq| cseq.split(' ').next()).unwrap_or_default();
    let via = header(invite, "Via").unwrap_or_default();
    let (from, to) = (header(answer, "From").unwrap_or_default(), header(answer, "To").unwrap_or_default());
    format!(
        "ACK sip:user@127.0.0.1 SIP/2.0\r\nVia: {via}\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {id}\r\n\
         CSeq: {number} ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}

/// The same over a connection; and whether it was ended.
async fn fate_over_tcp(
    endpoint: &SipEndpoint,
    calls: &mut Receiver<SipEvent>,
    text: &str,
    number: usize,
) -> (Fate, bool) {
    let to = endpoint.local_addresses()[0];
    let mut stream = TcpStream::connect(to).await.expect("it listens for TCP too");
    let here = stream.local_addr().expect("it is connected");
    let message = written(text, "TCP", here, &to.to_string(), number).replace("SIP/2.0/UDP", "SIP/2.0/TCP");
    let probe = |number: u32| {
        format!(
            "OPTIONS sip:probe@{to} SIP/2.0\r\nVia: SIP/2.0/TCP {here};branch=z9hG4bK-probe-{number}\r\nFrom: <sip:p@{here}>;tag=p\r\n\
             To: <sip:probe@{to}>\r\nCall-ID: probe@{here}\r\nCSeq: {number} OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
    };
    stream.write_all(message.as_bytes()).await.expect("it is taken");
    // An end of the connection may come before this.
    let _ = stream.write_all(probe(77).as_bytes()).await;
    let mut seen = None;
    let mut probed = false;
    loop {
        tokio::select! {
            biased;
            event = calls.recv() => {
                let Some(SipEvent::Incoming(call)) = event else { panic!("the endpoint is gone") };
                call.reject(486, None);
                seen = Some(Call);
            }
            answer = receive_or_end(&mut stream) => {
                let Some(answer) = answer else { return (seen.unwrap_or(Silence), true) };
                match header(&answer, "CSeq") {
                    Some("77 OPTIONS") if seen.is_some() => probed = true,
                    Some("77 OPTIONS") => stream.write_all(probe(78).as_bytes()).await.expect("it is taken"),
                    Some("78 OPTIONS") => {
                        seen = seen.or(Some(Silence));
                        probed = true;
                    }
                    _ => match answer.get(8..11).and_then(|status| status.parse::<u16>().ok()) {
                        Some(status) if status >= 200 => {
                            if message.starts_with("INVITE") {
                                let _ = stream.write_all(acknowledgement(&message, &answer).as_bytes()).await;
                            }
                            seen = seen.or(Some(Status(status)));
                            // Where the connection ends, the first probe is never answered.
                            let _ = stream.write_all(probe(78).as_bytes()).await;
                        }
                        _ => {}
                    },
                }
            }
        }
        if let (Some(fate), true) = (seen, probed) {
            return (fate, false);
        }
    }
}

/// What over a connection is otherwise than over UDP and why, and whether the connection ends.
const OVER_TCP: &[(&str, &str, Fate, bool)] = &[
    ("clerr", "what is missing is waited for as long as for any message", Silence, true),
    ("ncl", "nobody can tell where the next message begins", Status(400), true),
    ("bigcode", "nobody who speaks SIP sends it", Silence, true),
    ("mcl01", "nobody can tell where the next message begins", Status(400), true),
    ("inv2543", "it has no length", Status(400), true),
];

async fn check(cases: &[Case]) {
    let (endpoint, mut calls) = start(config()).await;
    let mut wrong = Vec::new();
    for (number, (section, name, trait_, text, expected)) in cases.iter().enumerate() {
        let (fate, answer) = fate(&endpoint, &mut calls, text, number).await;
        if fate != *expected {
            wrong.push(format!("{section} {name} ({trait_}): expected {expected:?}, got {fate:?} {answer}"));
        }
    }
    // A message that never ends is waited for so long.
    let short = SipConfig { message_time: Duration::from_millis(500), ..config() };
    let (endpoint, mut calls) = start(short).await;
    for (number, (section, name, trait_, text, expected)) in cases.iter().enumerate() {
        let fate = fate_over_tcp(&endpoint, &mut calls, text, number).await;
        let expected = over_tcp(name, *expected);
        if fate != expected {
            wrong.push(format!("{section} {name} ({trait_}) over TCP: expected {expected:?}, got {fate:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn over_tcp(name: &str, over_udp: Fate) -> (Fate, bool) {
    let other = OVER_TCP.iter().find(|(other, ..)| *other == name);
    other.map_or((over_udp, false), |(.., fate, ended)| (*fate, *ended))
}

#[tokio::test]
async fn the_torture_messages_of_rfc_4475() {
    check(RFC_4475).await;
}

#[tokio::test]
async fn the_ipv6_messages_of_rfc_5118() {
    check(RFC_5118).await;
}

fn in_words(fate: Fate) -> String {
    match fate {
        Call => "take it as a call".to_owned(),
        Silence => "drop it".to_owned(),
        Status(status) => format!("answer {status}"),
    }
}

/// The page that people read is made of the same lists. `UPDATE_TORTURE=1` writes it anew.
#[test]
fn the_page_is_made_of_these_lists() {
    let mut page = String::from(
        "# Messages that try a parser\n\nWhat becomes of the messages of RFC 4475 and RFC 5118. `crates/sip/tests/wire/torture.rs` makes and sends them, over UDP\nand over TCP, and this page.\n",
    );
    for (rfc, cases) in [("RFC 4475", RFC_4475), ("RFC 5118", RFC_5118)] {
        page.push_str(&format!(
            "\n## {rfc}\n\n| section | name | what is special | what we do |\n|---|---|---|---|\n"
        ));
        for (section, name, special, _, fate) in cases {
            let fate = in_words(*fate);
            page.push_str(&format!("| {section} | `{name}` | {special} | {fate} |\n"));
        }
    }
    page.push_str(
        "\n## Over TCP\n\nThe same, but for these:\n\n| name | why | what we do |\n|---|---|---|\n",
    );
    for (name, why, fate, ended) in OVER_TCP {
        let end = if *ended { ", and end the connection" } else { "" };
        page.push_str(&format!("| `{name}` | {why} | {}{end} |\n", in_words(*fate)));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sip-configs/TORTURE.md");
    if std::env::var_os("UPDATE_TORTURE").is_some() {
        std::fs::write(path, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(path).expect("the page is there");
    assert!(
        written == page,
        "sip-configs/TORTURE.md is not what the lists say: run this test with UPDATE_TORTURE=1"
    );
}
