//! The conversation list in groups: today, yesterday, the days before, and then month by month, as the reader's own
//! clock has it.

use evenkeel_protocol::{Conversation, ConversationId, Timestamp};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Conversations of one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What stands above them.
    pub name: String,
    /// They, newest first.
    pub ids: Vec<ConversationId>,
}

/// Groups a list that is sorted, newest first. `offset` says how many minutes the reader's clock was ahead of UTC at a
/// time.
pub fn groups(
    list: &[Conversation],
    now: Timestamp,
    offset: impl Fn(Timestamp) -> i64,
) -> Vec<Group> {
    let local = |time: Timestamp| time.as_millisecond() + offset(time) * MINUTE_MS;
    let now = local(now);
    let mut groups: Vec<Group> = Vec::new();
    for conversation in list {
        let name = name(local(conversation.updated_at), now);
        let id = conversation.id.clone();
        match groups.last_mut() {
            Some(group) if group.name == name => group.ids.push(id),
            Some(_) | None => groups.push(Group {
                name: name.into_owned(),
                ids: vec![id],
            }),
        }
    }
    groups
}

/// The name of the group of a time; both are local.
fn name(time: i64, now: i64) -> std::borrow::Cow<'static, str> {
    // What lies in the future by a clock that is wrong belongs to today.
    match now.div_euclid(DAY_MS) - time.div_euclid(DAY_MS) {
        ..=0 => "Today".into(),
        1 => "Yesterday".into(),
        2..=7 => "Previous 7 days".into(),
        _ => {
            let (year, month) = month(time);
            if year == self::month(now).0 {
                month.into()
            } else {
                format!("{month} {year}").into()
            }
        }
    }
}

/// Year and month of a local time, taken from its text.
fn month(time: i64) -> (i64, &'static str) {
    let text = Timestamp::from_millisecond(time)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_string();
    let mut fields = text.split('-').map(|field| field.parse::<i64>());
    let mut field = || fields.next().and_then(Result::ok).unwrap_or_default();
    let (year, month) = (field(), field());
    let name = usize::try_from(month - 1).ok().and_then(|m| MONTHS.get(m));
    (year, name.copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn named(time: &str, now: &str, offset: i64) -> String {
        let shift = |text| at(text).as_millisecond() + offset * MINUTE_MS;
        name(shift(time), shift(now)).into_owned()
    }

    #[test]
    fn a_time_has_a_name() {
        let now = "2026-03-10T12:00:00Z";
        for (time, expected) in [
            ("2026-03-10T00:00:00Z", "Today"),
            ("2026-03-11T09:00:00Z", "Today"),
            ("2026-03-09T23:59:59Z", "Yesterday"),
            ("2026-03-08T23:59:59Z", "Previous 7 days"),
            ("2026-03-03T00:00:00Z", "Previous 7 days"),
            ("2026-03-02T23:59:59Z", "March"),
            ("2026-02-28T12:00:00Z", "February"),
            ("2026-01-01T00:00:00Z", "January"),
            ("2025-12-31T23:59:59Z", "December 2025"),
            ("1999-07-01T00:00:00Z", "July 1999"),
        ] {
            assert_eq!(named(time, now, 0), expected, "{time}");
        }
    }

    #[test]
    fn the_readers_midnight_counts() {
        let (late, now) = ("2026-03-09T23:30:00Z", "2026-03-10T08:00:00Z");
        assert_eq!(named(late, now, 0), "Yesterday");
        assert_eq!(named(late, now, 60), "Today");
        assert_eq!(named("2026-03-10T03:00:00Z", now, -300), "Yesterday");
        // New Year in Auckland, while it is still December in Greenwich.
        let (new_year, january) = ("2025-12-31T11:30:00Z", "2026-01-20T00:00:00Z");
        assert_eq!(named(new_year, january, 0), "December 2025");
        assert_eq!(named(new_year, january, 13 * 60), "January");
    }

    #[test]
    fn neighbours_of_one_time_stand_together() {
        let one = |id: &str, time| Conversation {
            id: id.into(),
            title: String::new(),
            title_source: Default::default(),
            system_prompt: None,
            temporary: false,
            created_at: at(time),
            updated_at: at(time),
        };
        let list = [
            one("a", "2026-03-10T11:00:00Z"),
            one("b", "2026-03-10T10:00:00Z"),
            one("c", "2026-01-05T10:00:00Z"),
        ];
        let groups = groups(&list, at("2026-03-10T12:00:00Z"), |_| 0);
        let names: Vec<_> = groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(names, ["Today", "January"]);
        assert_eq!(groups[0].ids, ["a".into(), "b".into()]);
    }
}
