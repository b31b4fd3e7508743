//! How the connection stands, and what to do about it: a machine without a socket, so that every case can be tested.
//!
//! A socket whose other end has vanished says nothing. What tells it from one that has nothing to say is a question that
//! gets no answer: it is asked soon where somebody waits for something, and seldom where nobody does.

use super::delay_ms;

/// A connection that is not open after this time is given up.
const OPENING_MS: i64 = 10_000;
/// An open connection on which nothing came for so long is asked whether it lives: while an answer is awaited …
const AWAITING_MS: i64 = 200;
/// … while the page is only looked at …
const LOOKED_AT_MS: i64 = 10_000;
/// … and while nobody sees it.
const UNSEEN_MS: i64 = 25_000;
/// It is given up when it did not answer within this time …
const ANSWER_MS: i64 = 5_000;
/// … or this, where the browser says that the network is gone.
const OFFLINE_MS: i64 = 300;
/// The least time for an answer before it is said that there is none.
const DOUBT_MS: i64 = 250;
/// The same, as long as it is not known how long an answer takes.
const UNKNOWN_MS: i64 = 1_000;
/// What is on its way to the server goes at least so fast, in bytes for each millisecond.
const SLOWEST: i64 = 32;

/// How the connection stands, for those who show it. Times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// It is being opened.
    Connecting,
    /// It is open.
    Open,
    /// It seems open, but the server has not answered for longer than it ever took.
    Silent,
    /// It was lost, or could not be opened; the next try is at this time.
    Waiting {
        /// When.
        until: i64,
    },
}

/// What happens to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The socket is open.
    Opened,
    /// Something came.
    Heard,
    /// So many bytes were given to the socket.
    Said(usize),
    /// The socket is closed, or could not be opened.
    Ended,
    /// The browser says that the network is gone.
    Offline,
    /// Somebody is looking, so it should be known how the connection stands.
    Look,
    /// Somebody wants it now, or the network is back.
    Hurry,
    /// Time has passed.
    Time,
}

/// What is to be done with the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Nothing.
    Nothing,
    /// Open one.
    Open,
    /// Ask whether it lives.
    Ping,
    /// Close it; another one is opened when it is time.
    Close,
}

/// Who waits for the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audience {
    /// A turn is running, or a message is on its way.
    pub awaiting: bool,
    /// The page can be seen.
    pub visible: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Opening {
        since: i64,
    },
    Open {
        /// When something came; nothing has yet where the server has not introduced itself.
        heard: Option<i64>,
        asked: Option<i64>,
        /// The network is said to be gone.
        offline: bool,
        /// Until then the way is taken by what was said, and an answer cannot be expected.
        taken: i64,
    },
    Waiting {
        until: i64,
    },
}

/// One connection after the other.
#[derive(Clone, Debug)]
pub struct Link {
    stage: Stage,
    failures: u32,
    /// How long an answer usually takes, once it is known.
    usual: Option<i64>,
}

impl Link {
    /// The first connection, which is being opened.
    pub fn new(now: i64) -> Self {
        Self {
            stage: Stage::Opening { since: now },
            failures: 0,
            usual: None,
        }
    }

    /// How it stands.
    pub fn connection(&self, now: i64) -> Connection {
        match self.stage {
            Stage::Opening { .. } => Connection::Connecting,
            Stage::Waiting { until } => Connection::Waiting { until },
            Stage::Open { heard: None, .. } => Connection::Connecting,
            Stage::Open { asked, taken, .. } => match asked {
                Some(asked) if now >= asked.max(taken) + self.doubt() => Connection::Silent,
                Some(_) | None => Connection::Open,
            },
        }
    }

    /// When it wants to be told that time has passed, at the latest.
    pub fn due(&self, now: i64, audience: Audience) -> i64 {
        match self.stage {
            Stage::Opening { since } => since + OPENING_MS,
            Stage::Waiting { until } => until,
            Stage::Open {
                heard,
                asked: None,
                taken,
                ..
            } => heard.unwrap_or(taken).max(taken) + quiet(audience),
            Stage::Open {
                asked: Some(asked),
                offline,
                taken,
                ..
            } => {
                let asked = asked.max(taken);
                let doubt = asked + self.doubt();
                if now < doubt && !offline {
                    doubt
                } else {
                    asked + patience(offline)
                }
            }
        }
    }

    /// Something happens.
    pub fn step(&mut self, event: Event, now: i64, audience: Audience, dice: f64) -> Deed {
        match (self.stage, event) {
            (Stage::Opening { .. }, Event::Opened) => {
                self.stage = Stage::Open {
                    heard: None,
                    // The introduction is a question, too.
                    asked: Some(now),
                    offline: false,
                    taken: now,
                };
                Deed::Nothing
            }
            (Stage::Opening { since }, Event::Time) if now >= since + OPENING_MS => {
                self.wait(now, dice)
            }
            (Stage::Opening { .. } | Stage::Open { .. }, Event::Ended) => self.wait(now, dice),
            (Stage::Open { asked, taken, .. }, Event::Heard) => {
                if let Some(asked) = asked {
                    let took = (now - asked.max(taken)).max(0);
                    self.usual = Some(self.usual.map_or(took, |usual| (3 * usual + took) / 4));
                }
                self.failures = 0;
                self.stage = Stage::Open {
                    heard: Some(now),
                    asked: None,
                    offline: false,
                    taken,
                };
                Deed::Nothing
            }
            (
                Stage::Open {
                    heard,
                    asked,
                    offline,
                    taken,
                },
                Event::Said(bytes),
            ) => {
                let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
                self.stage = Stage::Open {
                    heard,
                    asked,
                    offline,
                    taken: taken.max(now) + bytes / SLOWEST,
                };
                Deed::Nothing
            }
            (
                Stage::Open {
                    heard,
                    asked,
                    taken,
                    ..
                },
                Event::Offline,
            ) => {
                self.stage = Stage::Open {
                    heard,
                    asked: Some(now),
                    offline: true,
                    taken: taken.min(now),
                };
                if asked == Some(now) {
                    Deed::Nothing
                } else {
                    Deed::Ping
                }
            }
            (Stage::Open { asked: None, .. }, Event::Look | Event::Hurry) => self.ask(now),
            (Stage::Open { .. }, Event::Time) if now >= self.due(now, audience) => {
                match self.stage {
                    Stage::Open { asked: None, .. } => self.ask(now),
                    Stage::Open {
                        asked: Some(asked),
                        offline,
                        taken,
                        ..
                    } if now >= asked.max(taken) + patience(offline) => self.wait(now, dice),
                    Stage::Open { .. } | Stage::Opening { .. } | Stage::Waiting { .. } => {
                        Deed::Nothing
                    }
                }
            }
            (Stage::Waiting { .. }, Event::Hurry) => self.open(now),
            (Stage::Waiting { until }, Event::Time) if now >= until => self.open(now),
            // What comes late from a socket that is gone says nothing of the next one.
            (Stage::Opening { .. } | Stage::Open { .. } | Stage::Waiting { .. }, _) => {
                Deed::Nothing
            }
        }
    }

    /// The longest that an answer takes without being missed.
    fn doubt(&self) -> i64 {
        let usual = self.usual.map_or(UNKNOWN_MS, |usual| 3 * usual);
        usual.clamp(DOUBT_MS, ANSWER_MS - 1)
    }

    fn ask(&mut self, now: i64) -> Deed {
        if let Stage::Open { asked, .. } = &mut self.stage {
            *asked = Some(now);
        }
        Deed::Ping
    }

    fn open(&mut self, now: i64) -> Deed {
        self.stage = Stage::Opening { since: now };
        Deed::Open
    }

    fn wait(&mut self, now: i64, dice: f64) -> Deed {
        let delay = delay_ms(self.failures, dice);
        self.failures += 1;
        self.stage = Stage::Waiting {
            until: now + i64::from(delay),
        };
        Deed::Close
    }
}

fn quiet(audience: Audience) -> i64 {
    match audience {
        Audience { visible: false, .. } => UNSEEN_MS,
        Audience { awaiting: true, .. } => AWAITING_MS,
        Audience {
            awaiting: false, ..
        } => LOOKED_AT_MS,
    }
}

fn patience(offline: bool) -> i64 {
    if offline { OFFLINE_MS } else { ANSWER_MS }
}

#[cfg(test)]
mod tests;
