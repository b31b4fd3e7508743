use proptest::prelude::*;

use super::*;

/// What a text looks like to a provider.
fn sent(text: &str) -> String {
    Redactor::new([text]).redact(text).into_owned()
}

#[test]
fn personal_data_is_replaced_by_placeholders() {
    for (text, expected) in [
        (
            "Mail bob.o'neil+x@mail.example.org, please.",
            "Mail [email 1], please.",
        ),
        ("<mailto:jörg@bücher.example>", "<mailto:[email 1]>"),
        ("DE89 3704 0044 0532 0130 00", "[iban 1]"),
        ("My IBAN is gb82west12345698765432.", "My IBAN is [iban 1]."),
        (
            "FR14 2004 1010 0505 0001 3M02 606 and more",
            "[iban 1] and more",
        ),
        (
            "card 4111 1111 1111 1111 exp 12/29",
            "card [card 1] exp 12/29",
        ),
        ("378282246310005, 5555-5555-5555-4444", "[card 1], [card 2]"),
        ("SSN: 078-05-1120", "SSN: [ssn 1]"),
        (
            "my social security number is 219099999",
            "my social security number is [ssn 1]",
        ),
        (
            "from 203.0.113.7:8080 to [2001:db8::8a2e:370:7334]",
            "from [ip 1]:8080 to [[ip 2]]",
        ),
        ("+49 (0) 30 1234567", "[phone 1]"),
        (
            "+44 20 7946 0958 or +1-202-555-0143",
            "[phone 1] or [phone 2]",
        ),
        (
            "(202) 555-0143; 202-555-0143; 1-202-555-0143",
            "[phone 1]; [phone 1]; [phone 2]",
        ),
        ("06 12 34 56 78", "[phone 1]"),
        ("030 12345678, 0171/1234567", "[phone 1], [phone 2]"),
        ("phone: 5550123456", "phone: [phone 1]"),
        ("Call me at 555 0199.", "Call me at [phone 1]."),
        ("a@x.org A@X.ORG b@x.org", "[email 1] [email 1] [email 2]"),
        ("4111111111111111 4111-1111-1111-1111", "[card 1] [card 1]"),
        // Commas stand between values.
        ("Ann,4111111111111111,123,12/28", "Ann,[card 1],123,12/28"),
        ("17,+49 170 1234567", "17,[phone 1]"),
        ("078-05-1120,1980-01-01", "[ssn 1],1980-01-01"),
        ("DE89370400440532013000,100.00", "[iban 1],100.00"),
        (
            "X-Forwarded-For: 203.0.113.7,203.0.113.8",
            "X-Forwarded-For: [ip 1],[ip 2]",
        ),
        // What has a check sum is found beside other marks, too.
        (
            "1-4111111111111111-12 DE89370400440532013000-1",
            "1-[card 1]-12 [iban 1]-1",
        ),
        // What looks like the beginning of one stands before it.
        ("exp 09/2027 4111 1111 1111 1111", "exp 09/2027 [card 1]"),
        ("RE24 DE89 3704 0044 0532 0130 00", "RE24 [iban 1]"),
        // Other numbers stand behind and before a telephone's.
        ("+49 170 1234567 2026-05-01", "[phone 1] 2026-05-01"),
        ("+49 30 1234567 2026-05-01", "[phone 1] 2026-05-01"),
        ("0171 1234567 2026-05-01", "[phone 1] 2026-05-01"),
        ("06 12 34 56 78 2026-05-01", "[phone 1] 2026-05-01"),
        ("+49 170 1234567 3rd floor", "[phone 1] 3rd floor"),
        ("+49 170 1234567 50% paid", "[phone 1] 50% paid"),
        ("+49 170 1234567 0171 1234568", "[phone 1] [phone 2]"),
        (
            "phone: 5550123456 2026-05-01",
            "phone: [phone 1] 2026-05-01",
        ),
        ("Call (202) 555-0143 24/7", "Call [phone 1] 24/7"),
        ("0800 1234 567 24/7", "[phone 1] 24/7"),
        (
            "New York, NY 10001 212-555-0143",
            "New York, NY 10001 [phone 1]",
        ),
    ] {
        assert_eq!(sent(text), expected, "{text}");
    }
}

#[test]
fn what_only_looks_like_it_stays() {
    for text in [
        "",
        "No data here: 12 apples, 3.14159, 1,000,000 and 50 %.",
        "2026-11-20T20:31:05.123456Z, 20.11.2026 12:30, 01.02.2003 12:30:45",
        "git clone git@github.com:owner/name.git; npm i react@18.2.0; user@localhost",
        "version 1.2.3.4, v10.0.0.1, section 2.10.4.1, 127.0.0.1:3000, 0.0.0.0, 1.2.3.4.5",
        "std::fmt::Display, add::fade, ::1, 12:30:45, aa:bb:cc:dd:ee:ff",
        "order 4111111111111112, id 1234567890123456, 1700000000000000000 ns",
        "DE89370400440532013001 has a wrong check sum; AB12 CDEF GHIJ is none",
        "000-12-3456, 666-12-3456, 900-12-3456, 123-00-4567, 123-45-0000",
        "01234-5678 is a place, 100 200 3000 is a row, 01 02 03 04 05 06 07 are bytes",
        "fn f(x: u64) -> u64 { x + 1234567890 } // 0x1234_5678_9abc",
        "00000010  01 23 45 67 89 10 11 12  0000 0000 0000",
        "550e8400-e29b-41d4-a716-446655440000",
        "sha256:4111111111111111e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b",
        "[email 1] is written here, and [phone 2].",
        "https://example.org/orders/0301234567?page=2026-11-20",
        "0.4111111111111111,0.5 and 1,234,567.89 and 1.234.567,89 and 2026-05-01,2026-05-02",
        "DE89 3704 0044 0532 0130 0145 and 4111 0111 1111 1112 have wrong check sums",
        "ſſ12 3456, KK12 345, é0123 4567 8901é, version 1.2.3.4-5",
    ] {
        assert_eq!(sent(text), text);
    }
}

#[test]
fn a_value_has_one_placeholder_in_the_whole_prompt() {
    let texts = ["Write to a@x.org", "a@x.org, b@x.org", "203.0.113.7"];
    let mut redactor = Redactor::new(texts);
    let sent = texts.map(|text| redactor.redact(text).into_owned());
    assert_eq!(
        sent,
        ["Write to [email 1]", "[email 1], [email 2]", "[ip 1]"]
    );
    let notices = redactor.notices();
    let said: Vec<_> = notices
        .iter()
        .map(|it| (it.kind.as_str(), it.count))
        .collect();
    assert_eq!(said, [("email", 2), ("ip", 1)]);
    let restorer = redactor.restorer();
    assert_eq!(
        restorer.whole("Ask [email 2] ([Email 1] knows) at [ip 1]; [email 3] is nobody."),
        "Ask b@x.org (a@x.org knows) at 203.0.113.7; [email 3] is nobody."
    );
}

#[test]
fn what_looks_like_a_placeholder_already_stands_for_nothing() {
    let texts = ["What does [Email 1] mean?", "a@x.org"];
    let mut redactor = Redactor::new(texts);
    assert_eq!(redactor.redact(texts[0]), texts[0]);
    assert_eq!(redactor.redact(texts[1]), "[email 2]");
    let restorer = redactor.restorer();
    assert_eq!(restorer.whole("[email 1] [email 2]"), "[email 1] a@x.org");
}

#[test]
fn no_more_is_held_back_than_can_become_a_placeholder() {
    let mut redactor = Redactor::new(["a@x.org"]);
    redactor.redact("a@x.org");
    let mut restorer = redactor.restorer();
    for (piece, shown) in [
        ("A list: [", "A list: "),
        ("x] and [em", "[x] and "),
        ("ail", ""),
        (" 1", ""),
        ("]!", "a@x.org!"),
        ("[email 9", "[email 9"),
        ("[[email 1]]", "[a@x.org]"),
        ("[e", ""),
    ] {
        assert_eq!(restorer.push(piece), shown, "{piece}");
    }
    assert_eq!(restorer.flush(), "[e");
    // Without anything to put back nothing is held back.
    let mut restorer = Restorer::default();
    assert_eq!(restorer.push("[email 1"), "[email 1");
}

/// Answers with placeholders, halves of them, and other brackets.
fn answer() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("[email 1]".to_owned()),
        Just("[Email 2]".to_owned()),
        Just("[card 1]".to_owned()),
        Just("[email 12]".to_owned()),
        Just("[ema".to_owned()),
        Just("[".to_owned()),
        "[\\[\\] a-z0-9é🚢]{0,6}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_split_of_an_answer_gives_the_same_text(answer in answer(), cuts in prop::collection::vec(0..200_usize, 0..12)) {
        let prompt = "a@x.org b@x.org 4111111111111111";
        let mut redactor = Redactor::new([prompt]);
        redactor.redact(prompt);
        let restorer = redactor.restorer();
        let mut cuts: Vec<_> = cuts.into_iter().filter(|cut| answer.is_char_boundary(*cut)).collect();
        cuts.extend([0, answer.len()]);
        cuts.sort_unstable();
        let (mut streamed, mut shown) = (restorer.clone(), String::new());
        for piece in cuts.windows(2) {
            shown += &streamed.push(&answer[piece[0]..piece[1]]);
        }
        shown += &streamed.flush();
        prop_assert_eq!(&shown, &restorer.whole(&answer));
        prop_assert!(!shown.to_lowercase().contains("[email 1]") && !shown.contains("[card 1]"));
    }

    #[test]
    fn what_is_redacted_comes_back(words in prop::collection::vec("[a-z]{1,8}( |, |\n)", 0..6), name in "[a-z]{1,8}") {
        let text = format!("{}{name}@example.org\n{}+49 30 1234567 {}", words.concat(), words.concat(), words.concat());
        let mut redactor = Redactor::new([text.as_str()]);
        let sent = redactor.redact(&text).into_owned();
        prop_assert!(!sent.contains('@') && !sent.contains("1234567"), "{}", sent);
        prop_assert_eq!(redactor.restorer().whole(&sent), text);
    }

    #[test]
    fn numbers_beside_it_hide_nothing(
        before in "([0-9]{1,3}(, |,| |\n)){0,4}",
        value in prop::sample::select(vec![
            "4111111111111111", "4111 1111 1111 1111", "DE89370400440532013000", "DE89 3704 0044 0532 0130 00",
            "+49 30 1234567", "(202) 555-0143", "202-555-0143", "203.0.113.7", "078-05-1120",
        ]),
        after in "((, |,| |\n)[0-9]{1,3}){0,4}",
    ) {
        let text = format!("{before}{value}{after}");
        let mut redactor = Redactor::new([text.as_str()]);
        let sent = redactor.redact(&text).into_owned();
        let longest = value.split([' ', '-']).max_by_key(|part| part.len()).unwrap();
        prop_assert!(!sent.contains(longest), "{}", sent);
        prop_assert_eq!(redactor.restorer().whole(&sent), text);
    }

    #[test]
    fn no_text_breaks_it(text in "\\PC{0,200}") {
        let mut redactor = Redactor::new([text.as_str()]);
        let sent = redactor.redact(&text).into_owned();
        prop_assert_eq!(redactor.notices().is_empty(), sent == text);
    }
}
