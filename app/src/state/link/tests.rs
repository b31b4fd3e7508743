use proptest::prelude::*;

use super::*;

const AWAITING: Audience = Audience {
    awaiting: true,
    visible: true,
};
const IDLE: Audience = Audience {
    awaiting: false,
    visible: true,
};

/// A link as a browser drives it: whatever is due is told at its time.
struct Driven {
    link: Link,
    now: i64,
    audience: Audience,
    deeds: Vec<(i64, Deed)>,
}

impl Driven {
    fn open(audience: Audience) -> Self {
        let mut driven = Self {
            link: Link::new(0),
            now: 0,
            audience,
            deeds: vec![],
        };
        driven.tell(Event::Opened);
        driven.tell(Event::Heard);
        driven
    }

    fn tell(&mut self, event: Event) {
        let deed = self.link.step(event, self.now, self.audience, 1.0);
        if deed != Deed::Nothing {
            self.deeds.push((self.now, deed));
        }
    }

    /// Lets time pass.
    fn pass(&mut self, ms: i64) {
        let end = self.now + ms;
        loop {
            let due = self.link.due(self.now, self.audience).max(self.now + 1);
            if due > end {
                break;
            }
            self.now = due;
            self.tell(Event::Time);
        }
        self.now = end;
    }

    fn stands(&self) -> Connection {
        self.link.connection(self.now)
    }
}

#[test]
fn a_connection_that_dies_silently_is_told_within_half_a_second_while_an_answer_is_awaited() {
    let mut driven = Driven::open(AWAITING);
    driven.pass(500);
    assert_eq!(driven.deeds, [(200, Deed::Ping)]);
    assert_eq!(driven.stands(), Connection::Silent);
    driven.pass(6_000);
    assert_eq!(driven.deeds[1], (5_200, Deed::Close));
    assert_eq!(driven.deeds[2], (5_700, Deed::Open));
}

#[test]
fn a_silence_that_is_answered_was_none() {
    let mut driven = Driven::open(AWAITING);
    for _ in 0..100 {
        driven.pass(210);
        driven.tell(Event::Heard);
        assert_eq!(driven.stands(), Connection::Open);
    }
    assert!(driven.deeds.iter().all(|(_, deed)| *deed == Deed::Ping));
}

#[test]
fn a_slow_network_is_not_taken_for_a_dead_one() {
    let mut driven = Driven::open(AWAITING);
    // Every answer takes 600 ms: that is said once or twice, and then known.
    for round in 0..20 {
        driven.pass(200);
        driven.pass(600);
        if round > 3 {
            assert_eq!(driven.stands(), Connection::Open, "round {round}");
        }
        driven.tell(Event::Heard);
    }
}

#[test]
fn a_page_that_is_only_looked_at_asks_seldom_and_one_that_nobody_sees_still_less() {
    let mut driven = Driven::open(IDLE);
    driven.pass(9_999);
    assert_eq!(driven.deeds, []);
    driven.pass(1);
    assert_eq!(driven.deeds, [(10_000, Deed::Ping)]);

    let mut unseen = Driven::open(Audience {
        awaiting: true,
        visible: false,
    });
    unseen.pass(24_999);
    assert_eq!(unseen.deeds, []);
}

#[test]
fn whoever_looks_has_it_asked_at_once_but_not_twice() {
    let mut driven = Driven::open(IDLE);
    driven.pass(1_000);
    driven.tell(Event::Look);
    driven.tell(Event::Look);
    assert_eq!(driven.deeds, [(1_000, Deed::Ping)]);
    driven.pass(249);
    assert_eq!(driven.stands(), Connection::Open);
    driven.pass(1);
    assert_eq!(driven.stands(), Connection::Silent);
    driven.tell(Event::Heard);
    assert_eq!(driven.stands(), Connection::Open);
}

#[test]
fn a_network_that_is_gone_ends_it_soon_but_a_server_on_this_machine_goes_on() {
    let mut driven = Driven::open(IDLE);
    driven.tell(Event::Offline);
    driven.pass(299);
    assert!(!matches!(driven.stands(), Connection::Waiting { .. }));
    driven.pass(1);
    assert_eq!(driven.deeds, [(0, Deed::Ping), (300, Deed::Close)]);
    assert_eq!(driven.stands(), Connection::Waiting { until: 800 });

    let mut local = Driven::open(IDLE);
    local.tell(Event::Offline);
    local.pass(3);
    local.tell(Event::Heard);
    local.pass(1_000);
    assert_eq!(local.stands(), Connection::Open);
}

#[test]
fn what_is_uploaded_slowly_is_waited_for() {
    let mut driven = Driven::open(AWAITING);
    driven.tell(Event::Said(3_200_000));
    driven.pass(100_000);
    assert_eq!(driven.deeds, []);
    driven.pass(200);
    assert_eq!(driven.deeds, [(100_200, Deed::Ping)]);
}

#[test]
fn a_machine_that_wakes_up_asks_before_it_gives_up() {
    let mut driven = Driven::open(AWAITING);
    driven.now += 3_600_000;
    driven.tell(Event::Time);
    assert_eq!(driven.deeds, [(3_600_000, Deed::Ping)]);
    assert_eq!(driven.stands(), Connection::Open);
}

#[test]
fn tries_come_later_and_later_and_one_can_be_had_at_once() {
    let mut driven = Driven::open(IDLE);
    for until in [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000] {
        let now = driven.now;
        driven.tell(Event::Ended);
        assert_eq!(driven.stands(), Connection::Waiting { until: now + until });
        driven.pass(until);
        assert_eq!(driven.stands(), Connection::Connecting);
    }
    driven.tell(Event::Ended);
    driven.tell(Event::Look);
    assert!(matches!(driven.stands(), Connection::Waiting { .. }));
    driven.tell(Event::Hurry);
    assert_eq!(driven.stands(), Connection::Connecting);
    // One that came about makes the next pause short again; but not one on which nothing came.
    driven.tell(Event::Opened);
    assert_eq!(driven.stands(), Connection::Connecting);
    let now = driven.now;
    driven.tell(Event::Ended);
    assert_eq!(
        driven.stands(),
        Connection::Waiting {
            until: now + 15_000
        }
    );
    driven.tell(Event::Hurry);
    driven.tell(Event::Opened);
    driven.tell(Event::Heard);
    let now = driven.now;
    driven.tell(Event::Ended);
    assert_eq!(driven.stands(), Connection::Waiting { until: now + 500 });
}

#[test]
fn a_connection_that_does_not_come_about_is_given_up() {
    let mut driven = Driven {
        link: Link::new(0),
        now: 0,
        audience: IDLE,
        deeds: vec![],
    };
    driven.pass(10_000);
    assert_eq!(driven.deeds, [(10_000, Deed::Close)]);
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Opened),
        Just(Event::Heard),
        (0..1_000_000_usize).prop_map(Event::Said),
        Just(Event::Ended),
        Just(Event::Offline),
        Just(Event::Look),
        Just(Event::Hurry),
        Just(Event::Time),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_it_opens_only_when_none_is_open_and_always_comes_back(
        events in prop::collection::vec((event(), 0..20_000_i64), 0..60),
    ) {
        let mut driven = Driven { link: Link::new(0), now: 0, audience: AWAITING, deeds: vec![] };
        for (event, ms) in events {
            driven.tell(event);
            driven.pass(ms);
        }
        let mut sockets = 1;
        for (_, deed) in &driven.deeds {
            match deed {
                Deed::Open => sockets += 1,
                Deed::Close => sockets -= 1,
                Deed::Ping => prop_assert_eq!(sockets, 1),
                Deed::Nothing => {}
            }
            prop_assert!((0..=1).contains(&sockets));
        }
        // Nothing ever answers: within the longest upload and all patience it is given up and tried again.
        let before = driven.deeds.len();
        driven.pass(3_000_000);
        let opened = driven.deeds[before..].iter().any(|(_, deed)| *deed == Deed::Open);
        prop_assert!(opened);
    }
}
