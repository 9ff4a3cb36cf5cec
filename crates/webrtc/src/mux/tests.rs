use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;

async fn mux() -> Arc<Mux> {
    Mux::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), CancellationToken::new())
        .await
        .expect("a loopback port is free")
}

fn source(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn check_for(ufrag: &str) -> Vec<u8> {
    let name = format!("{ufrag}:theirs");
    let mut bytes = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    bytes.resize(20, 0);
    bytes.extend([0, 6, 0, u8::try_from(name.len()).expect("a short name")]);
    bytes.extend(name.as_bytes());
    bytes
}

fn waiting(socket: &VirtualSocket) -> usize {
    lock(&socket.queue).datagrams.len()
}

#[tokio::test]
async fn media_follows_the_address_that_a_check_came_from() {
    let mux = mux().await;
    let (a, b) = (mux.open("aaaa", source(1)), mux.open("bbbb", source(1)));
    mux.dispatch(&[0x80; 20], source(5_000));
    assert_eq!((waiting(&a), waiting(&b)), (0, 0), "nobody is known at that address");
    mux.dispatch(&check_for("bbbb"), source(5_000));
    mux.dispatch(&[0x80; 20], source(5_000));
    mux.dispatch(&check_for("aaaa"), source(5_001));
    assert_eq!((waiting(&a), waiting(&b)), (1, 2));
}

#[tokio::test]
async fn a_living_session_keeps_its_sources_and_a_removed_one_has_none() {
    let mux = mux().await;
    let (a, b) = (mux.open("aaaa", source(1)), mux.open("bbbb", source(1)));
    mux.dispatch(&check_for("aaaa"), source(5_000));
    mux.dispatch(&check_for("bbbb"), source(5_000));
    mux.dispatch(&[0x80; 20], source(5_000));
    assert_eq!((waiting(&a), waiting(&b)), (2, 1));
    mux.remove("aaaa");
    assert_eq!(mux.routes(), (1, 0));
    mux.dispatch(&[0x80; 20], source(5_000));
    assert_eq!((waiting(&a), waiting(&b)), (2, 1));
    assert!(mux.silent_for("aaaa").is_none() && mux.silent_for("bbbb").is_some());
}

#[tokio::test]
async fn queues_and_sources_have_a_limit() {
    let mux = mux().await;
    let a = mux.open("aaaa", source(1));
    for port in 1..=2 * u16::try_from(QUEUE).expect("a small number") {
        mux.dispatch(&check_for("aaaa"), source(port));
    }
    assert_eq!((waiting(&a), mux.routes()), (QUEUE, (1, SOURCES_MAX)));
}

proptest! {
    #[test]
    fn any_datagrams_are_routed_or_dropped_without_a_panic(
        datagrams in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..64), any::<u16>()), 0..50)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mux = mux().await;
            let socket = mux.open("aaaa", source(1));
            mux.dispatch(&check_for("aaaa"), source(9));
            for (datagram, port) in &datagrams {
                mux.dispatch(datagram, source(*port));
            }
            assert!(waiting(&socket) <= QUEUE);
        });
    }
}
