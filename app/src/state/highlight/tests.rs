use proptest::prelude::*;

use super::*;

/// The coloured pieces of a text, with the first letters of what they are.
fn shown(language: &str, text: &str) -> String {
    let mut carry = Carry::default();
    let lines: Vec<String> = text
        .lines()
        .map(|source| {
            let (spans, next) = line(named(language).unwrap(), source, carry);
            carry = next;
            let mut from = 0;
            let pieces = spans.iter().map(|&(end, kind)| {
                let piece = &source[from..end];
                from = end;
                match kind {
                    None => piece.to_owned(),
                    Some(kind) => format!("<{} {piece}>", &kind.class()[3..5]),
                }
            });
            pieces.collect()
        })
        .collect();
    lines.join("\n")
}

#[test]
fn rust() {
    assert_eq!(
        shown(
            "rust",
            "#[test]\nfn a<'x>(b: &'x str) -> u8 { // c\n  let s = \"d\\\"\"; 'e' 1..2.5 }"
        ),
        "<me #[test]>\n<ke fn> a<'x>(b: &'x <ty str>) -> <ty u8> { <co // c>\n  <ke let> s = <st \"d\\\"\">; <st 'e'> <nu 1>..<nu 2.5> }"
    );
    assert_eq!(
        shown("rs", "/* a /* b */\nc */ d"),
        "<co /* a /* b */>\n<co c */> d"
    );
    assert_eq!(
        shown("rust", "let s = r#\"a\n\"b\"#;"),
        "<ke let> s = <st r#\"a>\n<st \"b\"#>;"
    );
    assert_eq!(
        shown("rust", "println!(\"x\"); Vec::new()"),
        "<na println>!(<st \"x\">); <ty Vec>::<na new>()"
    );
}

#[test]
fn python() {
    assert_eq!(
        shown(
            "python",
            "@cache\ndef f(x: int) -> None:\n    \"\"\"Says\n    it\"\"\"\n    return x.in_use # no"
        ),
        "<me @cache>\n<ke def> <na f>(x: <ty int>) -> <nu None>:\n    <st \"\"\"Says>\n<st     it\"\"\">\n    <ke return> x.in_use <co # no>"
    );
}

#[test]
fn scripts_and_their_tags() {
    assert_eq!(
        shown(
            "tsx",
            "const a: string = `x\n${y}`; return <div className=\"b\">"
        ),
        "<ke const> a: <ty string> = <st `x>\n<st ${y}`>; <ke return> <<ke div> className=<st \"b\">>"
    );
    assert_eq!(shown("ts", "Array<string>"), "<ty Array><<ty string>>");
}

#[test]
fn data() {
    assert_eq!(
        shown("json", "{\"a\": \"b\", \"c\": [1, true]}"),
        "{<na \"a\">: <st \"b\">, <na \"c\">: [<nu 1>, <nu true>]}"
    );
    assert_eq!(
        shown("yaml", "- a b: c # d\n  e: \"f: g\"\nh: 1"),
        "- <na a b>: c <co # d>\n  <na e>: <st \"f: g\">\n<na h>: <nu 1>"
    );
    assert_eq!(
        shown("toml", "[a.b]\nc-d = \"e\" # f\ng = true"),
        "[a.b]\n<na c-d> = <st \"e\"> <co # f>\n<na g> = <nu true>"
    );
}

#[test]
fn pages_and_styles() {
    assert_eq!(
        shown("html", "<!-- a\nb --><p class=\"c\n d\">e &amp; f</p>"),
        "<co <!-- a>\n<co b -->><ke <p> <ty class>=<st \"c>\n<st  d\"><ke >>e <nu &amp;> f<ke </p>>"
    );
    assert_eq!(
        shown("html", "<script>let a; /* b\nc */</script><i>"),
        "<ke <script>let> a; <co /* b>\n<co c */><ke </script><i>>"
    );
    assert_eq!(
        shown("css", "@media x {\n  color: red; /* a */\n}"),
        "<me @media> x {\n  <na color>: red; <co /* a */>\n}"
    );
}

#[test]
fn the_others() {
    assert_eq!(
        shown("sql", "SELECT a FROM b -- c"),
        "<ke SELECT> a <ke FROM> b <co -- c>"
    );
    assert_eq!(
        shown("bash", "for a in $B; do # c\n  echo a#b 'c\nd'"),
        "<ke for> a <ke in> <ty $B>; <ke do> <co # c>\n  <ty echo> a#b <st 'c>\n<st d'>"
    );
    assert_eq!(
        shown("c", "#include <a.h>\nint main(void) {}"),
        "<me #include> <a.h>\n<ty int> <na main>(<ty void>) {}"
    );
    assert_eq!(
        shown("diff", "@@ 1 @@\n+a\n-b\n c"),
        "<me @@ 1 @@>\n<ad +a>\n<re -b>\n c"
    );
    assert_eq!(
        shown("dockerfile", "FROM rust:1 AS b\nRUN make"),
        "<ke FROM> rust:<nu 1> <ke AS> b\n<ke RUN> make"
    );
    assert_eq!(
        shown("md", "# a\n- b `c`\n```\nd\n```"),
        "<na # a>\n<ke -> b <st `c`>\n<st ```>\n<st d>\n<st ```>"
    );
    assert_eq!(
        shown("php", "$a = new B(); // c"),
        "<ty $a> = <ke new> <na B>(); <co // c>"
    );
    assert_eq!(
        shown("go", "func (a *B) c() `d`"),
        "<ke func> (a *<ty B>) <na c>() <st `d`>"
    );
    for language in ["java", "kotlin", "csharp", "swift", "ruby", "cpp", "lua"] {
        let found = shown(language, "if x { return \"y\" } // z");
        assert!(
            found.starts_with("<ke if> x { <ke return> <st \"y\">"),
            "{language}: {found}"
        );
    }
}

#[test]
fn what_is_not_known_is_not_coloured() {
    let known = |name: &str| named(name).is_some();
    assert!(!known("") && !known("brainfuck") && !known(&"x".repeat(99)));
    assert!(known("RUST") && known("C++"));
}

proptest! {
    #[test]
    fn the_pieces_are_the_line(
        language in prop::sample::select(vec!["rust", "python", "tsx", "json", "css", "sql", "bash", "c", "csharp", "kotlin", "ruby", "php", "swift", "toml", "yaml", "dockerfile", "lua", "diff", "html", "md"]),
        lines in prop::collection::vec("([ -~]|[äß漢\u{301}\t]|\"|'|/\\*|\\*/|<!--|-->|<script>|</script>|`|r#|''')*", 1..6),
    ) {
        let mut carry = Carry::default();
        for source in &lines {
            let (spans, next) = line(named(language).unwrap(), source, carry);
            carry = next;
            let mut from = 0;
            for (end, _) in spans {
                prop_assert!(end > from && source.is_char_boundary(end));
                from = end;
            }
            prop_assert_eq!(from, source.len());
        }
    }
}
