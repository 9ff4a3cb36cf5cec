//! Requests that are larger than a datagram should be (RFC 3261 section 18.1.1).

use callwright_sip::{CallFields, LegEnd, OutgoingCall, SipLegEvent, UserToUser};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use crate::changes::answer;
use crate::expect_event;
use crate::support::{call_to, config, header, start, within};
use crate::transports::receive_or_end;

/// A call that carries more along than fits into 1,300 bytes.
pub fn large(to: String) -> OutgoingCall {
    let told = UserToUser::hex(&[7; 250]);
    OutgoingCall {
        fields: CallFields { user_to_user: vec![told; 3], ..CallFields::default() },
        ..call_to(to)
    }
}

async fn receive(stream: &mut TcpStream) -> String {
    receive_or_end(stream).await.expect("a message before the end of the connection")
}

async fn datagram(socket: &UdpSocket) -> String {
    let mut buffer = vec![0; 65_536];
    let (length, from) = within("a datagram", socket.recv_from(&mut buffer)).await.expect("a datagram");
    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
    if text.starts_with("INVITE") {
        socket.send_to(answer(&text, "486 Busy Here", "").as_bytes(), from).await.expect("it is taken");
    }
    text
}

#[tokio::test]
async fn a_large_invite_and_its_cancel_go_over_a_connection() {
    let (endpoint, _calls) = start(config()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let socket = UdpSocket::bind(address).await.expect("the same port for UDP");

    let mut leg = endpoint.invite(large(format!("sip:bob@{address}"))).await.expect("it goes out");
    let (mut stream, _) = within("a connection", listener.accept()).await.expect("a connection");
    let invite = receive(&mut stream).await;
    assert!(invite.starts_with("INVITE") && invite.len() > 1_300, "{invite}");
    assert!(header(&invite, "Via").is_some_and(|via| via.starts_with("SIP/2.0/TCP ")), "{invite}");
    let contact = header(&invite, "Contact").expect("a contact").to_lowercase();
    assert!(contact.contains(";transport=tcp"), "{contact}");
    let ringing = answer(&invite, "180 Ringing", "");
    stream.write_all(ringing.as_bytes()).await.expect("it is taken");
    expect_event!(leg, SipLegEvent::Ringing { .. });
    leg.hangup();
    let cancel = receive(&mut stream).await;
    assert!(cancel.starts_with("CANCEL"), "{cancel}");
    assert_eq!(header(&cancel, "Via"), header(&invite, "Via"));
    let gone = answer(&invite, "487 Request Terminated", "");
    for answer in [answer(&cancel, "200 OK", ""), gone] {
        stream.write_all(answer.as_bytes()).await.expect("it is taken");
    }
    assert!(receive(&mut stream).await.starts_with("ACK"));
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByUs));

    // A small one to the same place is a datagram.
    let mut leg = endpoint.invite(call_to(format!("sip:bob@{address}"))).await.expect("it goes out");
    let invite = datagram(&socket).await;
    assert!(header(&invite, "Via").is_some_and(|via| via.starts_with("SIP/2.0/UDP ")), "{invite}");
    expect_event!(leg, SipLegEvent::Refused { status: 486, .. });
}

#[tokio::test]
async fn where_nobody_takes_connections_a_large_invite_is_a_datagram() {
    let (endpoint, _calls) = start(config()).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let address = socket.local_addr().expect("it is bound");
    let mut leg = endpoint.invite(large(format!("sip:bob@{address}"))).await.expect("it goes out");
    let invite = datagram(&socket).await;
    assert!(invite.starts_with("INVITE") && invite.len() > 1_300, "{invite}");
    assert!(header(&invite, "Via").is_some_and(|via| via.starts_with("SIP/2.0/UDP ")), "{invite}");
    expect_event!(leg, SipLegEvent::Refused { status: 486, .. });
}
