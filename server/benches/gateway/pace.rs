//! What a stream that speaks at a pace loses on its way: until its first token, and at each token.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::load::{Connection, Request};
use crate::upstream::TOKENS;

/// Streams on each connection, the first of which is not counted.
const STREAMS: usize = 5;

/// Times of all streams.
pub struct Paced {
    /// From the request to the first token.
    pub first_token: Vec<Duration>,
    /// From the moment that a token was sent to the moment that it was read, of all but the first.
    pub delays: Vec<Duration>,
}

/// Reads streams on so many connections at once.
pub async fn measure(request: &Request, connections: usize, epoch: Instant) -> Paced {
    let mut running = JoinSet::new();
    for _ in 0..connections {
        let (mut connection, request) = (Connection::open(request).await, request.clone());
        running.spawn(async move {
            let mut streams = vec![];
            for _ in 0..STREAMS {
                streams.push(stream(&mut connection, &request, epoch).await);
            }
            streams.split_off(1)
        });
    }
    let streams = running.join_all().await.concat();
    Paced {
        first_token: streams.iter().map(|(first, _)| *first).collect(),
        delays: streams.into_iter().flat_map(|(_, delays)| delays).collect(),
    }
}

async fn stream(
    connection: &mut Connection,
    request: &Request,
    epoch: Instant,
) -> (Duration, Vec<Duration>) {
    let (started, mut first, mut delays) = (Instant::now(), None, vec![]);
    connection.send(request).await;
    let (mut over, mut seen) = (false, 0);
    while !over {
        over = connection.read().await;
        let now = epoch.elapsed();
        while let Some((sent, after)) = token(&connection.response, seen) {
            seen = after;
            match first {
                None => first = Some(started.elapsed()),
                Some(_) => delays.push(now.saturating_sub(sent)),
            }
        }
    }
    assert_eq!(delays.len() + 1, TOKENS, "tokens were lost");
    (first.unwrap(), delays)
}

/// The time in the next token from there on, and where it ends.
fn token(response: &[u8], from: usize) -> Option<(Duration, usize)> {
    let at = from + response[from..].iter().position(|byte| *byte == b'@')? + 1;
    let length = response[at..].iter().position(|byte| *byte == b' ')?;
    let digits = std::str::from_utf8(&response[at..at + length]).unwrap();
    Some((Duration::from_nanos(digits.parse().unwrap()), at + length))
}
