//! What a fault does to the body of a response that went well. It works on whole events: what an event says is judged by
//! the family's own decoder, so that a fault counts the pieces that the answer is counted in.

mod event;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use evenkeel_engine::Overlay;
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, sleep, sleep_until};

use self::event::{Event, Events};
use crate::{Body, Family, TransportError, TransportErrorKind};

/// What is done to a body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Tampering {
    /// The connection breaks after so many pieces.
    CutAfter(u32),
    /// Nothing comes any more after so many pieces.
    StallAfter(u32),
    /// The piece after so many is broken.
    BreakAfter(u32),
    /// The first piece comes so much later.
    HoldFirst(Duration),
    /// So much time lies between two pieces.
    Pace(Duration),
    /// Nothing says that the answer is whole.
    NoEnd,
}

/// A body under a fault.
pub(crate) fn tamper(family: Family, body: Body, tampering: Tampering, overlay: Overlay) -> Body {
    let tampered = Tampered {
        tampering,
        body,
        events: Events::new(family),
        ready: VecDeque::new(),
        pieces: 0,
        next: None,
        overlay,
        over: false,
    };
    stream::unfold(tampered, |mut tampered| async move {
        let bytes = tampered.next().await?;
        Some((bytes, tampered))
    })
    .boxed()
}

/// The same body, all of it so much later.
pub(crate) fn late(body: Body, delay: Duration) -> Body {
    let waiting = async move {
        sleep(delay).await;
        body
    };
    stream::once(waiting).flatten().boxed()
}

struct Tampered {
    tampering: Tampering,
    body: Body,
    events: Events,
    ready: VecDeque<Event>,
    /// Pieces that have passed.
    pieces: u32,
    /// When the next piece may pass.
    next: Option<Instant>,
    overlay: Overlay,
    /// Nothing more comes.
    over: bool,
}

impl Tampered {
    async fn next(&mut self) -> Option<Result<Bytes, TransportError>> {
        loop {
            match self.tampering {
                Tampering::CutAfter(pieces) if self.pieces >= pieces && !self.over => {
                    self.leave();
                    return Some(Err(TransportError {
                        kind: TransportErrorKind::Cut,
                        message: "connection reset by peer".to_owned(),
                        simulated: Some(self.overlay.clone()),
                    }));
                }
                Tampering::StallAfter(pieces) if self.pieces >= pieces => {
                    self.leave();
                    std::future::pending::<()>().await;
                }
                Tampering::CutAfter(_)
                | Tampering::StallAfter(_)
                | Tampering::BreakAfter(_)
                | Tampering::HoldFirst(_)
                | Tampering::Pace(_)
                | Tampering::NoEnd => {}
            }
            if let Some(event) = self.ready.pop_front() {
                match self.pass(event).await {
                    Some(bytes) => return Some(Ok(bytes)),
                    None => continue,
                }
            }
            if self.over {
                return None;
            }
            match self.body.next().await {
                Some(Ok(bytes)) => self.ready.extend(self.events.push(&bytes)),
                Some(Err(error)) => {
                    self.over = true;
                    return Some(Err(error));
                }
                None => {
                    self.over = true;
                    self.ready.extend(self.events.finish());
                }
            }
        }
    }

    /// The event as it arrives; none where it does not.
    async fn pass(&mut self, mut event: Event) -> Option<Bytes> {
        let before = self.pieces;
        self.pieces += u32::from(event.is_piece);
        match self.tampering {
            Tampering::BreakAfter(pieces) if event.is_piece && before == pieces => {
                event.break_off()
            }
            Tampering::HoldFirst(delay) if event.speaks() && self.next.is_none() => {
                self.next = Some(Instant::now() + delay);
                sleep(delay).await;
            }
            Tampering::Pace(pause) if event.speaks() => {
                if let Some(at) = self.next {
                    sleep_until(at).await;
                }
                self.next = Some(Instant::now() + pause);
            }
            Tampering::NoEnd if event.ends => {
                let rest = event.without_end();
                if rest.is_none() {
                    // Whatever a provider does with the connection after it, this is the end.
                    self.leave();
                }
                return rest;
            }
            Tampering::CutAfter(_)
            | Tampering::StallAfter(_)
            | Tampering::BreakAfter(_)
            | Tampering::HoldFirst(_)
            | Tampering::Pace(_)
            | Tampering::NoEnd => {}
        }
        Some(event.bytes)
    }

    /// Closes the real connection: nothing more of it is wanted.
    fn leave(&mut self) {
        self.over = true;
        self.ready.clear();
        self.body = stream::empty().boxed();
    }
}

#[cfg(test)]
mod tests;
